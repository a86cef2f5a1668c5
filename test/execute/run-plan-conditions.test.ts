import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runPlan } from '../../src/execute/run-plan.js';
import type { CommandStep, Step, WriteStep } from '../../src/model/plan.js';
import { planOf } from '../make.js';
import { callStep, commandStep } from './local-executor.js';

let folder: string;
let profile: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-plan-conditions-'));
  profile = join(folder, 'profile');
  symlinkSync(systemThat('is', 'exit 0'), profile);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const run = (steps: readonly Step[], signal = new AbortController().signal) =>
  runPlan(planOf({ steps }), signal);
/** Creates a system whose switch runs this script. Returns its path. */
function systemThat(name: string, script: string): string {
  const system = join(folder, name);
  mkdirSync(join(system, 'bin'), { recursive: true });
  const program = join(system, 'bin', 'switch-to-configuration');
  writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return system;
}
const switchTo = (system: string): CommandStep => ({
  ...commandStep([join(system, 'bin', 'switch-to-configuration'), 'switch']),
  interruptible: false,
});
/** A step that runs a script if a condition holds. */
const ifSo = (onlyIf: CommandStep['onlyIf'], script: string, more: Partial<CommandStep> = {}) => ({
  ...commandStep(['sh', '-c', script, '--profile', profile]),
  ...(onlyIf === undefined ? {} : { onlyIf }),
  interruptible: false,
  ...more,
});
const note = (word: string): string => `echo ${word} >> ${join(folder, 'done')}`;
const done = (): string[] =>
  existsSync(join(folder, 'done'))
    ? readFileSync(join(folder, 'done'), 'utf8').split('\n').filter(Boolean)
    : [];
const BOOT_LOADER = 'echo "Failed to install bootloader" >&2; exit 1';

describe('steps with one condition', () => {
  it('are judged once, before the first of them, which may change what it depends on', async () => {
    const other = systemThat('other', 'exit 0');
    await run([switchTo(join(folder, 'is')), ifSo('not-activated', note('never'))]);
    expect(done()).toEqual([]);
    const failing = systemThat('is', 'exit 1');
    await run([
      switchTo(failing),
      ifSo('not-activated', `${note('back')}; ln -sfn ${other} ${profile}`),
      ifSo('not-activated', note('and more')),
    ]);
    expect(done()).toEqual(['back', 'and more']);
  });

  it('are judged again after another switch', async () => {
    const failing = systemThat('failing', 'exit 1');
    await run([
      switchTo(join(folder, 'is')),
      ifSo('not-activated', note('after the first')),
      ifSo(undefined, `ln -sfn ${failing} ${profile}`),
      switchTo(failing),
      ifSo('not-activated', note('after the second')),
    ]);
    expect(done()).toEqual(['after the second']);
  });

  it('may be a single one', async () => {
    const failing = systemThat('is', 'exit 1');
    await run([switchTo(failing), ifSo('not-activated', note('back')), callStep('more')]);
    expect(done()).toEqual(['back']);
  });

  it('are reported with no duration if they are not needed', async () => {
    const reports = await run([switchTo(join(folder, 'is')), ifSo('not-activated', 'exit 0')]);
    expect(reports[1]).toMatchObject({ ok: true, notNeeded: true, durationMs: 0 });
  });
});

describe('a step whose condition holds', () => {
  it('ends the plan if it fails', async () => {
    const reports = await run([
      switchTo(systemThat('is', BOOT_LOADER)),
      ifSo('not-activated', 'exit 3'),
      ifSo('boot-loader-failed', note('test')),
    ]);
    expect(reports.map(({ ok }) => ok)).toEqual([false, false]);
    expect(done()).toEqual([]);
  });

  it('runs to its end after a stop, if it must not be interrupted', async () => {
    const stop = new AbortController();
    const begun = join(folder, 'begun');
    const go = join(folder, 'go');
    // The stop comes while the switch runs.
    const script = `touch ${begun}\nwhile [ ! -e ${go} ]; do sleep 0.01; done\nexit 1`;
    const back = ifSo('not-activated', `sleep 0.02; ${note('back')}`);
    const steps = [switchTo(systemThat('is', script)), back, callStep('more')];
    const running = run(steps, stop.signal);
    await vi.waitFor(() => expect(existsSync(begun)).toBe(true), { timeout: 10_000, interval: 5 });
    stop.abort();
    writeFileSync(go, '');
    expect((await running).map(({ ok, error = '' }) => [ok, error.includes('was stopped')])).toEqual([
      [false, false],
      [true, false],
    ]);
    expect(done()).toEqual(['back']);
  });

  it('is ended by a stop, if it may be interrupted', async () => {
    const stop = new AbortController();
    const begun = join(folder, 'begun');
    const long = ifSo('not-activated', `touch ${begun}; exec sleep 600`, { interruptible: true });
    const running = run([switchTo(systemThat('is', 'exit 1')), long], stop.signal);
    await vi.waitFor(() => expect(existsSync(begun)).toBe(true), { timeout: 10_000, interval: 5 });
    stop.abort();
    expect((await running)[1]?.error).toContain('was stopped, and was ended with its children');
  });
});

