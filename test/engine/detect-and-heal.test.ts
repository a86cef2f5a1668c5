import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { SimpleDetector } from '../../src/detect/detector.js';
import { isBad } from '../../src/detect/issue-from.js';
import { unknown } from '../../src/model/reading.js';
import type { HealingAction } from '../../src/model/plan.js';
import {
  failedUnit,
  fakeHost,
  memoryReading,
  mountReading,
  systemReading,
  unitReading,
  type FakeHostParts,
} from '../../src/testing/index.js';
import { issueOf, unitTargetOf } from '../make.js';
import { benchOf } from '../make-engine.js';

const FAILED: FakeHostParts = { units: [failedUnit()] };
const cpu = (percent: number): FakeHostParts => ({ cpu: { percent, cpus: 4 } });
const load = (one: number) => ({ one, five: 1, fifteen: 1, cpus: 4 });
const picks = (action: string, parameters: HealingAction['parameters'] = {}) => ({
  getAction: () => ({ action, parameters }),
});

describe('a repair', () => {
  it('is fixed if the issue is gone when read again, and has the proof', async () => {
    const bench = benchOf(FAILED, { fake: { act: () => bench.host.setUnit('nginx', unitReading()) } });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({
      issue: { component: 'nginx', type: 'service', severity: 3 },
      actionTaken: 'restart_service',
      outcome: 'fixed',
      success: true,
      dryRun: false,
      plan: { action: 'restart_service', parameters: { service: 'nginx' } },
      attempts: [{ action: 'restart_service', outcome: 'fixed' }],
    });
    expect(result).toHaveProperty('proof', expect.stringContaining('nginx.service is active'));
    expect(result?.error).toBeUndefined();
    expect(bench.executor.executed).toEqual([
      { action: 'restart_service', parameters: { service: 'nginx' } },
    ]);
  });

  it('that was started always ends with an event, even if the same gate blocks it each time', async () => {
    const bench = benchOf(FAILED);
    for (let time = 0; time < 2; time += 1) {
      bench.executor.next({ outcome: 'skipped', blockedBy: 'in-transition', error: 'a job is under way' });
      await bench.done(bench.engine.detectAndHeal());
    }
    expect(bench.told.filter((line) => /heal:(started|done|blocked)/.test(line))).toEqual([
      'heal:started nginx',
      'heal:blocked nginx',
      'heal:started nginx',
      'heal:blocked nginx',
    ]);
  });

  it('whose command exits with 0 while the issue remains is ineffective', async () => {
    const bench = benchOf(FAILED);
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'ineffective', success: false });
    expect(result?.error).toContain('did not help');
  });

  it('that fails is failed with the reason of the executor, unless the issue is gone anyway', async () => {
    const bench = benchOf(FAILED);
    bench.executor.next({ outcome: 'failed', error: '`systemctl restart` exited with 1' });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'failed', error: '`systemctl restart` exited with 1' });

    const other = benchOf(FAILED, { fake: { act: () => other.host.setUnit('nginx', unitReading()) } });
    other.executor.next({ outcome: 'failed', error: 'exit code 4' });
    expect((await other.done(other.engine.detectAndHeal()))[0]).toMatchObject({ outcome: 'fixed' });
  });

  it('whose effect cannot be read is failed: it could not be verified', async () => {
    const bench = benchOf(FAILED, {
      fake: { act: () => bench.host.set({ units: { unknown: 'the bus is gone' } }) },
    });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'failed', success: false });
    expect(result?.error).toContain('could not be verified');
    expect(result?.error).toContain('the bus is gone');
  });

  it('is judged after its settle time', async () => {
    const bench = benchOf(FAILED, { fake: { act: () => bench.host.setUnit('nginx', unitReading()) } });
    const healing = bench.engine.detectAndHeal();
    let ended = false;
    void healing.finally(() => (ended = true));
    await vi.waitFor(async () => {
      await bench.clock.advance(0);
      expect(bench.clock.sleepers).toBe(1);
    });
    await bench.clock.advance(2_999);
    expect(ended).toBe(false);
    expect(await bench.done(healing)).toMatchObject([{ outcome: 'fixed' }]);
  });

  it('whose service dies again within the settle time is not fixed', async () => {
    const bench = benchOf(FAILED, { fake: { act: () => bench.host.setUnit('nginx', unitReading()) } });
    const healing = bench.engine.detectAndHeal();
    await vi.waitFor(async () => {
      await bench.clock.advance(0);
      expect(bench.clock.sleepers).toBe(1);
    });
    bench.host.setUnit('nginx', { invocationId: 'f'.repeat(32) });
    expect(await bench.done(healing)).toMatchObject([{ outcome: 'ineffective' }]);
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('it broke'))],
    ['returns nothing', () => Promise.resolve(undefined)],
    ['returns an invalid value', () => Promise.resolve({ outcome: 'great' })],
  ])('through an executor that %s is a failed result, not a rejection', async (_how, execute) => {
    const bench = benchOf(FAILED);
    bench.engine.executor = { plan: (action) => bench.executor.plan(action), execute: execute as never };
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'failed', success: false });
    expect(result?.error).toMatch(/executor/i);
  });

  it('that cannot be planned is a failed result with the reason', async () => {
    const bench = benchOf(FAILED, { fake: { plan: () => Promise.reject(new Error('no such pool')) } });
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([
      { outcome: 'failed', error: 'no such pool' },
    ]);
    expect(bench.executor.executed).toEqual([]);
  });
});

