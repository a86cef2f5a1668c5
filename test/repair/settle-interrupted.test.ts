import { describe, expect, it } from 'vitest';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { Host } from '../../src/host/host.js';
import { Ledger } from '../../src/memory/ledger.js';
import { EMPTY_STATE, recordOf, type GuardState, type Intent } from '../../src/memory/state.js';
import type { ComponentVerdict } from '../../src/model/issue.js';
import { settleInterrupted } from '../../src/repair/settle-interrupted.js';
import { fakeClock, fakeHost, recordingLogger, type FakeHostParts } from '../../src/testing/index.js';
import { verdictOf } from '../make.js';

const MINUTE = 60_000;
const UNIT = { component: 'nginx', check: 'services' } as const;
const HTTP = { component: 'nginx', check: 'http', settleMs: MINUTE } as const;
const SWITCH = {
  from: '/nix/store/b',
  to: '/nix/store/a',
  verb: 'switch' as const,
  units: ['nginx.service'],
  failing: ['nginx.service'],
};

interface Begun extends Partial<Intent> {
  /** Age of the repair. */
  readonly agoMs?: number;
}

/** State with one open intent, and its verification at each cycle. */
async function begun(
  { agoMs = 10_000, ...more }: Begun = {},
  state: Partial<GuardState> = {},
  parts: FakeHostParts | Host = {},
) {
  const clock = fakeClock();
  const logger = recordingLogger();
  const at = clock.now() - agoMs;
  const intent: Intent = {
    ...{ at, component: 'nginx', action: 'restart_service', scope: 'host', bootId: 'now', check: 'services' },
    ...more,
  };
  const store = slowStore();
  const intents = [intent, ...(state.intents ?? [])];
  await store.save({ ...EMPTY_STATE, ...state, savedAt: clock.now(), intents });
  const ledger = new Ledger({ store, clock, logger });
  await ledger.open(false);
  const settled: string[] = [];
  const host = 'read' in parts ? parts : fakeHost(parts);
  /** Number of acts on the disk when each result was reported. */
  const saved: (number | undefined)[] = [];
  const look = async (
    verdicts: readonly ComponentVerdict[],
    { inRepair = false, pending = false, again = (): readonly ComponentVerdict[] => verdicts } = {},
  ) => {
    const detector = {
      detectIssues: () => Promise.resolve([]),
      inspect: () => Promise.resolve().then(again),
    };
    await settleInterrupted(verdicts, {
      ...{ ledger, clock, logger, guards: DEFAULT_GUARDS, bootId: 'now', host, detector },
      isInRepair: () => inRepair,
      isPending: () => pending,
      settled: (_intent, outcome) => {
        settled.push(outcome);
        saved.push(store.kept().acts.length);
      },
    });
    return settled.at(-1);
  };
  return { look, clock, ledger, logger, store, saved };
}

/** A store whose writes take a turn of the event loop, as those of a file do. */
function slowStore() {
  let kept: GuardState = EMPTY_STATE;
  return {
    kept: () => kept,
    load: () => Promise.resolve(kept),
    async save(state: GuardState) {
      await new Promise((done) => setImmediate(done));
      kept = state;
    },
  };
}

const ok = (about: object = UNIT) => verdictOf({ ...about, status: 'ok', value: 1 });
const bad = (about: object = UNIT) => verdictOf({ ...about, status: 'bad', value: 0 });
const unknown = (about: object = UNIT) => verdictOf({ ...about, status: 'unknown' });