describe('a step after the start limit', () => {
  it.each([
    ['runs after a job that failed without a new run', 'first', ['again']],
    ['does not run after a job that failed in a new run', 'second', []],
  ])('%s', async (_, run2, expected) => {
    const script = [
      '#!/bin/sh',
      `if [ "$1" = show ]; then echo Result=exit-code; cat ${join(folder, 'run')}; exit; fi`,
      `echo InvocationID=${run2} > ${join(folder, 'run')}`,
      'echo "Job for web.service failed" >&2; exit 1',
    ];
    writeFileSync(join(folder, 'run'), 'InvocationID=first\n');
    writeFileSync(join(folder, 'systemctl'), script.join('\n'), { mode: 0o755 });
    vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
    await run([
      commandStep(['systemctl', 'start', '--', 'web.service']),
      ifSo('start-limit-hit', note('again')),
    ]);
    expect(done()).toEqual(expected);
  });

  it('does not run after another step that failed since', async () => {
    await run([
      switchTo(systemThat('is', BOOT_LOADER)),
      ifSo('boot-loader-failed', note('test')),
      callStep('renew', () => Promise.reject(new Error('no'))),
      ifSo('boot-loader-failed', note('again')),
    ]);
    expect(done()).toEqual(['test']);
  });

  it('does not run after a function that failed', async () => {
    const broken = callStep('renew', () => Promise.reject(new Error('no')));
    const reports = await run([broken, ifSo('start-limit-hit', note('again'))]);
    expect(reports).toMatchObject([{ step: 'renew', ok: false, error: 'renew: no' }]);
    expect(done()).toEqual([]);
  });
});

describe('a command that is no switch', () => {
  it('is no gate if it fails with the words of one', async () => {
    const [report] = await run([commandStep(['sh', '-c', 'echo "Pre-switch checks failed"; exit 1'])]);
    expect(report).toMatchObject({ ok: false, output: 'Pre-switch checks failed' });
    expect(report).not.toHaveProperty('block');
  });

  it('may have one word', async () => {
    expect(await run([commandStep(['true'])])).toMatchObject([{ step: 'true', ok: true }]);
  });
});

describe('a switch that succeeded', () => {
  it('is no gate, whatever it printed', async () => {
    const [report] = await run([switchTo(systemThat('is', 'echo "Pre-switch checks failed"'))]);
    expect(report).toMatchObject({ ok: true });
    expect(report).not.toHaveProperty('block');
  });
});

describe('the report of a step', () => {
  it('has the time since it was started', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(5_000);
    expect(await run([callStep('one')])).toEqual([{ step: 'one', ok: true, durationMs: 0 }]);
  });
});

describe('a write step', () => {
  const writeTo = (path: string): WriteStep => ({
    ...{ kind: 'write', path, content: 'performance', needsRoot: false },
    ...{ timeoutMs: 5_000, interruptible: false },
  });

  it.skipIf(!existsSync('/dev/full'))('that cannot write has failed', async () => {
    const [report] = await run([writeTo('/dev/full')]);
    expect(report?.ok).toBe(false);
    expect(report?.error).toContain('ENOSPC');
  });

  it.skipIf(!existsSync('/proc/self/fd'))('closes its file', async () => {
    const path = join(folder, 'governor');
    writeFileSync(path, '');
    expect(await run([writeTo(path)])).toMatchObject([{ ok: true }]);
    expect(readdirSync('/proc/self/fd').map(targetOf)).not.toContain(path);
  });
});

/** Returns what a file descriptor of this process refers to. */
function targetOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    // The one of this list is closed by now.
    return '';
  }
}
