import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runPlan } from '../../src/execute/run-plan.js';
import { stepText } from '../../src/model/step-text.js';
import type { CallStep, CommandStep, Step, WriteStep } from '../../src/model/plan.js';
import { planOf } from '../make.js';

const call = (
  name: string,
  run: CallStep['run'] = () => undefined,
  more: Partial<CallStep> = {},
): CallStep => ({
  kind: 'call',
  name,
  run,
  timeoutMs: 60_000,
  interruptible: true,
  ...more,
});
const never = () => new AbortController().signal;
const runAll = (steps: Step[], signal = never()) => runPlan(planOf({ steps }), signal);

describe('the steps of a plan', () => {
  it('run one after another, in order', async () => {
    const done: string[] = [];
    const slowly = (name: string) =>
      call(name, async () => {
        done.push(`${name} begins`);
        await Promise.resolve();
        done.push(`${name} ends`);
      });
    const reports = await runAll([slowly('a'), slowly('b')]);
    expect(done).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
    expect(reports).toMatchObject([
      { step: 'a', ok: true },
      { step: 'b', ok: true },
    ]);
  });

  it('stop at the first that fails', async () => {
    const last = vi.fn();
    const broken = call('b', () => Promise.reject(new Error('the pool is closed')));
    const reports = await runAll([call('a'), broken, call('c', last)]);
    expect(reports.map(({ ok }) => ok)).toEqual([true, false]);
    expect(reports[1]?.error).toBe('b: the pool is closed');
    expect(last).not.toHaveBeenCalled();
  });

  it('do not start after the signal was aborted, and only started steps are reported', async () => {
    const [first, second] = [vi.fn(), vi.fn()];
    const controller = new AbortController();
    const reports = await runAll(
      [call('a', first), call('b', () => controller.abort(), { interruptible: false }), call('c', second)],
      controller.signal,
    );
    expect(first).toHaveBeenCalledOnce();
    expect(second).not.toHaveBeenCalled();
    expect(reports.map(({ step }) => step)).toEqual(['a', 'b']);
  });

  it('may be an empty list', async () => {
    expect(await runAll([])).toEqual([]);
  });
});

describe('a function step', () => {
  it('that throws is a failed step', async () => {
    const thrown = call('a', () => {
      throw new Error('no');
    });
    expect(await runAll([thrown])).toMatchObject([{ ok: false, error: 'a: no' }]);
  });

  it('has its signal aborted at its time limit', async () => {
    let told: unknown;
    const hang = call(
      'a',
      ({ signal }) => new Promise(() => signal.addEventListener('abort', () => void (told = signal.reason))),
      { timeoutMs: 50 },
    );
    expect(await runAll([hang])).toMatchObject([{ ok: false, error: 'a: not done within 50 ms' }]);
    expect(told).toMatchObject({ code: 'timeout' });
  });

  it('has its signal aborted when the engine stops, if it may be interrupted', async () => {
    const controller = new AbortController();
    let aborted = false;
    const hang = call('a', ({ signal }) => {
      signal.addEventListener('abort', () => (aborted = true));
      queueMicrotask(() => controller.abort());
      return new Promise(() => undefined);
    });
    expect(await runAll([hang], controller.signal)).toMatchObject([
      { ok: false, error: 'a: stopped while it was running' },
    ]);
    expect(aborted).toBe(true);
  });
});

describe('a write step', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'run-plan-'))));
  afterEach(() => rm(folder, { recursive: true }));
  const writeTo = (name: string, content: string): WriteStep => ({
    kind: 'write',
    path: join(folder, name),
    content,
    needsRoot: false,
    timeoutMs: 5_000,
    interruptible: false,
  });

  it('replaces the content of a file', async () => {
    await writeFile(join(folder, 'governor'), 'schedutil-and-more\n');
    expect(await runAll([writeTo('governor', 'performance')])).toMatchObject([{ ok: true }]);
    expect(await readFile(join(folder, 'governor'), 'utf8')).toBe('performance');
  });

  it('never creates a file', async () => {
    const [report] = await runAll([writeTo('absent', '1')]);
    expect(report?.ok).toBe(false);
    expect(report?.error).toContain('ENOENT');
    await expect(readFile(join(folder, 'absent'))).rejects.toThrow('ENOENT');
  });
});