describe('a repair that was interrupted by a crash', () => {
  it.each<[string, Begun, ComponentVerdict[]]>([
    ['that began less than the settle time ago', { agoMs: 2_999 }, [bad()]],
    ['whose component is unknown', {}, [unknown()]],
    ['whose component was not read', {}, []],
    ['whose other check is unknown', {}, [ok(), unknown(HTTP)]],
    ['whose unit is in transition', {}, [verdictOf({ ...UNIT, status: 'ok', transient: true })]],
    ['that was just read as healthy for the first time', {}, [ok()]],
    ['that waits for a restart of the host', { awaitsReboot: true }, [bad()]],
  ])('%s is not verified yet, and stays recorded', async (_which, intent, verdicts) => {
    const { look, ledger } = await begun(intent);
    expect(await look(verdicts)).toBeUndefined();
    expect(ledger.state.intents).toHaveLength(1);
  });

  it.each([
    [2_999, null],
    [3_000, 0],
  ])('that began %i ms ago, and is healthy, has been healthy since %j ms ago', async (agoMs, since) => {
    const { look, ledger } = await begun({ agoMs });
    expect(await look([ok()])).toBeUndefined();
    const { healthySince } = recordOf(ledger.state, 'nginx');
    expect(healthySince === null ? null : ledger.now() - healthySince).toBe(since);
  });

  it('is not verified while this engine itself repairs the component', async () => {
    const { look } = await begun();
    expect(await look([bad()], { inRepair: true })).toBeUndefined();
  });

  it('is failed if its component is bad after the settle time', async () => {
    const { look, ledger } = await begun({ agoMs: 3_000 });
    expect(await look([bad()])).toBe('failed');
    expect(ledger.state.intents).toEqual([]);
    expect(ledger.state.acts).toMatchObject([{ component: 'nginx', outcome: 'failed' }]);
  });

  it('is fixed once its component was healthy for the settle time', async () => {
    const { look, clock } = await begun();
    expect(await look([ok()])).toBeUndefined();
    await clock.advance(2_999);
    expect(await look([ok()])).toBeUndefined();
    await clock.advance(1);
    expect(await look([ok()])).toBe('fixed');
  });

  it('is fixed at once if it started longer ago than the settle time', async () => {
    const { look } = await begun({ agoMs: 10 * MINUTE });
    expect(await look([ok()])).toBe('fixed');
  });

  it('is failed if its service is ok only because it should not run', async () => {
    const { look } = await begun({ agoMs: 10 * MINUTE });
    expect(await look([verdictOf({ ...UNIT, status: 'ok', value: 0 })])).toBe('failed');
  });

  it('is verified after the restart of the host that it waited for', async () => {
    const { look } = await begun({ awaitsReboot: true, bootId: 'before', agoMs: 10 * MINUTE });
    expect(await look([ok()])).toBe('fixed');
  });

  it('is verified once', async () => {
    const { look, ledger } = await begun();
    await look([bad()]);
    await look([bad()]);
    expect(ledger.state.acts).toHaveLength(1);
  });

  it('has the settle time of the check that verifies it: a warm-up is not a failure', async () => {
    const { look, clock } = await begun({ agoMs: 5_000, check: 'http' });
    expect(await look([ok(), bad(HTTP)])).toBeUndefined();
    await clock.advance(54_999);
    expect(await look([ok(), bad(HTTP)])).toBeUndefined();
    await clock.advance(1);
    expect(await look([ok(), bad(HTTP)])).toBe('failed');
  });
});

describe('a switch that was interrupted by a crash', () => {
  const change = { component: 'system', action: 'rollback_generation', check: 'system' } as const;
  const about = { component: 'system', check: 'system' } as const;
  const generations = { ...EMPTY_STATE.generations, running: SWITCH.from };

  it('may be run once more if its system did not run', async () => {
    const { look, ledger, logger } = await begun({ ...change, generation: SWITCH }, { generations });
    expect(await look([bad(about)])).toBeUndefined();
    expect(logger.lines.at(-1)?.message).toContain('may be run once more');
    expect(ledger.state).toMatchObject({ intents: [], generations: { repeat: SWITCH.to } });
    const again = await begun(
      { ...change, generation: SWITCH },
      { generations: { ...generations, repeat: SWITCH.to } },
    );
    expect(await again.look([bad(about)])).toBe('failed');
  });

  it('is failed, and not repeated, if its system runs and is bad', async () => {
    const running = { ...generations, running: SWITCH.to };
    const { look } = await begun({ ...change, generation: SWITCH }, { generations: running });
    expect(await look([bad(about)])).toBe('failed');
  });

  it('that cannot be read for an hour is failed', async () => {
    const running = { ...generations, running: SWITCH.to };
    const young = await begun(
      { ...change, generation: SWITCH, agoMs: 60 * MINUTE - 1 },
      { generations: running },
    );
    expect(await young.look([unknown(about)])).toBeUndefined();
    const old = await begun({ ...change, generation: SWITCH, agoMs: 60 * MINUTE }, { generations: running });
    expect(await old.look([unknown(about)])).toBe('failed');
  });
});

