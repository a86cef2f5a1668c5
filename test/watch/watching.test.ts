import { describe, expect, it, vi } from 'vitest';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import type { ComponentVerdict, Issue } from '../../src/model/issue.js';
import type { ReadingRecord } from '../../src/model/lost-reading.js';
import { fakeClock, fakeHost } from '../../src/testing/index.js';
import { askForAbsent, namesAll } from '../../src/watch/absent.js';
import { AT_ONCE, blindChecks, debounce, watchKey, type Watches } from '../../src/watch/debounce.js';
import { FastPath } from '../../src/watch/fast-path.js';
import { gatherEvidence } from '../../src/watch/log-evidence.js';
import { isLost, nextReadings, type ReadingFacts } from '../../src/watch/lost-readings.js';
import { monitor, type MonitorJobs } from '../../src/watch/monitor.js';
import { OpenIssues } from '../../src/watch/open-issues.js';
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

describe('lost readings', () => {
  const MINUTE = 60_000;
  const facts = (more: Partial<ReadingFacts> = {}): ReadingFacts => ({
    ...{ listed: new Set(['a', 'b']), enabled: undefined, skip: never, now: 0 },
    ...more,
  });
  const lose = (component: string, more: Partial<ComponentVerdict> = {}) =>
    of(component, 'unknown', { reason: `no ${component} after 5 s`, ...more });
  /** Applies looks one after the other, at these times; returns the names of what is lost and back after each. */
  const looks = (
    rows: readonly (readonly [at: number, verdicts: readonly ComponentVerdict[]])[],
    more = {},
  ) => {
    let records: ReadonlyMap<string, ReadingRecord> = new Map();
    return rows.map(([now, verdicts]) => {
      const changes = nextReadings(records, verdicts, facts({ ...more, now }));
      records = changes.records;
      const names = (list: readonly ReadingRecord[]) => list.map(({ component }) => component).join(' ');
      return [names(changes.lost), names(changes.back), [...records.values()].filter(isLost).length];
    });
  };

  it.each<[string, ComponentVerdict[], Partial<ReadingFacts>, string[]]>([
    ['a listed unit', [lose('a')], {}, ['a']],
    ['an unlisted unit', [lose('x')], {}, []],
    ['a unit when none is listed', [lose('x')], { listed: undefined }, []],
    ['all units', [lose('services')], {}, ['services']],
    ['all units, and with them each listed one', [lose('services'), lose('a')], {}, ['services', 'a']],
    ['a check of the host program', [lose('q', { check: 'mine' })], {}, ['q']],
    [
      'all of a built-in check',
      [lose('disk:/', { check: 'disk' }), lose('disk:/a', { check: 'disk' })],
      {},
      ['disk'],
    ],
    [
      'one of the readings of a built-in check',
      [lose('disk:/', { check: 'disk' }), of('d', 'ok', { check: 'disk' })],
      {},
      [],
    ],
    ['the generation, which is no reading', [lose('system', { check: 'system' })], {}, []],
    ['the CPU, which needs two readings', [lose('cpu', { check: 'cpu' })], {}, []],
    ['what is being repaired', [lose('a'), lose('b')], { skip: (one) => one === 'a' }, ['b']],
  ])('are those that somebody relies on: %s', (_what, verdicts, more, lost) => {
    const changes = nextReadings(new Map(), verdicts, facts(more));
    expect(changes.lost.map(({ component }) => component)).toEqual(lost);
    expect(changes.back).toEqual([]);
  });

  it('have their component, check, reason and whether somebody listed it', () => {
    const verdicts = [
      lose('b'),
      lose('services'),
      lose('m', { check: 'memory' }),
      lose('q', { check: 'mine' }),
    ];
    const { lost } = nextReadings(new Map(), verdicts, facts({ now: 7 }));
    const record = { since: 7, looks: 1, reported: true, saidAt: 7 };
    expect(lost).toEqual([
      {
        ...record,
        component: 'b',
        check: 'services',
        reason: 'no b after 5 s',
        listed: true,
        said: ['no … after # s'],
      },
      {
        ...record,
        component: 'services',
        check: 'services',
        reason: 'no services after 5 s',
        listed: true,
        said: ['no … after # s'],
      },
      {
        ...record,
        component: 'q',
        check: 'mine',
        reason: 'no q after 5 s',
        listed: true,
        said: ['no … after # s'],
      },
      {
        ...record,
        component: 'memory',
        check: 'memory',
        reason: 'no m after 5 s',
        listed: false,
        said: ['no m after # s'],
      },
    ]);
    const unlisted = nextReadings(new Map(), [lose('services')], facts({ listed: undefined }));
    expect(unlisted.lost).toMatchObject([{ listed: false }]);
  });

  it('are reported once, and again when they are back', () => {
    expect(
      looks([
        [0, [lose('a')]],
        [10, [lose('a')]],
        [20, [of('a', 'ok')]],
        [30, [of('a', 'ok')]],
      ]),
    ).toEqual([
      ['a', '', 1],
      ['', '', 1],
      ['', 'a', 0],
      ['', '', 0],
    ]);
  });

  it('are reported again for another reason, not for another number', () => {
    const other = { reason: 'no right' };
    expect(
      looks([
        [0, [lose('a')]],
        [1, [lose('a', { reason: 'no a after 9 s' })]],
        [2, [lose('a', other)]],
        [3, [lose('a')]],
        [4, [lose('a', other)]],
      ]).map(([lost]) => lost),
    ).toEqual(['a', '', 'a', '', '']);
  });

  it('keep the first form of a sentence while only its numbers change, and the start of the loss', () => {
    const first = nextReadings(new Map(), [lose('a')], facts({ now: 5 }));
    const then = nextReadings(first.records, [lose('a', { reason: 'no a after 9 s' })], facts({ now: 6 }));
    expect([...then.records.values()]).toMatchObject([
      { reason: 'no a after 5 s', since: 5, looks: 2, reported: true, saidAt: 5 },
    ]);
    const other = nextReadings(then.records, [lose('a', { reason: 'no right' })], facts({ now: 7 }));
    expect([...other.records.values()]).toMatchObject([
      { reason: 'no right', since: 5, looks: 3, saidAt: 7 },
    ]);
  });

  it.each([
    [5 * MINUTE - 1, ''],
    [5 * MINUTE, 'a'],
  ])('that come and go are reported again for the same reason after 5 min: after %d ms %j', (at, lost) => {
    const rows = looks([
      [0, [lose('a')]],
      [10, [of('a', 'ok')]],
      [at, [lose('a')]],
    ]);
    expect(rows[2]?.[0]).toBe(lost);
  });

  it('that stay lost for hours are reported once', () => {
    const hours = Array.from({ length: 5 }, (_, index) => [index * 60 * MINUTE, [lose('a')]] as const);
    expect(looks(hours).map(([lost]) => lost)).toEqual(['a', '', '', '', '']);
  });

  it('are reported for eight reasons within 5 min at most', () => {
    const rows = 'abcdefghij'
      .split('')
      .map((word, at) => [at, [lose('a', { reason: `cause ${word}x` })]] as const);
    expect(looks(rows).map(([lost]) => lost)).toEqual([...Array.from({ length: 8 }, () => 'a'), '', '']);
  });

  it('of the CPU are reported in the second look without it', () => {
    const cpu = lose('cpu', { check: 'cpu' });
    expect(
      looks([
        [0, [cpu]],
        [1, [cpu]],
        [2, [cpu]],
      ]),
    ).toEqual([
      ['', '', 0],
      ['cpu', '', 1],
      ['', '', 1],
    ]);
  });

  it('are back when their check ran and has no verdict on them any more', () => {
    const rows = looks([
      [0, [lose('a'), lose('q', { check: 'mine' })]],
      [1, [of('b', 'ok')]],
    ]);
    expect(rows).toEqual([
      ['a q', '', 2],
      ['', 'a q', 0],
    ]);
  });

  it('of one unit are neither back nor lost while no unit can be read', () => {
    const rows = looks([
      [0, [lose('a')]],
      [1, [lose('services')]],
      [2, [of('a', 'ok')]],
    ]);
    expect(rows).toEqual([
      ['a', '', 1],
      ['services', '', 2],
      ['', 'a services', 0],
    ]);
  });

  it('are kept while their component is in repair, and forgotten when their check is switched off', () => {
    const { records } = nextReadings(new Map(), [lose('a')], facts());
    const inRepair = nextReadings(records, [of('a', 'ok')], facts({ skip: () => true, now: 1 }));
    expect([inRepair.back, inRepair.records]).toEqual([[], records]);
    for (const enabled of [['services'], [], undefined])
      expect(nextReadings(records, [], facts({ enabled })).back).toHaveLength(1);
    const off = nextReadings(records, [], facts({ enabled: ['cpu'] }));
    expect([off.back, off.records.size]).toEqual([[], 0]);
  });

  it('that were known again begin a new loss', () => {
    const first = nextReadings(new Map(), [lose('a')], facts({ now: 1 }));
    const known = nextReadings(first.records, [of('a', 'ok')], facts({ now: 2 }));
    expect([...known.records.values()]).toMatchObject([{ looks: 0, reported: false }]);
    const again = nextReadings(known.records, [lose('a', { reason: 'no a after 9 s' })], facts({ now: 3 }));
    expect([...again.records.values()]).toMatchObject([{ since: 3, looks: 1, reason: 'no a after 9 s' }]);
    expect(nextReadings(known.records, [of('a', 'ok')], facts({ now: 5 * MINUTE + 1 })).records.size).toBe(0);
  });
});

