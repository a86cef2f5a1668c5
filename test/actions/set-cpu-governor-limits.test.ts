import { describe, expect, it } from 'vitest';
import type { PlanDraft, PlanContext } from '../../src/actions/define.js';
import { setCpuGovernor } from '../../src/actions/set-cpu-governor.js';
import type { CpuPolicies, CpuPolicy } from '../../src/model/controls-reading.js';
import type { Reading } from '../../src/model/reading.js';
import type { FakeHostParts } from '../../src/testing/index.js';
import { planOf, verdictOf } from '../make.js';
import { planningOn, verifyingOn } from './contexts.js';

const UNREAD = { unknown: 'not read' };
const policy = (number: number, more: Partial<CpuPolicy> = {}): CpuPolicy => ({
  name: `policy${number}`,
  path: `/sys/policy${number}`,
  current: 'powersave',
  offered: ['performance', 'powersave'],
  frequency: 1_000_000,
  ...more,
});
const host = (
  policies: Reading<CpuPolicies> | readonly CpuPolicy[],
  more: FakeHostParts = {},
): FakeHostParts => ({
  controls: {
    cpuPolicies: Array.isArray(policies)
      ? { readable: policies as CpuPolicy[], unreadable: [] }
      : (policies as Reading<CpuPolicies>),
    dropCaches: { path: '/x', unwritable: null },
    nix: { hasStore: false, daemon: 'none', hasSystemd: true },
  },
  ...more,
});
const plan = async (
  parts: FakeHostParts,
  given: object = {},
  more: Partial<PlanContext> = {},
): Promise<PlanDraft> => setCpuGovernor.plan(setCpuGovernor.parse({ ...given }), planningOn(parts, more));

describe('set_cpu_governor', () => {
  it('sets the governor `performance` unless another one is given', async () => {
    const { steps, targets } = await plan(host([policy(0)]));
    expect(targets).toEqual(['cpu']);
    expect(steps).toEqual([
      {
        ...{ kind: 'write', path: '/sys/policy0/scaling_governor', content: 'performance' },
        ...{ needsRoot: true, timeoutMs: 5_000, interruptible: false },
      },
    ]);
  });

  it('refuses a parameter that it does not have', () => {
    expect(() => setCpuGovernor.parse({ governer: 'powersave' })).toThrow('did you mean `governor`?');
    expect(() => setCpuGovernor.parse({ governors: { policy0: 'powersave' }, x: 1 })).toThrow('`x`');
  });

  it('has nothing to undo in a policy that has its governor back, whatever the others have', async () => {
    const { refusal } = await plan(host([policy(0), policy(1)]), { governors: { policy0: 'powersave' } });
    expect(refusal).toMatchObject({ reason: 'no-expected-gain' });
  });

  it('names what cannot be read and what lacks the governor beside what it sets', async () => {
    const unreadable = [{ name: 'policy2', unreadable: 'EIO' }];
    const readable = [policy(0), policy(1, { offered: ['powersave'] })];
    const { notes } = await plan(host({ readable, unreadable }));
    expect(notes).toEqual([
      'policy2 cannot be read now: EIO',
      '/sys/policy1 offers powersave, not `performance`',
    ]);
  });

  // The threshold is 80 %.
  it.each([
    [90, 10, true],
    [90, 9.9, false],
    [70, 0, false],
  ])(
    'with %d %% used and %d %% taken by the hypervisor is refused: %s',
    async (percent, stealPercent, isRefused) => {
      const thresholds = { ...planningOn().thresholds, cpuPercent: 80 };
      const draft = await plan(
        host([policy(0)], { cpu: { percent, cpus: 4, stealPercent } }),
        {},
        { thresholds },
      );
      expect(draft.refusal?.reason).toBe(isRefused ? 'no-expected-gain' : undefined);
    },
  );

  it('is planned although the usage of the CPUs is not known', async () => {
    expect((await plan(host([policy(0)], { cpu: UNREAD }))).refusal).toBeUndefined();
  });

  it.each<[FakeHostParts, string | undefined]>([
    [host([policy(0)]), undefined],
    [host([policy(0, { offered: ['userspace'] }), policy(1)]), undefined],
    [host({ readable: [], unreadable: [{ name: 'policy0', unreadable: 'EBUSY' }] }), undefined],
    [host([policy(0, { offered: [] })]), '/sys/policy0 offers nothing, not `performance`'],
    [host([]), 'This machine has no cpufreq to govern'],
    [host(UNREAD), 'The governors of the CPUs cannot be read: not read'],
    [{}, 'The governors of the CPUs cannot be read: this host does not report it'],
  ])('is unavailable only where no policy can have the governor', async (parts, why) => {
    expect(await setCpuGovernor.unavailable?.(planningOn(parts))).toBe(why);
    if (why !== undefined)
      expect((await plan(parts)).refusal).toEqual({ reason: 'unavailable', sentence: why });
  });

  it('sets a policy back alone, and names only those to set back that cannot be read', async () => {
    const unreadable = ['policy1', 'policy2'].map((name) => ({ name, unreadable: 'EBUSY' }));
    const parts = host({ readable: [policy(0, { current: 'performance' }), policy(3)], unreadable });
    const draft = await plan(parts, { governors: { policy0: 'powersave', policy1: 'powersave' } });
    expect(draft.steps).toMatchObject([{ path: '/sys/policy0/scaling_governor', content: 'powersave' }]);
    expect(draft.notes).toEqual(['policy1 cannot be read now: EBUSY']);
    expect(draft.restore).toBeUndefined();
    expect(draft.effect).toBe('The frequency governor of every CPU is what it was before');
  });

  it('needs no undo of a policy that is gone', async () => {
    expect((await plan(host([]), { governors: { policy0: 'powersave' } })).refusal).toEqual({
      reason: 'no-expected-gain',
      sentence: 'Every CPU has the governor already: none is left',
    });
  });
});