describe('the sentence about an interrupted repair', () => {
  const OLD = 10 * MINUTE;
  const down = verdictOf({ ...UNIT, status: 'ok', value: 0 });
  it.each<[string, Begun, ComponentVerdict, { pending?: boolean }, string]>([
    [
      'an engine that was interrupted on this boot',
      {},
      bad(),
      {},
      'the engine was interrupted while `restart_service` was running; read again, it is still not healthy',
    ],
    [
      'a restart of the host during the repair',
      { bootId: 'before' },
      ok(),
      {},
      'the host was restarted while `restart_service` was running; read again, it is healthy',
    ],
    [
      'a restart of the host that the repair waited for',
      { bootId: 'before', awaitsReboot: true },
      ok(),
      {},
      'the host was restarted, which was awaited after `restart_service`; read again, it is healthy',
    ],
    [
      'a job that was pending, and a service that should not run',
      { id: '7' },
      down,
      { pending: true },
      'the job of `restart_service` has ended; read again, it is not running: start it manually',
    ],
  ])('names %s', async (_which, intent, verdict, how, words) => {
    const { look, logger } = await begun({ agoMs: OLD, ...intent });
    await look([verdict], how);
    expect(logger.lines.at(-1)?.message).toBe(`nginx: ${words}`);
  });
});

describe('a switch that was interrupted by a crash', () => {
  const change = { component: 'system', action: 'rollback_generation', check: 'system', generation: SWITCH };
  const about = { component: 'system', check: 'system' } as const;
  const generations = { ...EMPTY_STATE.generations, running: SWITCH.to };
  const intent = { ...change, agoMs: 10 * MINUTE };

  it.each<[string, FakeHostParts, string | undefined]>([
    [
      'another switch is running, is not judged yet',
      { activity: { switching: 'nixos-rebuild', building: null } },
      undefined,
    ],
    ['nothing is switching, is judged', { activity: { switching: null, building: null } }, 'failed'],
    ['only a build is running, is judged', { activity: { switching: null, building: 'nix' } }, 'failed'],
    ['the activity of Nix is unknown, is judged', { activity: { unknown: 'not read' } }, 'failed'],
  ])('while %s', async (_which, parts, outcome) => {
    const { look } = await begun(intent, { generations }, parts);
    expect(await look([bad(about)])).toBe(outcome);
  });

  it.each<[string, () => ComponentVerdict[], string | undefined]>([
    ['it is healthy now', () => [ok(about)], undefined],
    ['it cannot be read now', () => [unknown(about)], undefined],
    ['nothing answers now', () => [], undefined],
    [
      'the detector fails now',
      () => {
        throw new Error('no detector');
      },
      undefined,
    ],
    ['it is still bad', () => [bad(about)], 'failed'],
    ['another component is bad, too', () => [bad(about), ok()], 'failed'],
  ])('is read again, because it may have ended after the reading: %s', async (_which, again, outcome) => {
    for (const running of [SWITCH.from, SWITCH.to]) {
      const { look, ledger } = await begun(intent, { generations: { ...generations, running } });
      const isRepeated = running === SWITCH.from && outcome === 'failed';
      expect(await look([bad(about)], { again })).toBe(isRepeated ? undefined : outcome);
      expect(ledger.state.generations.repeat).toBe(isRepeated ? SWITCH.to : null);
      expect(ledger.state.intents).toHaveLength(outcome === undefined ? 1 : 0);
    }
  });

  it('is verified after the settle time of a system, which is longer than that of a service', async () => {
    const { look, clock } = await begun({ ...change, agoMs: 10_000 }, { generations });
    expect(await look([ok(about)])).toBeUndefined();
    await clock.advance(DEFAULT_GUARDS.settleMs.system - 1);
    expect(await look([ok(about)])).toBeUndefined();
    await clock.advance(1);
    expect(await look([ok(about)])).toBe('fixed');
  });

  it.each<[string, Begun, Partial<GuardState>]>([
    ['waited for a restart of the host is not repeated', { awaitsReboot: true, bootId: 'before' }, {}],
    ['had no target is not repeated', { generation: { ...SWITCH, to: null } }, {}],
  ])('that %s', async (_which, more, state) => {
    const running = { ...EMPTY_STATE.generations, running: SWITCH.from };
    const { look, ledger } = await begun({ ...intent, ...more }, { generations: running, ...state });
    expect(await look([bad(about)])).toBe('failed');
    expect(ledger.state.generations.repeat).toBeNull();
  });
});

