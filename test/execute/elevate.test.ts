import { describe, expect, it } from 'vitest';
import { needsRoot, throughSudo } from '../../src/execute/elevate.js';
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

  it('does not change steps that need no root, nor the plan that was passed', () => {
    const plan = Object.freeze(planOf({ steps: Object.freeze([sync, write]) }));
    expect(throughSudo(plan).steps[0]).toBe(sync);
    expect(plan.steps[1]).toBe(write);
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
