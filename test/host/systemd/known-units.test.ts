import { describe, expect, it } from 'vitest';
import type { ListedUnit } from '../../../src/host/systemd/dbus-calls.js';
import { unitPath } from '../../../src/host/systemd/dbus-properties.js';
import { createKnownUnits, namesIn } from '../../../src/host/systemd/known-units.js';
import type { Mark, SignalWatch } from '../../../src/host/systemd/signal-watch.js';
import type { UnitFacts } from '../../../src/host/systemd/unit-facts.js';
import { madeUnit } from './made-units.js';

const MARK: Mark = { globalChanges: 0, changes: new Map() };
/** A mark after which the unit has changed, or after which names may refer to other units. */
const CHANGED: Mark = { ...MARK };
const RENAMED: Mark = { ...MARK };

/** A cache with a test clock, that keeps units under their names. */
function cache() {
  let time = 1_000;
  const watch = {
    unchangedSince: (mark: Mark) => mark !== CHANGED,
    namesHoldSince: (mark: Mark) => mark !== RENAMED,
  };
  const known = createKnownUnits(watch as SignalWatch, () => time);
  return {
    known,
    at: (ms: number) => void (time = ms),
    keep(unit: UnitFacts, mark = MARK, readAt = time) {
      known.keep(unit.name, unit, mark, readAt);
      return unit;
    },
    /** Returns how the cache sorts these names. */
    sort(names: readonly string[], force?: boolean) {
      const { fresh, due, changed, missing } = known.sort(names, force);
      return {
        ...{ fresh: [...fresh.keys()], due: due.map(({ name }) => name) },
        ...{ changed: [...changed.keys()], missing },
      };
    },
  };
}
const listed = (unit: UnitFacts, changes: Partial<ListedUnit> = {}): ListedUnit => {
  const { id, loadState, activeState, subState, job } = unit;
  return { id, loadState, activeState, subState, job, path: unitPath(id), jobId: 0, ...changes };
};
const nothing = { fresh: [], due: [], changed: [], missing: [] };
const a = madeUnit('a.service');
const b = madeUnit('b.service');

describe('the cache of units', () => {
  it('returns unchanged units, also those that were not requested, and names the missing ones once', () => {
    const { keep, sort } = cache();
    keep(a);
    keep(b);
    expect(sort(['a.service', 'c.service', 'c.service'])).toEqual({
      ...nothing,
      ...{ fresh: ['a.service', 'b.service'], missing: ['c.service'] },
    });
  });

  it('returns requested units that have changed, with their id and path, and no others', () => {
    const { keep, sort, known } = cache();
    const alias = { ...a, name: 'alias.service' };
    keep(alias, CHANGED);
    keep(b, CHANGED);
    expect(sort(['alias.service'])).toEqual({ ...nothing, changed: ['alias.service'] });
    expect(known.sort(['alias.service']).changed.get('alias.service')).toEqual({
      ...{ id: 'a.service', path: '/org/freedesktop/systemd1/unit/a_2eservice' },
    });
  });

  it('counts every requested unit as changed on request, and no others', () => {
    const { keep, sort } = cache();
    keep(a);
    keep(b);
    expect(sort(['a.service'], true)).toEqual({ ...nothing, fresh: ['b.service'], changed: ['a.service'] });
  });

  it('misses a unit whose name may refer to another one', () => {
    const { keep, sort } = cache();
    keep(a, RENAMED);
    expect(sort(['a.service'])).toEqual({ ...nothing, missing: ['a.service'] });
    expect(sort(['a.service'], true)).toEqual({ ...nothing, missing: ['a.service'] });
  });

  it('asks for confirmation after half a minute, and forgets units that are not requested', () => {
    const { at, keep, sort } = cache();
    keep(a, MARK, 1_000);
    keep(b, MARK, 1_000);
    at(30_999);
    expect(sort(['a.service']).fresh).toEqual(['a.service', 'b.service']);
    at(31_000);
    expect(sort(['a.service'])).toEqual({ ...nothing, due: ['a.service'] });
    at(1_000);
    expect(sort(['b.service']), 'forgotten').toEqual({
      ...nothing,
      ...{ fresh: ['a.service'], missing: ['b.service'] },
    });
  });

  it('reads a confirmed unit again after ten minutes', () => {
    const { at, keep, known, sort } = cache();
    keep(a, MARK, 1_000);
    at(600_999);
    expect(sort(['a.service']).due).toEqual(['a.service']);
    expect(known.confirm(a, new Map([['a.service', listed(a)]]))).toBe(true);
    expect(sort(['a.service']).fresh).toEqual(['a.service']);
    at(601_000);
    expect(sort(['a.service'])).toEqual({ ...nothing, changed: ['a.service'] });
  });

  it('keeps the facts that were read last, not those that arrived last', () => {
    const { keep, known } = cache();
    const [older, newer, same] = [{ ...a }, { ...a }, { ...a }];
    keep(newer, MARK, 1_000);
    keep(older, MARK, 999);
    expect(known.sort([]).fresh.get('a.service')).toBe(newer);
    keep(same, MARK, 1_000);
    expect(known.sort([]).fresh.get('a.service')).toBe(same);
  });
});