describe('the gate', () => {
  const blocked = async (parts: FakeHostParts, options: Parameters<typeof benchOf>[1] = {}) => {
    const bench = benchOf(parts, options);
    const results = await bench.done(bench.engine.detectAndHeal());
    return results.map(({ issue, outcome, blockedBy = '' }) =>
      `${issue.component} ${outcome} ${blockedBy}`.trim(),
    );
  };

  it('monitor-only blocks an issue of severity LOW, which is only reported', async () => {
    expect(await blocked({ system: systemReading({ state: 'degraded' }) })).toEqual([
      'system:state skipped monitor-only',
    ]);
    expect(await blocked({ units: [failedUnit({ name: 'a.timer' })] })).toEqual([
      'a.timer skipped monitor-only',
    ]);
  });

  it('healing-disabled blocks before anything is planned', async () => {
    const bench = benchOf(FAILED);
    bench.engine.healingEnabled = false;
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([
      { outcome: 'skipped', blockedBy: 'healing-disabled', actionTaken: 'none' },
    ]);
    expect([...bench.executor.planned, ...bench.executor.executed]).toEqual([]);
  });

  it('no-action blocks an issue without a safe action', async () => {
    const bench = benchOf({ load: load(40) });
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([
      { outcome: 'skipped', success: false, blockedBy: 'no-action', actionTaken: 'none' },
    ]);
  });

  it('already-healthy blocks if the component is ok when read again', async () => {
    const bench = benchOf(FAILED, { fake: { plan: () => (bench.host.setUnit('nginx', unitReading()), {}) } });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({
      outcome: 'skipped',
      blockedBy: 'already-healthy',
      plan: { action: 'restart_service' },
    });
    expect(bench.executor.executed).toEqual([]);
  });

  it('reading-unknown blocks if the component cannot be read again', async () => {
    const bench = benchOf(FAILED, {
      fake: { plan: () => (bench.host.set({ units: { unknown: 'gone' } }), {}) },
    });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'skipped', blockedBy: 'reading-unknown' });
    expect(result?.error).toContain('gone');
    expect(bench.executor.executed).toEqual([]);
  });

  it('needs-approval comes after already-healthy: no approval is requested for a healthy component', async () => {
    const plan = () => (bench.host.setUnit('nginx', unitReading()), { approval: 'Ask first' });
    const bench = benchOf(FAILED, { fake: { plan } });
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ blockedBy: 'already-healthy' }]);
  });

  it.each([
    ['protected', { targets: [unitTargetOf({ id: 'sshd.service' })] }],
    ['not-allowed', { targets: [unitTargetOf({ transient: true })] }],
    ['in-transition', { targets: [unitTargetOf({ activeState: 'failed', job: 'start' })] }],
    ['unavailable', { targets: [] }],
    ['needs-approval', { approval: 'A person has to decide' }],
  ])('%s applies to a custom executor too', async (blockedBy, plan) => {
    const bench = benchOf(FAILED, { fake: { plan: () => plan } });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({
      outcome: 'skipped',
      success: false,
      blockedBy,
      plan: { action: 'restart_service' },
    });
    expect(bench.executor.executed).toEqual([]);
  });

  describe('resources-busy', () => {
    // Actions that can be executed, whichever effects this version of the library can verify itself.
    const resolver = {
      getAction: ({ component }: { component: string }) =>
        component === 'load'
          ? { action: 'none', parameters: {} }
          : { action: `heal_${component}`, parameters: {} },
    };
    const busy = (parts: FakeHostParts) => blocked(parts, { resolver });
    it('blocks MEDIUM while a more severe issue may be acted on', async () => {
      expect(await busy({ ...FAILED, ...cpu(85) })).toEqual([
        'nginx ineffective',
        'cpu skipped resources-busy',
      ]);
      expect(await busy({ ...FAILED, memory: memoryReading(90) })).toContain('memory skipped resources-busy');
    });

    it('does not block MEDIUM for a more severe issue that is not going to be acted on', async () => {
      expect(await busy({ ...cpu(85), load: load(40) })).toEqual([
        'load skipped no-action',
        'cpu ineffective',
      ]);
    });

    it('blocks MEDIUM while the load is above its threshold, except for cpu and load', async () => {
      expect(await busy({ memory: memoryReading(90), load: load(9) })).toContain(
        'memory skipped resources-busy',
      );
      expect(await busy({ ...cpu(85), load: load(9) })).toContain('cpu ineffective');
    });

    it('does not block HIGH', async () => {
      expect(await busy({ memory: memoryReading(96), load: load(9) })).toContain('memory ineffective');
    });
  });
});

