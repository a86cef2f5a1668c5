import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expireApprovals } from '../../src/memory/approvals.js';
import { boundState } from '../../src/memory/bound-state.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { Ledger } from '../../src/memory/ledger.js';
import { parseState } from '../../src/memory/parse-state.js';
import { recordAct } from '../../src/memory/record-act.js';
import { EMPTY_STATE, FRESH_RECORD, type GuardState } from '../../src/memory/state.js';
import { stormWait } from '../../src/memory/storm.js';
import { memoryStore } from '../../src/memory/store.js';
import { fakeClock, recordingLogger } from '../../src/testing/index.js';

const WALL = Date.UTC(2026, 10, 28);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const { backoff, breaker, approval, storm: stormGuard } = DEFAULT_GUARDS;

const ABSURD = [1e308, -1e308, -1, 0.5, Number.MAX_SAFE_INTEGER, 253_402_300_800_000, WALL + 10 * 365 * DAY];
const number = fc.oneof(
  fc.constantFrom(...ABSURD, 0, WALL, WALL - MINUTE, WALL + MINUTE),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
);
const word = fc.constantFrom('nginx', 'restart_service', 'x'.repeat(9_000), '__proto__', '');
const record = fc.record({
  backoff: fc.dictionary(word, fc.record({ count: number, until: number, since: number })),
  failures: number,
  strikes: number,
  relapses: number,
  fixed: fc.option(
    fc.record({
      at: number,
      action: word,
      check: fc.option(word),
      bootId: word,
      system: fc.constant(null),
      gained: fc.option(fc.boolean()),
      strikes: number,
      probation: fc.boolean(),
    }),
  ),
  breakerUntil: fc.option(number),
  openings: fc.array(number),
  needsHumanSince: fc.option(number),
  healthySince: fc.option(number),
  useless: fc.option(fc.record({ action: word, value: number })),
});
const path = fc.constantFrom('/nix/store/a', '/nix/store/b');
const system = fc.record({
  previous: fc.option(path),
  enteredAt: number,
  seenAt: number,
  blindMs: number,
  quietSince: number,
  good: fc.boolean(),
  bad: fc.option(fc.record({ at: number, why: word })),
  units: fc.dictionary(
    word,
    fc.record({
      run: word,
      activeSince: fc.option(number),
      activeUntil: fc.option(number),
      healthy: fc.boolean(),
      failedAt: fc.option(number),
      failing: fc.boolean(),
    }),
  ),
});
const scope = fc.constantFrom('host' as const, 'process' as const);
const outcome = fc.constantFrom('fixed' as const, 'failed' as const);
/** Any state of the right shape, with any numbers. */
const states: fc.Arbitrary<GuardState> = fc.record({
  version: fc.constant(2 as const),
  savedAt: number,
  cautious: fc.boolean(),
  components: fc.dictionary(word, record),
  acts: fc.array(fc.record({ at: number, component: word, action: word, scope, outcome, words: word })),
  storm: fc.option(fc.record({ since: number, lastFailure: number })),
  pauses: fc.dictionary(word, number),
  approvals: fc.array(
    fc.record({
      ...{ id: word, digest: word, component: word, action: word, reason: word, askedAt: number },
      answer: fc.constantFrom('waiting' as const, 'yes' as const),
    }),
  ),
  intents: fc.array(fc.record({ at: number, component: word, action: word, scope, bootId: word })),
  generations: fc.record({
    running: fc.option(path),
    systems: fc.dictionary(path, system),
    lastChange: fc.option(fc.record({ at: number, action: word, from: path, to: fc.option(path) })),
    repeat: fc.option(path),
  }),
});

const bounded = (change: Partial<GuardState>) =>
  boundState({ ...EMPTY_STATE, savedAt: WALL, ...change }, WALL, DEFAULT_GUARDS);
const nginx = (change: Partial<GuardState['components'][string]>) => ({
  components: { nginx: { ...FRESH_RECORD, ...change } },
});

/** States in `npm test`; 1,000 with the `PROPERTY_RUNS` of `.ci/run`. */
const RUNS = Math.min(Number(process.env['PROPERTY_RUNS'] ?? 200), 1_000);

