import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  hitStartLimit,
  holds,
  isAboutStart,
  isWatched,
  makesGood,
  runOf,
  type UnitRun,
} from '../../src/execute/step-condition.js';
import type { StepReport } from '../../src/model/execution.js';
import type { CallStep, CommandStep } from '../../src/model/plan.js';

const BIN = fileURLToPath(new URL('../fixtures/bin', import.meta.url));
const stepOf = (argv: readonly string[], onlyIf?: CommandStep['onlyIf']): CommandStep => ({
  ...{ kind: 'command', argv, needsRoot: true, timeoutMs: 1_000, interruptible: false },
  ...(onlyIf === undefined ? {} : { onlyIf }),
});
const START = stepOf(['systemctl', 'start', '--', 'nginx.service']);
const CALL: CallStep = { kind: 'call', name: 'x', run: () => 1, timeoutMs: 1, interruptible: true };
const failed = (output?: string, error = '`x` exited with 1'): StepReport => ({
  ...{ step: 'x', ok: false, error, durationMs: 1 },
  ...(output === undefined ? {} : { output }),
});
const REFUSED = 'Job for nginx.service failed.\nSee "systemctl status nginx.service" for details.';

describe('a failed step hit the start limit', () => {
  const run = (invocationId: string, result = 'exit-code'): UnitRun => ({ result, invocationId });

  it.each<[boolean, string, StepReport, UnitRun | undefined, UnitRun | undefined]>([
    [true, 'systemd shows it', failed(), run('1'), run('2', 'start-limit-hit')],
    [true, 'its job failed without a new run', failed(REFUSED), run('1'), run('1')],
    [true, 'a line before says more', failed(`Warning: x\n${REFUSED}`), run('1'), run('1')],
    [false, 'its job failed after a new run', failed(REFUSED), run('1'), run('2')],
    [false, 'another message was printed', failed('A dependency job for x failed.'), run('1'), run('1')],
    [false, 'the message is within a line', failed(`Note: ${REFUSED}`), run('1'), run('1')],
    [false, 'nothing was printed', failed(), run('1'), run('1')],
    [false, 'the run before is not known', failed(REFUSED), undefined, run('1')],
    [false, 'the run after is not known', failed(REFUSED), run('1'), undefined],
    [false, 'neither run is known', failed(REFUSED), undefined, undefined],
    [false, 'it succeeded', { ...failed(REFUSED), ok: true }, run('1'), run('1', 'start-limit-hit')],
  ])('%s: %s', (expected, _why, report, before, after) => {
    expect(hitStartLimit(report, before, after)).toBe(expected);
  });
});

describe('a step', () => {
  const conditional = stepOf(['true'], 'not-activated');

  it.each([
    [true, 'an unconditional command before a conditional one', START, conditional],
    [false, 'the last step', START, undefined],
    [false, 'a command before an unconditional one', START, START],
    [false, 'a command before a function', START, CALL],
    [false, 'a conditional command', conditional, conditional],
    [false, 'a function before a conditional command', CALL, conditional],
  ])('is watched: %s, for %s', (expected, _which, step, next) => {
    expect(isWatched(step, next)).toBe(expected);
  });

  it.each([
    [true, 'a step after the start limit', stepOf(['true'], 'start-limit-hit')],
    [false, 'a step after a switch', conditional],
    [false, 'an unconditional step', START],
    [false, 'a function', CALL],
    [false, 'no step', undefined],
  ])('is compared by its runs: %s, before %s', (expected, _which, next) => {
    expect(isAboutStart(next)).toBe(expected);
  });

  it.each([
    ['start-limit-hit', true],
    ['boot-loader-failed', true],
    ['not-activated', false],
    [undefined, false],
  ] as const)('with the condition %s replaces the failed step: %s', (onlyIf, expected) => {
    expect(makesGood(stepOf(['true'], onlyIf))).toBe(expected);
  });
});