describe('a resolver', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('my table is empty');
      },
    ],
    ['returns nothing', () => undefined],
    ['returns null', () => null],
    ['returns a string', () => 'restart_service'],
    ['returns no parameters', () => ({ action: 'restart_service' })],
    ['returns an empty name', () => ({ action: '', parameters: {} })],
    ['returns a promise', () => Promise.resolve({ action: 'none', parameters: {} })],
  ])('that %s gives a failed result that says what to do', async (_how, getAction) => {
    const bench = benchOf(FAILED, { resolver: { getAction: getAction as never } });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'failed', success: false });
    expect(result?.error).toMatch(/resolver|getAction/);
    expect(bench.executor.executed).toEqual([]);
  });

  it('that returns an unregistered action gives a failed result that says what to do', async () => {
    const bench = benchOf(FAILED, { executor: undefined, resolver: picks('restart_servce') });
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([
      {
        outcome: 'failed',
        actionTaken: 'restart_servce',
        error:
          'No action is called `restart_servce`: register it in the option `actions`; did you mean `restart_service`?',
      },
    ]);
  });

  it('that alternates between unavailable rungs is stopped', async () => {
    let asked = 0;
    const resolver = {
      getAction: ({ attempt = 0 }) => {
        asked += 1;
        if (asked > 50) throw new Error('asked more than 50 times');
        return { action: attempt % 2 === 0 ? 'one' : 'other', parameters: {} };
      },
    };
    const refusal = { reason: 'unavailable', sentence: 'Not here' } as const;
    const bench = benchOf(FAILED, { resolver, fake: { plan: () => ({ refusal }) } });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable' });
    expect(asked).toBeLessThan(50);
  });

  it('receives the rung, and an unavailable rung is skipped in the same cycle', async () => {
    const rungs = ['first', 'second', 'third'];
    const attempts: (number | undefined)[] = [];
    const resolver = {
      getAction: ({ attempt }: { attempt?: number }) => {
        attempts.push(attempt);
        return { action: rungs[attempt ?? 0] ?? 'third', parameters: {} };
      },
    };
    const reasons = { first: 'unavailable', second: 'no-expected-gain' } as const;
    const plan = ({ action }: HealingAction) => {
      const reason = reasons[action as keyof typeof reasons];
      return reason === undefined ? {} : { refusal: { reason, sentence: `Not the ${action}` } };
    };
    const bench = benchOf(FAILED, { resolver, fake: { plan } });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(attempts).toEqual([0, 1, 2]);
    expect(result).toMatchObject({
      actionTaken: 'third',
      outcome: 'ineffective',
      attempts: [
        { action: 'first', outcome: 'skipped', blockedBy: 'unavailable', error: 'Not the first' },
        { action: 'second', outcome: 'skipped', blockedBy: 'no-expected-gain' },
        { action: 'third', outcome: 'ineffective' },
      ],
    });
  });

  it('does not get to the next rung if any other gate blocks', async () => {
    const resolver = {
      getAction: ({ attempt }: { attempt?: number }) => ({ action: `rung_${attempt}`, parameters: {} }),
    };
    const bench = benchOf(FAILED, { resolver, fake: { plan: () => ({ approval: 'Ask' }) } });
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([
      { actionTaken: 'rung_0', blockedBy: 'needs-approval', attempts: [{ action: 'rung_0' }] },
    ]);
  });
});

