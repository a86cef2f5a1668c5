import { beforeAll, describe, expect, it } from 'vitest';
import { EMPTY_STATE, FRESH_RECORD } from '../../src/memory/state.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { fakeClock } from '../../src/testing/index.js';
import { issueOf, unitTargetOf } from '../make.js';
import { cycleOn, gate, intentOf, START, type CycleParts } from './make-cycle.js';

const MINUTE = 60_000;

// Loads the modules that each first repair loads.
beforeAll(() => fakeClock().advance(0));

/** A cycle in which a repair of `a` is running, until `end` is called. */
async function repairing(parts: CycleParts = {}) {
  const acting = gate();
  const made = cycleOn({ act: () => acting.passed, ...parts });
  made.now['a'] = 'bad';
  const repair = made.cycle.heal([issueOf({ component: 'a' })], { signal: made.signal });
  await made.clock.advance(0);
  return { ...made, repair, end: acting.open };
}

describe('a component', () => {
  it('is in repair until the last of its repairs has ended', async () => {
    const { cycle, repair, end, signal } = await repairing();
    expect(cycle.inRepair('a')).toBe(true);
    // Planned at once, while the other one runs.
    await cycle.heal([issueOf({ component: 'a' })], { signal, dryRun: true });
    expect(cycle.inRepair('a')).toBe(true);
    end();
    await repair;
    expect(cycle.inRepair('a')).toBe(false);
  });

  it('in repair is not among the issues that a look of the monitor returns', async () => {
    const { cycle, now, repair, end, signal } = await repairing();
    now['b'] = 'bad';
    const names = async (issues: ReturnType<typeof cycle.watch>) =>
      (await issues).map(({ component }) => component);
    expect(await names(cycle.watch(signal))).toEqual(['b']);
    expect(await names(cycle.watchOnly(new Set(['a', 'b']), signal))).toEqual(['b']);
    end();
    await repair;
  });
});

describe('a look of the monitor', () => {
  it('is synchronous while everything is ok', async () => {
    const { cycle, ledger, now, signal } = cycleOn();
    now['a'] = 'ok';
    await ledger.open(false);
    expect(cycle.watch(signal)).toEqual([]);
  });
});

describe('the end of all work', () => {
  it('is awaited: looks and repairs', async () => {
    const { cycle, clock, now, repair, end } = await repairing();
    let isIdle = false;
    const idle = cycle.idle().then(() => (isIdle = true));
    await clock.advance(0);
    expect(isIdle).toBe(false);
    now['a'] = 'ok';
    end();
    await idle;
    expect(await repair).toMatchObject([{ outcome: 'fixed' }]);
  });
});

describe('a single cycle', () => {
  it('is part of the work, and reported after its repairs', async () => {
    const { cycle, now, told, done, signal } = cycleOn();
    now['a'] = 'bad';
    const results = cycle.once({ signal });
    await done(cycle.idle());
    expect(told).toEqual([
      ...[
        'issue:opened a',
        'heal:planned a',
        'heal:started a',
        'heal:done a',
        'issue:cleared a',
        'cycle:done',
      ],
    ]);
    expect(await results).toMatchObject([{ outcome: 'fixed' }]);
  });

  it('is awaited at the end of all work also while it only looks', async () => {
    const { cycle, ledger, signal } = cycleOn();
    const results = cycle.once({ signal });
    await cycle.idle();
    expect(ledger.isHeld).toBe(true);
    expect(await results).toEqual([]);
  });
});

