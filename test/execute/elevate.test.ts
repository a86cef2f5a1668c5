import { describe, expect, it } from 'vitest';
import { lackOf, needsRoot, OTHER_MACHINE, throughSudo } from '../../src/execute/elevate.js';
import type { PermissionStatus } from '../../src/execute/permission-status.js';
import { tierOf } from '../../src/host/tier.js';
import type { CommandStep, WriteStep } from '../../src/model/plan.js';
import { planOf } from '../make.js';

const restart: CommandStep = {
  kind: 'command',
  argv: ['systemctl', 'restart', '--', 'nginx.service'],
  needsRoot: true,
  timeoutMs: 1_500,
  interruptible: true,
};
const write: WriteStep = {
  kind: 'write',
  path: '/proc/sys/vm/drop_caches',
  content: '1',
  needsRoot: true,
  timeoutMs: 1_000,
  interruptible: false,
};
const sync: CommandStep = { ...restart, argv: ['sync'], needsRoot: false };

describe('a plan through sudo', () => {
  it('runs a command behind sudo -n, which never prompts, and timeout, which may signal processes of root', () => {
    expect(throughSudo(planOf({ steps: [restart] })).steps).toEqual([
      {
        ...restart,
        argv: ['sudo', '-n', '--', 'timeout', '--kill-after=2', '2', ...restart.argv],
        timeoutMs: 6_500,
      },
    ]);
  });

  it('writes a file with tee, which gets the content as its input', () => {
    expect(throughSudo(planOf({ steps: [write] })).steps).toMatchObject([
      {
        kind: 'command',
        argv: ['sudo', '-n', '--', 'timeout', '--kill-after=2', '1', 'tee', '--', write.path],
        input: '1',
        interruptible: false,
      },
    ]);
  });

  it('passes the environment of a command on by `env`, which sudo would drop', () => {
    const step = { ...restart, env: { NIX_REMOTE: 'daemon', LEVEL: 'a b' } };
    const [first] = throughSudo(planOf({ steps: [step] })).steps as CommandStep[];
    expect(first?.argv.slice(6)).toEqual(['env', 'NIX_REMOTE=daemon', 'LEVEL=a b', ...restart.argv]);
    expect(first).not.toHaveProperty('env');
  });

  it.each<[string, Partial<CommandStep>]>([
    ['condition', { onlyIf: 'start-limit-hit' }],
    ['input', { input: 'performance' }],
    ['unit', { unit: 'luminous-healing-switch' }],
  ])('keeps the %s of a command, and adds none', (_which, more) => {
    const [plain, step] = throughSudo(planOf({ steps: [restart, { ...restart, ...more }] })).steps;
    expect(step).toEqual({ ...plain, ...more });
    expect(Object.keys(plain!).sort()).toEqual(Object.keys(restart).sort());
  });

  it.each([
    [1, '1'],
    [1_000, '1'],
    [1_001, '2'],
    [60_000, '60'],
  ])(
    'ends a command with a limit of %i ms after %s s, and sudo 5 s after that limit',
    (timeoutMs, seconds) => {
      const [step] = throughSudo(planOf({ steps: [{ ...restart, timeoutMs }] })).steps as CommandStep[];
      expect(step).toMatchObject({ timeoutMs: timeoutMs + 5_000 });
      expect(step?.argv[5]).toBe(seconds);
    },
  );

  it('does not change steps that need no root, nor the plan that was passed', () => {
    const plan = Object.freeze(planOf({ steps: Object.freeze([sync, write]) }));
    expect(throughSudo(plan).steps[0]).toBe(sync);
    expect(plan.steps[1]).toBe(write);
  });
});

describe('the block of an engine that reads another machine', () => {
  it('is unavailable', () => {
    expect(OTHER_MACHINE.reason).toBe('unavailable');
    expect(Object.isFrozen(OTHER_MACHINE)).toBe(true);
  });
});

describe('the reason why a step that needs root cannot be carried out', () => {
  const status: Omit<PermissionStatus, 'way'> = {
    ...{ tier: 'service', platform: 'nixos', uid: 1_000, root: false, socket: true, sudo: false },
    description: 'service tier: there is no helper',
  };

  it.each<[string, PermissionStatus | undefined, RegExp]>([
    [
      'the status of this process',
      { ...status, way: 'none' },
      /^Needs root: service tier: there is no helper$/,
    ],
    ['the limits of the root helper', { ...status, way: 'helper' }, /carries out the built-in actions only/],
    ['that nothing grants it', undefined, /^Needs root: nothing on this host grants it$/],
  ])('is %s', (_which, given, words) => {
    expect(lackOf(given)).toMatch(words);
  });
});

describe('a plan', () => {
  it('needs root if one step needs it', () => {
    expect(needsRoot(planOf({ steps: [sync, write] }))).toBe(true);
    expect(needsRoot(planOf({ steps: [sync] }))).toBe(false);
    const call = { kind: 'call', name: 'x', run: () => 1, timeoutMs: 1, interruptible: true } as const;
    expect(needsRoot(planOf({ steps: [call] }))).toBe(false);
  });
});

describe('the privilege tier', () => {
  it.each(['1', 'true', 'TRUE'])('is development with LUMINOUS_DEV_MODE=%s', (value) => {
    expect(tierOf({ LUMINOUS_DEV_MODE: value })).toBe('development');
  });
  it.each([undefined, '', '0', 'false', 'no', 'yes please'])(
    'is service with LUMINOUS_DEV_MODE=%s',
    (value) => {
      expect(tierOf({ LUMINOUS_DEV_MODE: value })).toBe('service');
    },
  );
});