describe('the bounds of a loaded state', () => {
  it('keep every wait within the guards, whatever the numbers are', () => {
    fc.assert(
      fc.property(states, (given) => {
        const written = parseState(JSON.stringify(given));
        const { state, now } = boundState(written, WALL, DEFAULT_GUARDS);
        expect(now).toBeGreaterThanOrEqual(WALL);
        expect(now).toBeLessThan(253_402_300_800_000);
        for (const [name, record] of Object.entries(state.components)) {
          const was = Object.entries(written.components).find(([key]) => key === name)![1];
          for (const { until, since, count } of Object.values(record.backoff)) {
            expect(until - now).toBeLessThanOrEqual(backoff.maxMs * (1 + backoff.jitter));
            expect(since).toBeLessThanOrEqual(now);
            expect(Number.isInteger(count)).toBe(true);
          }
          expect((record.breakerUntil ?? now) - now).toBeLessThanOrEqual(breaker.openMs);
          expect(record.breakerUntil === null).toBe(was.breakerUntil === null);
          expect(record.needsHumanSince === null).toBe(was.needsHumanSince === null);
          expect(record.openings).toHaveLength(was.openings.length);
        }
        expect(state.acts).toHaveLength(written.acts.length);
        for (const { at } of [...state.acts, ...state.intents]) expect(at >= 0 && at <= now).toBe(true);
        expect(Object.keys(state.pauses)).toHaveLength(Object.keys(written.pauses).length);
        if (state.storm)
          expect(stormWait(state.storm, now, DEFAULT_GUARDS)).toBeLessThanOrEqual(stormGuard.calmMs);
        expect(expireApprovals(state, now + approval.lapseMs, DEFAULT_GUARDS, 0).approvals).toEqual([]);
        // A bounded state is within the bounds, can be written, and is the same when read again.
        const again = boundState(parseState(JSON.stringify(state)), now, DEFAULT_GUARDS);
        expect(again.found).toEqual([]);
        expect(again.state).toEqual(state);
      }),
      { numRuns: RUNS },
    );
  });

  it('open the breaker after the usual number of failures, whatever was counted before', () => {
    fc.assert(
      fc.property(number, number, (strikes, failures) => {
        let { state } = bounded(nginx({ strikes, failures }));
        for (let attempt = 0; attempt < breaker.attempts; attempt += 1) {
          const act = { component: 'nginx', action: 'restart_service', scope: 'host', words: '' } as const;
          state = recordAct(state, { ...act, at: WALL, outcome: 'failed' }, DEFAULT_GUARDS, { chance: 0 });
        }
        expect(state.components['nginx']?.openings.length).toBeGreaterThan(0);
      }),
    );
  });

  it('do not change a state that an engine wrote', () => {
    const state: GuardState = {
      ...EMPTY_STATE,
      savedAt: WALL - MINUTE,
      ...nginx({
        backoff: { restart_service: { count: 4, since: WALL - MINUTE, until: WALL + 9 * MINUTE } },
        openings: [WALL - HOUR],
        breakerUntil: WALL + MINUTE,
        strikes: 7,
        failures: 7,
      }),
      pauses: { backup: WALL - DAY },
      acts: [{ at: WALL - DAY, component: 'nginx', action: 'a', scope: 'host', outcome: 'fixed', words: '' }],
    };
    expect(bounded(state)).toEqual({ state, now: WALL, found: [] });
  });

  it.each(ABSURD)('do not let the time of saving %d end a backoff', (savedAt) => {
    const entry = { count: 4, since: WALL - MINUTE, until: WALL + 9 * MINUTE };
    const { state, now } = bounded({ savedAt, ...nginx({ backoff: { restart_service: entry } }) });
    expect(now).toBe(WALL);
    expect(state.components['nginx']?.backoff['restart_service']).toEqual(entry);
  });

  it('continue from the time of saving if the wall clock went back, even by years', () => {
    const savedAt = WALL + 50 * 365 * DAY;
    const entry = { count: 4, since: savedAt - MINUTE, until: savedAt + 9 * MINUTE };
    const { now, found } = bounded({ savedAt, ...nginx({ backoff: { restart_service: entry } }) });
    expect([now, found]).toEqual([savedAt, []]);
  });

  it('make an approval with an impossible time pending again', () => {
    const about = { id: 'a', digest: 'a', component: 'x', action: 'x', reason: '', answer: 'yes' } as const;
    for (const askedAt of [1e308, -1, WALL + DAY]) {
      const { state } = bounded({ approvals: [{ ...about, askedAt }] });
      expect(state.approvals).toMatchObject([{ askedAt: WALL, answer: 'waiting' }]);
    }
  });

  it('drop evidence with impossible times, and keep systems marked as bad', () => {
    const unit = {
      run: 'a',
      activeSince: -1e308,
      activeUntil: WALL,
      healthy: true,
      failedAt: null,
      failing: false,
    };
    const times = { enteredAt: WALL - DAY, seenAt: WALL, quietSince: WALL - DAY, blindMs: 0 };
    const system = {
      previous: null,
      ...times,
      good: true,
      bad: { at: 1e308, why: 'broke nginx' },
      units: { 'a.service': unit },
    };
    const of = (change: object) =>
      bounded({ generations: { ...EMPTY_STATE.generations, systems: { '/a': { ...system, ...change } } } })
        .state.generations.systems['/a'];
    expect(of({})).toMatchObject({ good: true, units: {}, bad: { at: WALL, why: 'broke nginx' } });
    expect(of({ enteredAt: -5 })).toMatchObject({
      good: false,
      enteredAt: WALL,
      bad: { why: 'broke nginx' },
    });
  });

  it('cut lists and names of excessive length', () => {
    const act = {
      at: WALL,
      component: 'x'.repeat(10_000),
      action: 'a',
      scope: 'host',
      outcome: 'fixed',
      words: '',
    } as const;
    const { state } = bounded({
      acts: Array.from({ length: 10_001 }, () => act),
      components: { ['x'.repeat(10_000)]: FRESH_RECORD },
      pauses: { ['p'.repeat(10_000)]: WALL },
    });
    expect(state.acts).toHaveLength(10_000);
    expect(state.acts[0]?.component).toHaveLength(8_192);
    expect(state.components).toEqual({});
    expect(Object.keys(state.pauses)).toEqual(['p'.repeat(8_192)]);
  });
});

describe('an engine that loads a state out of bounds', () => {
  it('warns once, names the first values, and keeps its time', async () => {
    const clock = fakeClock();
    const store = memoryStore();
    const until = 1e308;
    const entry = { count: 1, since: clock.now(), until };
    await store.save({ ...EMPTY_STATE, savedAt: 1e308, ...nginx({ backoff: { restart_service: entry } }) });
    const logger = recordingLogger();
    const ledger = new Ledger({ store, clock, logger });
    await ledger.open(false);
    expect(ledger.now()).toBe(clock.now());
    expect(logger.of('warn')).toEqual([
      'The state has 2 values out of bounds, which were clamped or dropped: savedAt, components.nginx.backoff.restart_service.until',
    ]);
  });
});