describe('a custom detector', () => {
  it('may return issues only: an issue that it does not return again counts as cleared', async () => {
    const issue = issueOf({ component: 'queue', type: 'resource' });
    const found = [[issue], [issue], []];
    const detector = { detectIssues: () => Promise.resolve(found.shift() ?? []) };
    const bench = benchOf({}, { detector, resolver: picks('drain') });
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ outcome: 'fixed' }]);
    expect(bench.executor.executed).toHaveLength(1);
  });

  it('that throws while an issue is read again fails the repair of that issue only', async () => {
    const real = new SimpleDetector({ host: fakeHost({ ...cpu(85), ...FAILED }) });
    const detector = {
      detectIssues: () => real.detectIssues(),
      inspect: (request: { component?: string } = {}) =>
        request.component === undefined ? real.inspect() : Promise.reject(new Error('the detector broke')),
    };
    const bench = benchOf({}, { detector, resolver: picks('heal') });
    const results = await bench.done(bench.engine.detectAndHeal());
    expect(results).toHaveLength(2);
    for (const result of results) expect(result.success).toBe(false);
    expect(bench.executor.executed).toEqual([]);
  });

  it('that throws while the load is read blocks only a MEDIUM issue', async () => {
    const real = new SimpleDetector({ host: fakeHost({ memory: memoryReading(90) }) });
    const detector = {
      detectIssues: () => real.detectIssues(),
      inspect: (request: { component?: string } = {}) =>
        request.component === 'load'
          ? Promise.reject(new Error('the detector broke'))
          : real.inspect(request),
    };
    const bench = benchOf({}, { detector, resolver: picks('heal') });
    expect(await bench.done(bench.engine.detectAndHeal())).toHaveLength(1);
  });
});

describe('the engine on any host', () => {
  const percent = fc.double({ min: 0, max: 100, noNaN: true });
  const gone = fc.constant({ unknown: 'gone' });
  const unit = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'sshd', 'd.socket'),
    activeState: fc.constantFrom('active', 'failed', 'activating', 'inactive'),
    recentRestarts: fc.constantFrom(0, 3),
    transient: fc.boolean(),
  });
  const parts = fc.record({
    cpu: fc.oneof(
      gone,
      percent.map((value) => ({ percent: value, cpus: 4 })),
    ),
    memory: fc.oneof(gone, percent.map(memoryReading)),
    load: fc.oneof(gone, percent.map(load)),
    mounts: fc.oneof(
      gone,
      fc
        .tuple(percent, percent)
        .map(([one, other]) => [
          mountReading({ percent: one }),
          mountReading({ mountPoint: '/var', device: '8:2', percent: other }),
        ]),
    ),
    units: fc.oneof(
      gone,
      fc
        .uniqueArray(unit, { selector: ({ name }) => name })
        .map((units) => units.map((one) => unitReading(one))),
    ),
    system: fc.constantFrom(systemReading(), systemReading({ state: 'degraded' }), unknown('gone')),
  });

  it('returns exactly one complete result for each issue', async () => {
    await fc.assert(
      fc.asyncProperty(parts, fc.boolean(), async (given, dryRun) => {
        const bench = benchOf(given, { dryRun });
        const verdicts = await bench.engine.detector.inspect();
        const results = await bench.done(bench.engine.detectAndHeal());
        const bad = verdicts.filter(isBad).map(({ component }) => component);
        expect(results.map(({ issue }) => issue.component).sort()).toEqual(bad.sort());
        for (const result of results) {
          expect(result.success).toBe(['fixed', 'planned'].includes(result.outcome));
          if (!result.success) expect(result.error).toMatch(/\S/);
          expect(result.outcome === 'skipped').toBe(result.blockedBy !== undefined);
          expect(result.attempts.at(-1)).toMatchObject({
            action: result.actionTaken,
            outcome: result.outcome,
          });
          expect(result.dryRun).toBe(dryRun);
          expect(Object.isFrozen(result)).toBe(true);
        }
        if (dryRun) expect(bench.executor.executed).toEqual([]);
        await bench.engine.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe('an aborted signal', () => {
  it('prevents every repair if it was aborted before', async () => {
    const bench = benchOf(FAILED);
    const results = await bench.done(bench.engine.detectAndHeal({ signal: AbortSignal.abort() }));
    expect(results.every(({ success }) => !success)).toBe(true);
    expect(bench.executor.executed).toEqual([]);
  });

  it('ends the running repair, and starts no other', async () => {
    const controller = new AbortController();
    const signals: (AbortSignal | undefined)[] = [];
    const act = (_action: HealingAction, { signal }: { signal?: AbortSignal | undefined }) => {
      signals.push(signal);
      controller.abort();
    };
    const bench = benchOf(
      { units: [failedUnit({ name: 'a' }), failedUnit({ name: 'b' })] },
      { fake: { act } },
    );
    const results = await bench.done(bench.engine.detectAndHeal({ signal: controller.signal }));
    expect(results).toHaveLength(2);
    expect(bench.executor.executed).toHaveLength(1);
    expect(signals[0]?.aborted).toBe(true);
    expect(results[1]).toMatchObject({ outcome: 'skipped' });
  });
});