describe('a list of units', () => {
  const triggered = madeUnit('a.service', {
    ...{ loadState: 'loaded', activeState: 'active', subState: 'running', job: '' },
    triggeredBy: [
      { name: 'a.socket', activeState: 'active' },
      { name: 'a.timer', activeState: 'inactive' },
    ],
  });
  const triggers: [string, ListedUnit][] = [
    ['a.socket', listed(madeUnit('a.socket'))],
    ['a.timer', listed(madeUnit('a.timer', { activeState: 'inactive' }))],
  ];

  it('has to contain the units and their triggers', () => {
    expect(namesIn([{ ...triggered, name: 'alias.service' }, b])).toEqual([
      ...['a.socket', 'a.timer', 'alias.service', 'b.service'],
    ]);
  });

  it('confirms a unit for another half a minute if it shows it unchanged', () => {
    const { at, keep, known, sort } = cache();
    keep(triggered);
    at(31_000);
    expect(known.confirm(triggered, new Map([['a.service', listed(triggered)], ...triggers]))).toBe(true);
    at(60_999);
    expect(sort(['a.service']).fresh).toEqual(['a.service']);
    at(61_000);
    expect(sort(['a.service']).due).toEqual(['a.service']);
  });

  it.each<[string, Partial<ListedUnit>]>([
    ['id', { id: 'other.service' }],
    ['load state', { loadState: 'not-found' }],
    ['active state', { activeState: 'failed' }],
    ['sub-state', { subState: 'exited' }],
    ['job', { job: 'stop' }],
  ])('does not confirm a unit with another %s', (_, changes) => {
    const { at, keep, known, sort } = cache();
    keep(triggered);
    at(31_000);
    const list = new Map([['a.service', listed(triggered, changes)], ...triggers]);
    expect(known.confirm(triggered, list)).toBe(false);
    expect(sort(['a.service']).due).toEqual(['a.service']);
  });

  it('does not confirm a unit that it lacks, or whose triggers it lacks or shows in another state', () => {
    const { keep, known } = cache();
    keep(triggered);
    const own: [string, ListedUnit] = ['a.service', listed(triggered)];
    const [socket] = triggers;
    const started: [string, ListedUnit] = ['a.timer', listed(madeUnit('a.timer'))];
    for (const list of [[], triggers, [own], [own, socket!], [own, socket!, started]])
      expect(known.confirm(triggered, new Map(list))).toBe(false);
  });

  it('does not confirm facts that were replaced or never kept', () => {
    const { keep, known } = cache();
    const list = new Map([['a.service', listed(a)]]);
    expect(known.confirm(a, list)).toBe(false);
    keep({ ...a });
    expect(known.confirm(a, list)).toBe(false);
  });
});