describe('the run of the unit of a step', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'step-condition-'));
    vi.stubEnv('PATH', `${folder}${delimiter}${BIN}${delimiter}${process.env.PATH ?? ''}`);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  it('is what systemctl shows', async () => {
    vi.stubEnv('FAKE_SHOW', 'Result=exit-code\nInvocationID=4f');
    expect(await runOf(START)).toEqual({ result: 'exit-code', invocationId: '4f' });
  });

  it('has no identifier if the unit has never run', async () => {
    vi.stubEnv('FAKE_SHOW', 'InvocationID=\nResult=success');
    expect(await runOf(START)).toEqual({ result: 'success', invocationId: '' });
  });

  it('is read by the last word of the step, also if it looks like an option', async () => {
    const log = join(folder, 'asked');
    writeFileSync(join(folder, 'systemctl'), `#!/bin/sh\necho "$@" > ${log}\necho Result=success\n`, {
      mode: 0o755,
    });
    expect(await runOf(START)).toEqual({ result: 'success', invocationId: '' });
    expect(readFileSync(log, 'utf8')).toBe(
      'show --no-pager --property=Result,InvocationID -- nginx.service\n',
    );
  });

  it.each([
    ['systemctl prints nothing about it', 'Id=nginx.service'],
    ['its result is empty', 'Result=\nInvocationID=4f'],
  ])('is not known if %s', async (_why, show) => {
    vi.stubEnv('FAKE_SHOW', show);
    expect(await runOf(START)).toBeUndefined();
  });

  it('is not known if systemctl cannot be started', async () => {
    vi.stubEnv('PATH', join(folder, 'empty'));
    expect(await runOf(START)).toBeUndefined();
  });

  it.each([
    [true, 'Result=start-limit-hit\nInvocationID=2'],
    [true, 'Result=exit-code\nInvocationID=1'],
    [false, 'Result=exit-code\nInvocationID=2'],
  ])('decides whether a step after the start limit runs: %s for %j', async (expected, show) => {
    vi.stubEnv('FAKE_SHOW', show);
    const before = { result: 'exit-code', invocationId: '1' };
    const watched = { step: START, report: failed(REFUSED), before };
    expect(await holds(stepOf(['true'], 'start-limit-hit'), watched)).toBe(expected);
  });
});

describe('a conditional step after a switch of the system', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'step-condition-'));
    for (const name of ['new', 'other']) mkdirSync(at(name));
    symlinkSync(at('new'), at('profile'));
    symlinkSync(at('other'), at('moved'));
    symlinkSync(at('gone'), at('dangling'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const EARLY = failed('no space left');
  const LATE = failed('activating the configuration...');
  const BOOT_LOADER = failed('Failed to install bootloader');
  const switchTo = (system: string) => stepOf([`${at(system)}/bin/switch-to-configuration`, 'switch']);
  /** A step that sets a profile back, on a condition. */
  const back = (onlyIf?: CommandStep['onlyIf'], profile = 'profile') =>
    stepOf(['nix-env', '--profile', at(profile), '--set', at('old')], onlyIf);
  const judged = (step: CommandStep, report: StepReport, watched = switchTo('new')) =>
    holds(step, { step: watched, report, before: undefined });

  it.each<[CommandStep['onlyIf'], string, boolean, StepReport]>([
    ['not-activated', 'ended early', true, EARLY],
    ['not-activated', 'failed at the boot loader', true, BOOT_LOADER],
    ['not-activated', 'failed while it activated', false, LATE],
    ['boot-loader-failed', 'failed at the boot loader', true, BOOT_LOADER],
    ['boot-loader-failed', 'ended early', false, EARLY],
    ['boot-loader-failed', 'failed while it activated', false, LATE],
    [undefined, 'failed while it activated', true, LATE],
  ])('with the condition %s after one that %s runs: %s', async (onlyIf, _how, expected, report) => {
    expect(await judged(back(onlyIf), report)).toBe(expected);
  });

  it.each(['start-limit-hit', 'not-activated', 'boot-loader-failed', undefined] as const)(
    'with the condition %s does not run if the switch succeeded',
    async (onlyIf) => {
      expect(await judged(back(onlyIf), { ...BOOT_LOADER, ok: true })).toBe(false);
    },
  );

  it.each<[string, string, boolean]>([
    ['is still at the new system', 'profile', true],
    ['was set to another system since', 'moved', false],
    ['points to a system that is gone', 'dangling', true],
    ['does not exist', 'absent', true],
    ['is no link', 'other', true],
  ])('sets back a profile that %s (%s): %s', async (_which, profile, expected) => {
    expect(await judged(back('not-activated', profile), EARLY)).toBe(expected);
  });

  it('sets the profile back if the failed step names no system', async () => {
    const rebuild = stepOf(['nixos-rebuild', 'switch']);
    expect(await judged(back('not-activated', 'moved'), EARLY, rebuild)).toBe(true);
  });

  it('finds the system of a switch that runs behind other programs', async () => {
    const { argv } = switchTo('new');
    const behind = stepOf(['systemd-run', '--wait', ...argv]);
    expect(await judged(back('not-activated', 'moved'), EARLY, behind)).toBe(false);
    expect(await judged(back('not-activated'), EARLY, behind)).toBe(true);
  });
});
