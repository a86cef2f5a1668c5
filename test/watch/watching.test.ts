import { describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../src/base/clock.js';
import type { Host } from '../../src/host/host.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { ComponentVerdict, Issue } from '../../src/model/issue.js';
import { fakeClock, fakeHost, recordingLogger } from '../../src/testing/index.js';
import { askForAbsent, namesAll } from '../../src/watch/absent.js';
import type { CallMode } from '../../src/watch/cycle.js';
import { AT_ONCE, blindChecks, debounce, watchKey, type Watches } from '../../src/watch/debounce.js';
import { FastPath } from '../../src/watch/fast-path.js';
import { gatherEvidence } from '../../src/watch/log-evidence.js';
import { Monitoring } from '../../src/watch/monitoring.js';
import { isBlank } from '../../src/watch/record-health.js';
import { createWaker } from '../../src/watch/wake.js';
import { EMPTY_STATE, FRESH_RECORD } from '../../src/memory/state.js';
import { issueOf, verdictOf } from '../make.js';

const { lasting } = DEFAULT_GUARDS;
const never = (): boolean => false;
const of = (component: string, status: ComponentVerdict['status'], more: Partial<ComponentVerdict> = {}) =>
  verdictOf({ check: 'services', type: 'service', component, status, ...more });
const components = (watches: Watches): string[] =>
  [...watches.values()].map(({ verdict }) => verdict.component);

describe('the debounce of a held component', () => {
  const open = debounce(new Map(), [of('a', 'bad')], lasting);

  it('keeps its issue when it reads ok or is missing, because the proof of the repair decides', () => {
    const held = (component: string): boolean => component === 'a';
    expect(debounce(open, [of('a', 'ok')], lasting, held)).toEqual(open);
    expect(debounce(open, [], lasting, held)).toEqual(open);
    expect(debounce(open, [of('a', 'ok')], lasting, never).size).toBe(0);
    expect(debounce(open, [], lasting).size).toBe(0);
  });

  it('still takes a new bad reading', () => {
    const next = debounce(open, [of('a', 'bad', { reason: 'worse' })], lasting, () => true);
    expect([...next.values()]).toMatchObject([{ badInARow: 2, open: true, verdict: { reason: 'worse' } }]);
  });

  it('opens nothing that was not bad', () => {
    expect(debounce(new Map(), [of('a', 'ok')], lasting, () => true).size).toBe(0);
  });
});

describe('the debounce of a look', () => {
  it.each(['cpu', 'load', 'memory', 'services'])(
    'opens an issue of %s at once in a single cycle',
    (check) => {
      const watches = debounce(new Map(), [verdictOf({ check })], AT_ONCE);
      expect([...watches.values()]).toMatchObject([{ open: true }]);
    },
  );

  it('returns the same state, unchanged, where nothing is or was bad', () => {
    const none: Watches = new Map();
    expect(debounce(none, [of('a', 'ok'), of('b', 'unknown')], lasting)).toBe(none);
    expect(debounce(none, [of('a', 'ok'), of('b', 'bad')], lasting)).not.toBe(none);
  });

  it('counts bad readings before and after the issue opens', () => {
    let watches: Watches = new Map();
    const states: unknown[] = [];
    for (let look = 0; look < 4; look += 1) {
      watches = debounce(watches, [verdictOf({ check: 'memory' })], lasting);
      states.push([...watches.values()].map(({ badInARow, open }) => [badInARow, open]));
    }
    expect(states).toEqual([[[1, false]], [[2, true]], [[3, true]], [[4, true]]]);
  });

  it('keeps a missing component only while its own check reads nothing', () => {
    const both = debounce(new Map(), [of('a', 'bad'), of('b', 'bad', { check: 'mine' })], lasting);
    expect(components(debounce(both, [of('x', 'unknown')], lasting))).toEqual(['a']);
    expect(components(debounce(both, [of('x', 'unknown'), of('y', 'ok')], lasting))).toEqual([]);
  });

  it('names the checks that could read nothing', () => {
    const one = of('a', 'unknown');
    expect([...blindChecks([one, of('m', 'ok', { check: 'mine' })])]).toEqual(['services']);
    expect([...blindChecks([one, of('b', 'bad')])]).toEqual([]);
    expect([...blindChecks([of('b', 'bad'), one])]).toEqual([]);
    expect([...blindChecks([of('b', 'ok')])]).toEqual([]);
  });

  it('has one state for each check of a component', () => expect(watchKey(of('a', 'ok'))).toBe('services a'));

  it('asks for no more than one ok reading in a single cycle, as for one bad one', () => {
    const own = { failAfter: 3, recoverAfter: 3 };
    const open = debounce(new Map(), [of('a', 'bad', own)], AT_ONCE);
    expect([...open.values()][0]?.open).toBe(true);
    expect(debounce(open, [of('a', 'ok', own)], AT_ONCE).size).toBe(0);
  });

  it('counts a verdict that is repeated until its check is due once', () => {
    const own = { failAfter: 2, recoverAfter: 2 };
    const again = { ...own, repeated: true as const };
    const first = debounce(new Map(), [of('a', 'bad', own)], lasting);
    expect(debounce(first, [of('a', 'bad', again)], lasting)).toEqual(first);
    const unread = debounce(new Map(), [of('a', 'bad', { ...again, failAfter: 1 })], lasting);
    expect([...unread.values()]).toMatchObject([{ open: true }]);
    const open = debounce(first, [of('a', 'bad', own)], lasting);
    const well = debounce(open, [of('a', 'ok', own)], lasting);
    expect(debounce(well, [of('a', 'ok', again)], lasting)).toEqual(well);
  });

  it('keeps an issue until its value is below the clearing level', () => {
    const at = (value: number, status: 'ok' | 'bad' = 'ok') =>
      of('disk', status, { check: 'disk', value, threshold: 80, clearsAt: 75 });
    const open = debounce(new Map(), [at(90, 'bad')], lasting);
    expect(debounce(open, [at(75)], lasting)).toEqual(open);
    expect(debounce(open, [at(74)], lasting).size).toBe(0);
  });

  it('needs as many ok readings as its check says, in a row', () => {
    const own = { failAfter: 1, recoverAfter: 2 };
    const open = debounce(new Map(), [of('a', 'bad', own)], lasting);
    const once = debounce(open, [of('a', 'ok', own)], lasting);
    expect([...once.values()]).toMatchObject([{ open: true, okInARow: 1 }]);
    expect(debounce(once, [of('a', 'ok', own)], lasting).size).toBe(0);
    expect(debounce(open, [of('a', 'ok', { recoverAfter: 1 })], lasting).size).toBe(0);
  });
});

describe('the log of a service', () => {
  const { signal } = new AbortController();
  const host = (unitLog?: unknown) => ({ ...fakeHost({}), unitLog }) as never;
  const lines = () => Promise.resolve(['it crashed']);

  it.each<[string, Partial<Issue>, unknown, string[]]>([
    ['is read when its issue opens', {}, lines, ['it crashed']],
    ['is not read for a mild issue', { severity: 1 }, lines, []],
    ['is read from the next severity on', { severity: 2 }, lines, ['it crashed']],
    ['is not read for a resource', { type: 'resource' }, lines, []],
    ['may be missing', {}, () => Promise.resolve({ unknown: 'no journal' }), []],
    ['may fail', {}, () => Promise.reject(new Error('no')), []],
    ['is only that of a unit', { component: 'two words' }, lines, []],
    ['is not known to each host', {}, undefined, []],
  ])('%s', async (_what, issue, unitLog, found) =>
    expect(await gatherEvidence(issueOf(issue), host(unitLog), signal)).toEqual(found),
  );

  it('is that of its unit', async () => {
    const unitLog = vi.fn(lines);
    await gatherEvidence(issueOf({ component: 'nginx' }), host(unitLog), signal);
    expect(unitLog).toHaveBeenCalledWith('nginx.service', signal);
  });
});

describe('a component that a look does not name', () => {
  const { signal } = new AbortController();
  const detector = { detectIssues: () => Promise.resolve([]), inspect: () => Promise.resolve([]) };
  const ask = (open: readonly ComponentVerdict[], seen: readonly ComponentVerdict[], isHeld = never) =>
    askForAbsent(open, seen, detector, isHeld, signal);

  it('is not asked for when all were read, nothing is open, or it is held', () => {
    const a = of('a', 'bad');
    expect(ask([], [])).toBeUndefined();
    expect(ask([a], [of('a', 'ok')])).toBeUndefined();
    expect(ask([a], [of('x', 'unknown')])).toBeUndefined();
    expect(ask([a], [], () => true)).toBeUndefined();
    const finder = { detectIssues: detector.detectIssues };
    expect(askForAbsent([a], [], finder, never, signal)).toBeUndefined();
  });

  it('is asked for by its name otherwise', async () => {
    expect(await ask([of('a', 'bad')], [of('b', 'ok')])).toEqual([]);
    expect(await ask([of('a', 'bad')], [of('a', 'ok', { check: 'mine' })])).toEqual([]);
  });

  it('is gone only if the detector names all that it reads', () => {
    expect(namesAll({ detectIssues: detector.detectIssues })).toBe(false);
    expect(namesAll(detector)).toBe(true);
    expect(namesAll({ detectIssues: detector.detectIssues, look: () => [] })).toBe(true);
  });
});

describe('the fast path', () => {
  const detectorOf = () => {
    let made = 0;
    return { detectIssues: () => Promise.resolve([]), glance: () => ({ number: (made += 1) }) } as never;
  };

  it('alternates two looks of one detector, so that the last one is kept', () => {
    const path = new FastPath();
    const detector = detectorOf();
    const first = path.by(detector);
    expect(path.by(detector)).toBe(first);
    path.keep();
    const second = path.by(detector);
    expect(second).toBeDefined();
    expect(second).not.toBe(first);
    path.keep();
    expect(path.by(detector)).toBe(first);
  });

  it('is that of the detector, and none where it has none', () => {
    const path = new FastPath();
    const first = path.by(detectorOf());
    expect(path.by(detectorOf())).not.toBe(first);
    expect(path.by({ detectIssues: () => Promise.resolve([]) })).toBeUndefined();
  });
});

describe('a state in which a healthy look changes nothing', () => {
  const some = [{}] as never;

  it.each<[string, object, boolean]>([
    ['is empty', {}, true],
    ['remembers a component', { components: { a: FRESH_RECORD } }, false],
    ['waits for an approval', { approvals: some }, false],
    ['has a repair under way', { intents: some }, false],
    ['has a change to undo', { undo: some }, false],
    ['is cautious', { cautious: { since: 0 } }, false],
    ['is in a storm', { storm: { since: 0, lastFailure: 0 } }, false],
  ])('%s', (_what, more, blank) => expect(isBlank({ ...EMPTY_STATE, ...more })).toBe(blank));
});

describe('the waker', () => {
  const made = (apartMs = 250) => {
    const clock = fakeClock();
    const stop = new AbortController();
    const looks: string[] = [];
    const look = (some: ReadonlySet<string>): Promise<void> => {
      looks.push(`${clock.monotonic()}: ${[...some].join(' ')}`);
      return Promise.resolve();
    };
    return {
      clock,
      stop,
      looks,
      wake: createWaker(look, apartMs, clock, stop.signal),
      start: clock.monotonic(),
    };
  };

  it('looks at once, and at all that follow soon after together', async () => {
    const { clock, looks, wake, start } = made();
    const round = wake('a');
    void wake('b');
    expect(wake('b')).toBe(round);
    await clock.advance(249);
    expect(looks).toEqual([`${start}: a`]);
    await clock.advance(1);
    expect(looks).toEqual([`${start}: a`, `${start + 250}: b`]);
    await clock.advance(250);
    await round;
    void wake('c');
    expect(looks.at(-1)).toBe(`${start + 500}: c`);
  });

  it('looks at nothing more after the monitoring was stopped', async () => {
    const { clock, looks, wake, stop } = made();
    const round = wake('a');
    void wake('b');
    stop.abort(new Error('stopped'));
    await clock.advance(250);
    await round;
    expect(looks).toHaveLength(1);
  });
});

describe('the cadence of the monitoring', () => {
  interface Jobs {
    readonly clock?: Clock;
    readonly look?: (signal: AbortSignal) => readonly Issue[] | Promise<readonly Issue[]>;
    readonly lookAt?: (components: ReadonlySet<string>, signal: AbortSignal) => Promise<readonly Issue[]>;
    readonly heal?: (issues: readonly Issue[], mode: CallMode) => Promise<unknown>;
  }
  const run = (intervalMs: number, more: (clock: ReturnType<typeof fakeClock>) => Jobs) => {
    const clock = fakeClock();
    const stop = new AbortController();
    const start = clock.monotonic();
    const at: number[] = [];
    const failed: unknown[] = [];
    let wake: (component: string) => void = () => undefined;
    let listening = true;
    const given = more(clock);
    const cycle = {
      heal: given.heal ?? (() => Promise.resolve()),
      watch: (signal: AbortSignal) => {
        at.push(clock.monotonic() - start);
        return given.look?.(signal) ?? [];
      },
      watchOnly: given.lookAt ?? (() => Promise.resolve([])),
      ...{ inRepair: never, undoAll: () => Promise.resolve() },
    };
    const watch: Host['watch'] = (_units, listener) => {
      wake = (component) => listener.unitInTrouble(`${component}.service`);
      return () => (listening = false);
    };
    const ports = {
      ...{ clock, detector: {}, host: { watch }, policy: {}, logger: recordingLogger() },
      guards: { ...DEFAULT_GUARDS, lasting: { ...lasting, others: 1 }, wake: { apartMs: 100 } },
      ledger: { now: () => 0 },
      emit: (name: string, { error }: { error: unknown }) => name === 'cycle:failed' && failed.push(error),
      ...(given.clock && { clock: given.clock }),
    };
    const ended = new Monitoring(ports as never, cycle as never).start(intervalMs, stop.signal);
    return {
      clock,
      stop,
      at,
      failed,
      ended,
      wake: (name: string) => wake(name),
      isListening: () => listening,
    };
  };

  it('is a fixed rate: a look that takes long is followed by the next at once', async () => {
    let took = 400;
    const { clock, stop, at, ended } = run(1_000, (clock) => ({
      look: () => clock.sleep(took).then(() => []),
    }));
    await clock.advance(1_000);
    took = 1_500;
    await clock.advance(3_500);
    expect(at).toEqual([0, 1_000, 2_000, 3_500]);
    stop.abort();
    await clock.advance(2_000);
    await ended;
  });

  it('heals what a look finds, and waits for it before it ends', async () => {
    let release: () => void = () => undefined;
    const heal = vi.fn(
      (_issues: readonly Issue[], _mode: CallMode) => new Promise<void>((resolve) => (release = resolve)),
    );
    const issues = [issueOf()];
    const { clock, stop, ended, isListening } = run(1_000, () => ({ heal, look: () => issues }));
    await clock.advance(0);
    expect(heal).toHaveBeenCalledTimes(1);
    expect(heal).toHaveBeenCalledWith(issues, { signal: expect.any(AbortSignal) as unknown, recent: true });
    expect(isListening()).toBe(true);
    const enough = new Error('enough');
    stop.abort(enough);
    expect(heal.mock.calls[0]?.[1].signal.reason).toBe(enough);
    let isOver = false;
    void ended.then(() => (isOver = true));
    await clock.advance(5_000);
    expect([isOver, isListening()]).toEqual([false, false]);
    release();
    await ended;
  });

  it('heals nothing where a look finds nothing, or the monitoring was stopped during the look', async () => {
    const heal = vi.fn(() => Promise.resolve());
    const calm = run(1_000, () => ({ heal }));
    await calm.clock.advance(3_000);
    calm.stop.abort();
    await calm.ended;
    const late = run(1_000, (clock) => ({ heal, look: () => clock.sleep(500).then(() => [issueOf()]) }));
    await late.clock.advance(100);
    late.stop.abort();
    await late.clock.advance(500);
    await late.ended;
    expect(heal).not.toHaveBeenCalled();
  });

  it('reports a look and a repair that fail, and goes on', async () => {
    const errors = [new Error('look'), new Error('repair')];
    let looks = 0;
    const { clock, stop, at, failed, ended } = run(1_000, () => ({
      heal: () => Promise.reject(errors[1]!),
      look: () => {
        looks += 1;
        if (looks === 1) throw errors[0]!;
        return [issueOf()];
      },
    }));
    await clock.advance(1_000);
    expect(failed).toEqual(errors);
    expect(at).toEqual([0, 1_000]);
    stop.abort();
    await ended;
  });

  it('does not report a look that fails because the monitoring was stopped', async () => {
    const { clock, stop, failed, ended } = run(1_000, (clock) => ({
      look: () => clock.sleep(500).then(() => Promise.reject(new Error('aborted'))),
    }));
    await clock.advance(100);
    stop.abort();
    await clock.advance(500);
    await ended;
    expect(failed).toEqual([]);
  });

  it('looks in between at a component that wakes it, and not after it was stopped', async () => {
    const lookAt = vi.fn((_some: ReadonlySet<string>, _signal: AbortSignal) => Promise.resolve([issueOf()]));
    const heal = vi.fn(() => Promise.resolve());
    const { clock, stop, at, wake, ended } = run(1_000, () => ({ lookAt, heal }));
    await clock.advance(500);
    wake('nginx');
    await clock.advance(0);
    expect(lookAt).toHaveBeenCalledWith(new Set(['nginx']), expect.any(AbortSignal));
    expect(heal).toHaveBeenCalledTimes(1);
    expect(at).toEqual([0]);
    expect(lookAt.mock.calls[0]?.[1].aborted).toBe(false);
    stop.abort();
    expect(lookAt.mock.calls[0]?.[1].aborted).toBe(true);
    await clock.advance(100);
    await ended;
    wake('redis');
    expect(lookAt).toHaveBeenCalledTimes(1);
  });

  it('ends in an error when the clock cannot wait', async () => {
    const { ended, isListening } = run(1_000, (clock) => ({
      clock: { ...clock, sleep: () => Promise.reject(new Error('no timer')) },
    }));
    await expect(ended).rejects.toThrow('The clock could not wait: no timer');
    expect(isListening()).toBe(false);
  });
});