describe('a round of repairs', () => {
  const issue = issueOf({ component: 'a' });

  it('without issues does nothing, and does not load the state', async () => {
    const { cycle, ledger, signal } = cycleOn();
    expect(await cycle.heal([], { signal })).toEqual([]);
    expect(ledger.isOpen(true)).toBe(false);
  });

  it('loads the state first', async () => {
    const { cycle, now, signal } = cycleOn({ state: { pauses: { maintenance: START } } });
    now['a'] = 'bad';
    expect(await cycle.heal([issue], { signal })).toMatchObject([
      { outcome: 'skipped', blockedBy: 'paused' },
    ]);
  });

  it('gives each result another id', async () => {
    const { cycle, now, done, signal } = cycleOn();
    Object.assign(now, { a: 'bad', b: 'bad' });
    const issues = [issue, issueOf({ component: 'b' })];
    const results = [await done(cycle.heal(issues, { signal })), await cycle.heal(issues, { signal })].flat();
    expect(new Set(results.map(({ id }) => id)).size).toBe(4);
  });

  it.each([
    [false, []],
    [true, ['b']],
  ])('rejects requests that were not answered in time, but not in a dry run: %s', async (dryRun, left) => {
    const askedAt = START - DEFAULT_GUARDS.approval.lapseMs;
    const request = { id: '1', digest: '1', component: 'b', action: 'x', reason: 'r', askedAt };
    const approvals = [{ ...request, answer: 'waiting' as const }];
    const { cycle, ledger, signal } = cycleOn({ state: { approvals } });
    await cycle.heal([issue], { signal, dryRun });
    expect(ledger.state.approvals.map(({ component }) => component)).toEqual(left);
  });

  it('saves a relapse that a dry run saw, before it repairs', async () => {
    const fixed = {
      at: START,
      action: 'mend',
      check: 'services',
      bootId: 'boot',
      system: null,
      gained: null,
    };
    const record = { ...FRESH_RECORD, fixed: { ...fixed, strikes: 0, probation: false } };
    const { cycle, now, saves, executed, signal } = cycleOn({ state: { components: { a: record } } });
    now['a'] = 'bad';
    await cycle.once({ signal, dryRun: true });
    expect([saves, executed()]).toEqual([[], []]);
    await cycle.heal([issue], { signal });
    expect(saves[0]?.components['a']?.relapses).toBe(1);
    expect(saves[0]?.intents).toEqual([]);
  });

  it('repairs issues of the same component and type once, and the results share the order of the issues', async () => {
    const { cycle, now, executed, done, signal } = cycleOn();
    Object.assign(now, { a: 'bad', b: 'bad' });
    const issues = [issue, issueOf({ component: 'b' }), issueOf({ component: 'a', description: 'again' })];
    const results = await done(cycle.healBatch(issues, { signal }));
    expect(results.map((result) => result.issue.component)).toEqual(['a', 'b', 'a']);
    expect(results[2]).toBe(results[0]);
    expect(results[0]?.issue.description).toBe(issue.description);
    expect(executed().sort()).toEqual(['mend a', 'mend b']);
  });
});

describe('a plan that led to no repair', () => {
  const made = () => {
    const parts = cycleOn({ plan: () => ({ targets: [unitTargetOf({ id: 'dbus.service' })] }) });
    parts.now['a'] = 'bad';
    const round = async (recent?: boolean) => {
      const issues = await parts.cycle.watch(parts.signal);
      await parts.cycle.heal(issues, { signal: parts.signal, recent });
      return parts.executor.planned.length;
    };
    return { ...parts, round };
  };

  it.each([
    [true, [1, 1]],
    [false, [1, 2]],
    [undefined, [1, 2]],
  ])('is judged again by a monitor, and made again for others: %s', async (recent, planned) => {
    const { round } = made();
    expect([await round(recent), await round(recent)]).toEqual(planned);
  });

  it('is forgotten with its issue, and reported again', async () => {
    const { round, cycle, now, told, signal } = made();
    const blocks = () => told.filter((line) => line === 'heal:blocked a').length;
    await round(true);
    await round(true);
    expect(blocks()).toBe(1);
    now['a'] = 'ok';
    await cycle.watch(signal);
    now['a'] = 'bad';
    expect(await round(true)).toBe(2);
    expect(blocks()).toBe(2);
  });
});