describe('a system switch step', () => {
  let folder: string;
  let system: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'run-plan-'));
    system = join(folder, 'system');
    await mkdir(join(system, 'bin'), { recursive: true });
    await symlink(system, join(folder, 'profile'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const command = (argv: readonly string[], more: Partial<CommandStep> = {}): CommandStep => ({
    ...{ kind: 'command', argv, needsRoot: true, timeoutMs: 10_000, interruptible: false },
    ...more,
  });
  const note = (word: string, more: Partial<CommandStep> = {}) =>
    command(
      ['sh', '-c', `echo ${word} >> ${join(folder, 'done')}`, '--profile', join(folder, 'profile')],
      more,
    );
  /** Runs a switch with its undo steps. Returns the executed commands, and the reports. */
  const switchThatEnds = async (script: string, signal = never()) => {
    const program = join(system, 'bin', 'switch-to-configuration');
    await writeFile(program, `#!/bin/sh\n${script}\n`);
    await chmod(program, 0o755);
    const steps = [
      command([program, 'switch']),
      note('back', { onlyIf: 'not-activated' }),
      note('test', { onlyIf: 'boot-loader-failed' }),
      note('after'),
    ];
    const reports = await runPlan(planOf({ steps }), signal);
    const done = await readFile(join(folder, 'done'), 'utf8').catch(() => '');
    return { done: done.split('\n').filter(Boolean), reports };
  };

  it.each([
    ['ends well', 'exit 0', ['after']],
    ['is refused by a check', 'echo "Pre-switch checks failed" >&2; exit 1', ['back']],
    ['finds the lock held', 'echo "Could not acquire lock" >&2; exit 1', ['back']],
    [
      'cannot write the boot loader',
      'echo "Failed to install bootloader" >&2; exit 1',
      ['back', 'test', 'after'],
    ],
    ['ends before the activation', 'exit 1', ['back']],
    ['fails while it activates', 'echo "activating the configuration..."; exit 1', []],
    ['fails with units that do not start', 'exit 4', []],
  ])('that %s is followed by the steps whose condition holds', async (_, script, expected) => {
    expect((await switchThatEnds(script)).done).toEqual(expected);
  });

  it('that is refused is reported as a gate, and one that only lacks the boot loader as retried', async () => {
    const refused = await switchThatEnds('echo "Pre-switch checks failed" >&2; exit 1');
    expect(refused.reports[0]).toMatchObject({ ok: false, block: { reason: 'needs-approval' } });
    const unwritten = await switchThatEnds('echo "Failed to install bootloader" >&2; exit 1');
    expect(unwritten.reports[0]).toMatchObject({ ok: false, retried: true });
    expect(unwritten.reports[0]).not.toHaveProperty('block');
  });

  it('that failed is reported without the steps that were not needed after it', async () => {
    const { reports } = await switchThatEnds('exit 4');
    expect(reports).toMatchObject([{ ok: false }]);
    expect((await switchThatEnds('exit 0')).reports.map(({ notNeeded = false }) => notNeeded)).toEqual([
      ...[false, true, true, false],
    ]);
  });

  it('that was overtaken by another switch leaves the profile as it is', async () => {
    const elsewhere = `ln -sfn ${join(tmpdir())} ${join(folder, 'profile')}; exit 1`;
    expect((await switchThatEnds(elsewhere)).done).toEqual([]);
  });

  it('is undone also if the engine stops during it, and nothing else runs then', async () => {
    const controller = new AbortController();
    const stopped = switchThatEnds(
      'sleep 0.3; echo "Failed to install bootloader" >&2; exit 1',
      controller.signal,
    );
    setTimeout(() => controller.abort(), 100);
    expect((await stopped).done).toEqual(['back']);
  });
});

describe('a step formatted as one line', () => {
  it.each([
    [['systemctl', 'restart', '--', 'nginx.service'], 'systemctl restart -- nginx.service'],
    [['echo', 'a b', "it's", '', '$HOME'], "echo 'a b' 'it'\\''s' '' '$HOME'"],
  ])('%j can be pasted into a shell', (argv, line) => {
    expect(stepText({ kind: 'command', argv, needsRoot: false, timeoutMs: 1, interruptible: true })).toBe(
      line,
    );
  });

  it('names the file, or the function', () => {
    const write = {
      kind: 'write',
      path: '/sys/x',
      content: '1',
      needsRoot: true,
      timeoutMs: 1,
      interruptible: false,
    } as const;
    expect(stepText(write)).toBe('write "1" to /sys/x');
    expect(stepText(call('restart the worker'))).toBe('restart the worker');
  });
});