describe('the settle time of an interrupted repair', () => {
  it('is not that of another component', async () => {
    const { look } = await begun({ agoMs: 3_000 });
    const other = verdictOf({ component: 'db', check: 'http', status: 'ok', value: 1, settleMs: MINUTE });
    expect(await look([bad(), other])).toBe('failed');
  });

  it('does not depend on whether another component is down', async () => {
    const { look } = await begun({ agoMs: 10 * MINUTE });
    const db = verdictOf({ component: 'db', check: 'services', status: 'ok', value: 0 });
    expect(await look([ok(), db])).toBe('fixed');
  });
});

describe('an interrupted repair, among other readings', () => {
  it('is failed when its own service is down, whatever the other checks and components read', async () => {
    const { look } = await begun({ agoMs: 10 * MINUTE });
    const down = verdictOf({ ...UNIT, status: 'ok', value: 0 });
    const db = verdictOf({ component: 'db', check: 'services', status: 'ok', value: 1 });
    expect(await look([down, ok(HTTP), db])).toBe('failed');
  });

  it('that is healthy does not wait for the settle time of its slowest check', async () => {
    const { look, clock } = await begun();
    expect(await look([ok(), ok(HTTP)])).toBeUndefined();
    await clock.advance(3_000);
    expect(await look([ok(), ok(HTTP)])).toBe('fixed');
  });

  it('is on disk before its result is reported', async () => {
    const { look, saved } = await begun({ agoMs: 3_000 });
    await look([bad()]);
    expect(saved).toEqual([1]);
  });
});

describe('an interrupted switch that may be repeated', () => {
  const change = { component: 'system', action: 'rollback_generation', check: 'system', generation: SWITCH };
  const about = { component: 'system', check: 'system' } as const;
  const generations = { ...EMPTY_STATE.generations, running: SWITCH.from };
  const own: Intent = {
    ...{ at: Date.UTC(2025, 0, 1) - 1_000, component: 'system', action: 'tidy', scope: 'process' },
    ...{ bootId: 'now', check: 'system' },
  };

  it('is on disk as such before the next cycle', async () => {
    const { look, store } = await begun(change, { generations });
    await look([bad(about)]);
    expect(store.kept()).toMatchObject({ intents: [], generations: { repeat: SWITCH.to } });
  });

  it('leaves a repair of the same component that is no switch on record', async () => {
    const { look, ledger } = await begun(change, { generations, intents: [own] });
    await look([bad(about)]);
    expect(ledger.state.intents.map(({ action }) => action)).toEqual(['tidy']);
  });

  it('may be one whose system could not be read for an hour', async () => {
    const { look, ledger } = await begun({ ...change, agoMs: 60 * MINUTE }, { generations });
    expect(await look([unknown(about)])).toBeUndefined();
    expect(ledger.state.generations.repeat).toBe(SWITCH.to);
  });

  it('is judged on a host that cannot say whether Nix is switching', async () => {
    const { nixActivity: _, ...host } = fakeHost();
    const running = { ...generations, running: SWITCH.to };
    const { look } = await begun({ ...change, agoMs: 10 * MINUTE }, { generations: running }, host);
    expect(await look([bad(about)])).toBe('failed');
  });
});