describe('a repair of an earlier run', () => {
  const state = () => ({ intents: [intentOf('a'), intentOf('b')] });

  it('is settled by a look', async () => {
    const { cycle, ledger, now, logger, signal } = cycleOn({ state: state() });
    Object.assign(now, { a: 'ok', b: 'unknown' });
    await cycle.once({ signal });
    expect(ledger.state.acts).toMatchObject([{ component: 'a', outcome: 'fixed' }]);
    expect(ledger.state.intents).toMatchObject([{ component: 'b' }]);
    expect(logger.of('warn')).toEqual([
      'a: the engine was interrupted while `mend` was running; read again, it is healthy',
    ]);
  });

  it('is settled before the next repair of its component, and only that one', async () => {
    const { cycle, ledger, now, done, signal } = cycleOn({ state: state() });
    Object.assign(now, { a: 'bad', b: 'ok' });
    await done(cycle.heal([issueOf({ component: 'a', check: 'services' })], { signal }));
    expect(ledger.state.acts[0]).toMatchObject({ component: 'a', outcome: 'failed' });
    expect(ledger.state.intents).toMatchObject([{ component: 'b' }]);
  });

  it('no longer blocks the next repair of its component, also if it takes a while to read it', async () => {
    const { cycle, now, done, signal } = cycleOn({ state: { intents: [intentOf('a')] }, lookMs: 1_000 });
    now['a'] = 'bad';
    const results = await done(cycle.heal([issueOf({ component: 'a', check: 'services' })], { signal }));
    expect(results).toMatchObject([{ outcome: 'skipped', blockedBy: 'backoff' }]);
  });

  it('is settled before the repairs of a round begin, also if the host answers late, and one beside it', async () => {
    const { passed, open } = gate();
    const nixActivity = () => passed.then(() => ({ switching: null, building: null }));
    const generation = { from: 'x', to: 'y', verb: 'switch', units: [], failing: [] } as const;
    const { cycle, clock, executed, ledger, now, done, signal } = cycleOn({
      host: { nixActivity },
      state: {
        intents: [{ ...intentOf('a'), generation }],
        generations: { ...EMPTY_STATE.generations, running: 'y' },
      },
    });
    Object.assign(now, { a: 'bad', b: 'bad' });
    const issues = ['b', 'a'].map((component) => issueOf({ component, check: 'services' }));
    const round = cycle.heal(issues, { signal });
    await clock.advance(0);
    expect([executed(), ledger.state.acts]).toEqual([[], []]);
    open();
    const results = await done(round);
    expect(ledger.state.acts[0]).toMatchObject({ component: 'a', outcome: 'failed' });
    expect(results.map(({ issue, outcome }) => `${issue.component} ${outcome}`).sort()).toEqual([
      'a skipped',
      'b fixed',
    ]);
  });

  it('is not settled in a dry run', async () => {
    const { cycle, ledger, now, signal } = cycleOn({ state: state() });
    now['a'] = 'ok';
    await cycle.heal([issueOf({ component: 'a' })], { signal, dryRun: true });
    expect(ledger.state.intents).toHaveLength(2);
  });

  it('is none while this engine runs it: neither a look nor a second repair settles it', async () => {
    const { cycle, clock, ledger, now, logger, repair, end, signal } = await repairing();
    now['a'] = 'ok';
    await clock.advance(11 * MINUTE);
    await cycle.watch(signal);
    const second = cycle.heal([issueOf({ component: 'a' })], { signal });
    await clock.advance(0);
    expect(ledger.state.intents).toMatchObject([{ component: 'a' }]);
    expect(logger.of('warn')).toEqual([]);
    end();
    await Promise.all([repair, second]);
  });
});

describe('a repair whose job still runs', () => {
  it('has its result under the same id when the job has ended', async () => {
    const { cycle, clock, now, told, logger, done, signal } = cycleOn({
      act: () => undefined,
      verify: () => ({ status: 'pending', reason: 'a job runs' }),
    });
    now['a'] = 'bad';
    const [pending] = await done(cycle.once({ signal }));
    expect(pending).toMatchObject({ outcome: 'pending' });
    now['a'] = 'ok';
    await clock.advance(11 * MINUTE);
    await cycle.once({ signal });
    expect(cycle.looks.recent.results.at(-1)).toMatchObject({ id: pending?.id, outcome: 'fixed' });
    expect(told.filter((line) => line === 'heal:done a')).toHaveLength(2);
    expect(logger.of('warn').at(-1)).toBe('a: the job of `mend` has ended; read again, it is healthy');
  });
});