describe('the proof of set_cpu_governor', () => {
  // The least gain that counts is 3 %.
  it.each([
    ['bad', 1_030_000, 'fixed'],
    ['bad', 1_029_999, 'ineffective'],
    ['bad', 970_000, 'ineffective'],
    ['unknown', 1_000_000, 'unknown'],
    ['ok', 1_000_000, 'fixed'],
  ] as const)('with the CPU %s and %d kHz after 1,000,000 is %s', async (status, frequency, proved) => {
    const order: string[] = [];
    const context = verifyingOn(host([policy(0, { current: 'performance', frequency })]), {
      plan: planOf({ baseline: { frequency: 1_000_000 } }),
      inspect: () => Promise.resolve(void order.push('inspect')).then(() => verdictOf({ status })),
      settle: () => Promise.resolve(void order.push('settle')),
    });
    const seen = await setCpuGovernor.verify({ governor: 'performance' }, context);
    expect(seen.status).toBe(proved);
    expect(order).toEqual(['settle', 'inspect']);
  });

  it('is unknown if the policies cannot be read, or nothing tells what the change gained', async () => {
    const prove = (parts: FakeHostParts) =>
      setCpuGovernor.verify({ governor: 'performance' }, verifyingOn(parts));
    expect(await prove(host(UNREAD))).toEqual({
      status: 'unknown',
      reason: 'The governors of the CPUs cannot be read: not read',
    });
    expect(await prove(host([policy(0, { current: 'performance' })]))).toEqual({
      status: 'unknown',
      reason: 'performance in policy0',
    });
  });

  it('reads the governors after the time to settle, and not before', async () => {
    const { read } = verifyingOn(host([policy(0, { current: 'performance' })]));
    const context = {
      ...verifyingOn(host([policy(0, { current: 'powersave' })])),
      inspect: () => Promise.resolve(verdictOf({ status: 'ok' })),
    };
    const settle = async () => {
      await new Promise(setImmediate);
      Object.assign(context, { read });
    };
    Object.assign(context, { settle });
    expect(await setCpuGovernor.verify({ governor: 'performance' }, context)).toMatchObject({
      status: 'fixed',
    });
  });

  it('does not count an unchanged frequency as faster, however small the least gain is', async () => {
    const frequency = 1_000_000;
    const context = verifyingOn(host([policy(0, { current: 'performance', frequency })]), {
      plan: planOf({ baseline: { frequency } }),
      inspect: () => Promise.resolve(verdictOf({ status: 'bad' })),
    });
    const useless = { ...context.guards.useless, gainPercent: 0 };
    const guards = { ...context.guards, useless };
    const proved = await setCpuGovernor.verify({ governor: 'performance' }, { ...context, guards });
    expect(proved.status).toBe('ineffective');
  });

  it('leaves out policies that do not offer the governor', async () => {
    const policies = [policy(0, { current: 'performance' }), policy(1, { offered: ['powersave'] })];
    const context = verifyingOn(host(policies), {
      inspect: () => Promise.resolve(verdictOf({ status: 'ok' })),
    });
    expect(await setCpuGovernor.verify({ governor: 'performance' }, context)).toMatchObject({
      status: 'fixed',
    });
  });
});
