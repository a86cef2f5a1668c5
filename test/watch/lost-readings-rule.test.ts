import { describe, expect, it } from 'vitest';
import type { ComponentVerdict } from '../../src/model/issue.js';
import type { ReadingRecord } from '../../src/model/lost-reading.js';
import { isLost, nextReadings, type ReadingFacts } from '../../src/watch/lost-readings.js';
import { verdictOf } from '../make.js';

const never = (): boolean => false;
const of = (component: string, status: ComponentVerdict['status'], more: Partial<ComponentVerdict> = {}) =>
  verdictOf({ check: 'services', type: 'service', component, status, ...more });

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
    const recordOf = (component: string, check: string, word: string, listed: boolean) => {
      const form = `no ${word === component ? '…' : word} after # s`;
      const of = { component, check, reason: `no ${word} after 5 s`, listed };
      return { ...of, since: 7, looks: 1, reported: true, form, said: [form], saidAt: 7 };
    };
    expect(lost).toEqual([
      recordOf('b', 'services', 'b', true),
      recordOf('services', 'services', 'services', true),
      recordOf('q', 'mine', 'q', true),
      recordOf('memory', 'memory', 'm', false),
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

  it('of a check that has ended are back while no unit can be read', () => {
    const rows = looks([
      [0, [lose('services'), lose('q', { check: 'mine' })]],
      [1, [lose('services')]],
    ]);
    expect(rows[1]).toEqual(['', 'q', 1]);
  });

  it('that the first look without the CPU reading only supposes are never back', () => {
    const cpu = (status: 'ok' | 'unknown') => of('cpu', status, { check: 'cpu' });
    expect(
      looks([
        [0, [cpu('unknown')]],
        [1, [cpu('ok')]],
      ]),
    ).toEqual([
      ['', '', 0],
      ['', '', 0],
    ]);
  });

  it('that stay lost are reported again after 5 min for any reason but the last one', () => {
    const [one, two] = [lose('a', { reason: 'no right' }), lose('a', { reason: 'no bus' })];
    const rows = looks([
      [0, [one]],
      [1, [two]],
      [7 * MINUTE, [two]],
      [7 * MINUTE + 1, [one]],
    ]);
    expect(rows.map(([lost]) => lost)).toEqual(['a', 'a', '', 'a']);
  });

  it('have their present reason also if it was reported before', () => {
    const reasons = ['no right', 'no bus', 'no right', 'no bus', 'no a after 9 s', 'no a after 8 s'];
    let records: ReadonlyMap<string, ReadingRecord> = new Map();
    const now = reasons.map((reason, at) => {
      records = nextReadings(records, [lose('a', { reason })], facts({ now: at })).records;
      return [...records.values()][0]?.reason;
    });
    expect(now).toEqual([...reasons.slice(0, -1), 'no a after 9 s']);
  });
});