describe('the open issues', () => {
  const at = new Date(1_000);
  const open = () => new OpenIssues();
  /** Issues of two checks of `a`, and of `b`. */
  const openThree = () => {
    const issues = open();
    issues.watch(
      [of('a', 'bad'), of('a', 'bad', { check: 'mine' }), of('b', 'bad')],
      at,
      0,
      undefined,
      never,
    );
    return issues;
  };

  it('are calm until something is bad, and again once it has cleared', () => {
    const issues = open();
    expect(issues.calm).toBe(true);
    issues.watch([verdictOf({ check: 'cpu' })], at, 0, lasting, never);
    expect([issues.calm, issues.issues]).toEqual([false, []]);
    issues.watch([verdictOf({ check: 'cpu', status: 'ok' })], at, 0, lasting, never);
    expect(issues.calm).toBe(true);
  });

  it('tell what opened, cleared and is gone', () => {
    const issues = open();
    const names = (list: readonly { readonly issue: Issue }[]) => list.map(({ issue }) => issue.component);
    const first = issues.watch([of('a', 'bad'), of('b', 'bad'), of('c', 'bad')], at, 5, undefined, never);
    expect([names(first.opened), first.cleared, first.gone]).toEqual([['a', 'b', 'c'], [], []]);
    const next = issues.watch([of('a', 'bad'), of('b', 'ok')], new Date(2_000), 6, undefined, never);
    expect([names(next.opened), names(next.cleared), names(next.gone)]).toEqual([[], ['b'], ['c']]);
    expect(issues.issues).toMatchObject([{ component: 'a', timestamp: at }]);
    expect(issues.about('a')).toMatchObject([{ since: 5 }]);
    expect(issues.verdicts.map(({ component }) => component)).toEqual(['a']);
  });

  it.each([
    [undefined, 50],
    [400, -550],
    [1_000, 50],
    // A clock that was set back: not in the future.
    [1_500, 50],
  ])('are bad since the time that their source says: %s', (since, steady) => {
    const issues = open();
    const given = since === undefined ? {} : { since };
    issues.watch([of('a', 'bad', given)], at, 50, undefined, never);
    expect(issues.about('a')).toMatchObject([{ since: steady }]);
  });

  it('are found by component, by check, and by what is bad now', () => {
    const issues = openThree();
    expect(issues.checksOf('a')).toEqual(['services', 'mine']);
    expect(issues.checksOf('x')).toEqual([]);
    const bad = issues.badNow([of('a', 'ok'), of('b', 'bad'), of('a', 'bad', { type: 'system' })]);
    expect(bad.map(({ component }) => component)).toEqual(['b']);
  });

  it('change only where a look at single components looked', () => {
    const issues = open();
    issues.watch([of('a', 'bad'), of('b', 'bad')], at, 0, undefined, never);
    const turn = issues.watchOnly(new Set(['a']), [of('a', 'ok')], at, 1, lasting, never);
    expect(turn).toMatchObject({ opened: [], cleared: [{ issue: { component: 'a' } }], gone: [] });
    expect(issues.issues.map(({ component }) => component)).toEqual(['b']);
    const held = issues.watchOnly(new Set(['b']), [of('b', 'ok')], at, 1, lasting, () => true);
    expect(held.cleared).toEqual([]);
  });

  it('of a proven component are cleared at once, all of them', () => {
    const issues = openThree();
    expect(issues.clear('a')).toHaveLength(2);
    expect(issues.issues.map(({ component }) => component)).toEqual(['b']);
    issues.clear('b');
    expect(issues.calm).toBe(true);
  });

  it('have the log lines that were read when they opened, after those of their check', () => {
    const issues = open();
    const verdicts = [of('a', 'bad', { evidence: ['seen'], log: ['said'] }), of('b', 'bad')];
    const { opened } = issues.watch(verdicts, at, 0, undefined, never);
    issues.keep(opened[0]!, ['line']);
    const [a, b] = issues.issues;
    expect(a).toMatchObject({ evidence: ['seen', 'line'], log: ['said', 'line'] });
    expect([a, a!.evidence, a!.log].every(Object.isFrozen)).toBe(true);
    expect(b).not.toHaveProperty('log');
    issues.watch(verdicts, new Date(9_000), 1, undefined, never);
    expect(issues.issues[0]).toMatchObject({ log: ['said', 'line'] });
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
    askForAbsent(open, seen, { detector, isHeld, signal });

  it('is not asked for when all were read, nothing is open, or it is held', () => {
    const a = of('a', 'bad');
    expect(ask([], [])).toBeUndefined();
    expect(ask([a], [of('a', 'ok')])).toBeUndefined();
    expect(ask([a], [of('x', 'unknown')])).toBeUndefined();
    expect(ask([a], [], () => true)).toBeUndefined();
    const finder = { detectIssues: detector.detectIssues };
    expect(askForAbsent([a], [], { detector: finder, isHeld: never, signal })).toBeUndefined();
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
      wake: createWaker({ clock, apartMs, look }, stop.signal),
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
  const run = (intervalMs: number, more: (clock: ReturnType<typeof fakeClock>) => Partial<MonitorJobs>) => {
    const clock = fakeClock();
    const stop = new AbortController();
    const start = clock.monotonic();
    const at: number[] = [];
    const failed: unknown[] = [];
    let wake: (component: string) => void = () => undefined;
    let listening = true;
    const given = more(clock);
    const jobs: MonitorJobs = {
      ...{ clock, wakesApartMs: 100, heal: () => Promise.resolve() },
      lookAt: () => Promise.resolve([]),
      failed: (error) => void failed.push(error),
      listen: (given) => {
        wake = given;
        return () => (listening = false);
      },
      ...given,
      look: (signal) => {
        at.push(clock.monotonic() - start);
        return given.look?.(signal) ?? [];
      },
    };
    const ended = monitor(intervalMs, jobs, stop.signal);
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
    const heal = vi.fn(() => new Promise<void>((resolve) => (release = resolve)));
    const issues = [issueOf()];
    const { clock, stop, ended, isListening } = run(1_000, () => ({ heal, look: () => issues }));
    await clock.advance(0);
    expect(heal).toHaveBeenCalledTimes(1);
    expect(heal).toHaveBeenCalledWith(issues, stop.signal);
    expect(isListening()).toBe(true);
    stop.abort(new Error('enough'));
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
    const lookAt = vi.fn(() => Promise.resolve([issueOf()]));
    const heal = vi.fn(() => Promise.resolve());
    const { clock, stop, at, wake, ended } = run(1_000, () => ({ lookAt, heal }));
    await clock.advance(500);
    wake('nginx');
    await clock.advance(0);
    expect(lookAt).toHaveBeenCalledWith(new Set(['nginx']), stop.signal);
    expect(heal).toHaveBeenCalledTimes(1);
    expect(at).toEqual([0]);
    stop.abort();
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
