import { describe, expect, it } from 'vitest';
import { createCircumstanceFinder } from '../../../src/host/systemd/circumstances.js';
import type { LastJobs } from '../../../src/host/systemd/unit-causes.js';
import type { UnitFacts, UnitSource } from '../../../src/host/systemd/unit-facts.js';
import { madeSource, madeUnit, type UnitChanges } from './made-units.js';
import { program } from './program.js';

const DOWN = 1_000_000;
const STOPPED: LastJobs = { stopped: true, startFailed: false };
const DIED: LastJobs = { stopped: false, startFailed: false };
const NO_START: LastJobs = { stopped: false, startFailed: true };

/** A search with a test clock, on a host with these units. */
function search(
  others: readonly UnitFacts[] = [],
  {
    own = {},
    journalctl = '/nonexistent/journalctl',
  }: { own?: Partial<UnitSource>; journalctl?: string } = {},
) {
  let time = 0;
  const made = madeSource(others, own);
  const finder = createCircumstanceFinder({ journalctl, now: () => time });
  const find = (units: readonly UnitFacts[], jobs: LastJobs) =>
    finder.of(units, { source: made.source, jobsOf: () => jobs });
  return {
    ...made,
    find,
    at: (ms: number) => void (time = ms),
    of: async (units: readonly UnitFacts[], jobs = STOPPED) => Object.fromEntries(await find(units, jobs)),
    /** Returns the names of each request since the last time. */
    read: () => made.requests.splice(0).map(({ names }) => names.join(' ')),
  };
}
const down = (id: string, { links = {}, ...changes }: UnitChanges = {}) =>
  madeUnit(id, {
    ...{ activeState: 'inactive', ...changes },
    links: { upAt: 1_000, exitedAt: DOWN, downAt: DOWN + 10, boundTo: links.dependsOn ?? [], ...links },
  });
const bound = (changes: UnitChanges = {}) =>
  down('bound.service', {
    ...changes,
    links: { dependsOn: ['base.service'], exitedAt: DOWN + 5, ...changes.links },
  });
const base = (activeState = 'failed') => down('base.service', { activeState });
const NONE = { cause: null, neededBy: [], members: [], memberOf: [], leftProcesses: 0 };

describe('the circumstances of a unit', () => {
  it.each<[string, UnitFacts]>([
    ['is active', bound({ activeState: 'active' })],
    ['is ending', bound({ activeState: 'deactivating' })],
    ['does not exist', bound({ loadState: 'not-found' })],
    ['has a job', bound({ job: 'start' })],
  ])('are not looked up if it %s', async (_, unit) => {
    const { of, requests, states, tasks } = search([base()]);
    expect(await of([unit])).toEqual({ 'bound.service': NONE });
    expect([requests, states, tasks]).toEqual([[], [], []]);
  });

  it('contain the unit that took it down, with the state of that unit now', async () => {
    const own = { states: (names: readonly string[]) => Promise.resolve(names.map((name) => `now ${name}`)) };
    const { of } = search([base()], { own });
    expect(await of([bound()])).toEqual({
      'bound.service': {
        ...NONE,
        cause: { kind: 'failed', unit: 'base.service', activeState: 'now base.service' },
      },
    });
  });

  it('contain no state of the cause if the source has none', async () => {
    const { of } = search([base()], { own: { states: () => Promise.resolve([]) } });
    expect(await of([bound()])).toMatchObject({ 'bound.service': { cause: { activeState: '' } } });
  });

  it('contain the unit without which it could not start', async () => {
    const app = madeUnit('app.service', {
      ...{ activeState: 'inactive', links: { needsToStart: ['base.service'] } },
    });
    const { of } = search([base('failed')]);
    expect(await of([app], NO_START)).toMatchObject({
      'app.service': { cause: { kind: 'dependency', unit: 'base.service', activeState: 'failed' } },
    });
  });

  it('contain a cause that only the journal shows, read once for all units', async () => {
    const record = (UNIT: string) =>
      JSON.stringify({
        ...{ UNIT, MESSAGE_ID: 'd9b373ed55a64feb8242e02dbe79a49c' },
        __MONOTONIC_TIMESTAMP: `${DOWN * 1_000}`,
      });
    const journalctl = program('journalctl', `echo '${record('base.service')}'`);
    const healed = madeUnit('base.service', {
      links: { upAt: DOWN + 900, exitedAt: DOWN, downAt: DOWN + 1 },
    });
    const { of } = search([healed], { journalctl: journalctl.path });
    const second = down('second.service', { links: { dependsOn: ['base.service'], exitedAt: DOWN + 5 } });
    const cause = { kind: 'failed', unit: 'base.service', activeState: 'active' };
    try {
      expect(await of([bound(), second])).toMatchObject({
        ...{ 'bound.service': { cause }, 'second.service': { cause } },
      });
      expect(journalctl.calls()).toHaveLength(1);
      expect(journalctl.calls()[0]).not.toContain('UNIT=bound.service');
    } finally {
      journalctl.remove();
    }
  });

  it('contain the active units that start it, if it is disabled', async () => {
    const links = { startedBy: ['on.service', 'off.service'] };
    const others = [madeUnit('on.service'), madeUnit('off.service', { activeState: 'inactive' })];
    const { of, states } = search(others);
    const found = await of([
      down('disabled.service', { links, unitFileState: 'disabled' }),
      down('enabled.service', { links, unitFileState: 'enabled' }),
    ]);
    expect(found).toMatchObject({
      'disabled.service': { neededBy: ['on.service'] },
      'enabled.service': { neededBy: [] },
    });
    expect(states).toEqual(['on.service', 'off.service']);
  });

  it('contain the processes that are left of services that are down', async () => {
    const asked: string[][] = [];
    const tasks = (services: readonly string[]) => {
      asked.push([...services]);
      return Promise.resolve([3, 5]);
    };
    const { of } = search([], { own: { tasks } });
    const units = [down('a.mount'), down('b.service'), madeUnit('up.service'), down('c.service')];
    expect(await of(units)).toMatchObject({
      ...{ 'a.mount': { leftProcesses: 0 }, 'b.service': { leftProcesses: 3 } },
      ...{ 'up.service': { leftProcesses: 0 }, 'c.service': { leftProcesses: 5 } },
    });
    expect(asked).toEqual([['b.service', 'c.service']]);
  });
});

describe('the search of a cause', () => {
  it('reads up to three levels of units that are down, each once', async () => {
    const chain = (id: string, ...dependsOn: string[]) => down(id, { links: { dependsOn, boundTo: [] } });
    const others = [
      chain('b.service', 'c.service', 'a.service'),
      chain('c.service', 'd.service', 'b.service'),
      chain('d.service', 'e.service'),
      chain('e.service'),
    ];
    const { of, read, requests } = search(others);
    await of([chain('a.service', 'b.service', 'b.service')]);
    expect(requests[0]).toMatchObject({ discover: false, beside: true });
    expect(read()).toEqual(['b.service', 'c.service', 'd.service']);
  });

  it('does not go beyond a unit that is up', async () => {
    const links = { dependsOn: ['c.service'] };
    const { of, read } = search([madeUnit('b.service', { links })]);
    await of([down('a.service', { links: { dependsOn: ['b.service'] } })]);
    expect(read()).toEqual(['b.service']);
  });

  it('reads nothing of a unit that ended by itself, or whose dependencies are read already', async () => {
    const [died, known] = [search([base()]), search([base()])];
    await died.of([bound()], DIED);
    await known.of([bound(), base()]);
    expect([died.read(), known.read()]).toEqual([[], []]);
  });

  it('is done once for a cause, whose state is read each time', async () => {
    const { at, of, read, states } = search([base()]);
    await of([bound()]);
    expect(read()).toEqual(['base.service']);
    at(1_000_000);
    expect(await of([bound()])).toMatchObject({ 'bound.service': { cause: { unit: 'base.service' } } });
    expect(read()).toEqual([]);
    expect(states).toEqual(['base.service', 'base.service']);
  });

  it('is repeated after a minute if there was none', async () => {
    const { at, of, read } = search([base('active')]);
    at(500);
    await of([bound()]);
    expect(read()).toEqual(['base.service']);
    at(60_499);
    await of([bound()]);
    expect(read()).toEqual([]);
    at(60_500);
    await of([bound()]);
    expect(read()).toEqual(['base.service']);
  });

  it.each<[string, UnitChanges]>([
    ['another state', { activeState: 'failed' }],
    ['a later start', { links: { upAt: 1_001 } }],
    ['a later end', { links: { exitedAt: DOWN + 6 } }],
    ['a later time at which it was down', { links: { downAt: DOWN + 11 } }],
  ])('is repeated after %s of the unit', async (_, changes) => {
    const { of, read } = search([base('active')]);
    await of([bound()]);
    await of([bound(changes)]);
    expect(read()).toEqual(['base.service', 'base.service']);
  });

  it('is repeated after a start that failed, which leaves the times of the unit as they are', async () => {
    const links = { needsToStart: ['base.service'] };
    const { of, read } = search([base()]);
    await of([bound({ links })]);
    await of([bound({ links })], { stopped: true, startFailed: true });
    expect(read()).toEqual(['base.service', 'base.service']);
  });

  it('is repeated if the unit was up in between, and not if it was not read', async () => {
    const { of, read } = search([base('active')]);
    await of([bound()]);
    await of([madeUnit('other.service')]);
    await of([bound()]);
    expect(read()).toEqual(['base.service']);
    await of([bound({ activeState: 'active' })]);
    await of([bound()]);
    expect(read()).toEqual(['base.service']);
  });

  it.each([
    [1_000, 1],
    [1_001, 2],
  ])('with %i known units, is done %i times for a unit: their number is limited', async (count, times) => {
    const { of, read } = search([base('active')]);
    await of([bound(), ...Array.from({ length: count - 1 }, (_, at) => down(`u${at}.mount`))]);
    await of([down('next.mount')]);
    await of([bound()]);
    expect(read()).toHaveLength(times);
  });
});

describe('the last circumstances', () => {
  const followed = { followsAll: true, version: 7 };

  it('are returned again for half a minute while nothing changes', async () => {
    const { at, find, states } = search([base()], { own: followed });
    const units = [bound()];
    const first = await find(units, STOPPED);
    at(29_999);
    expect(await find([...units], STOPPED)).toBe(first);
    expect(states).toEqual(['base.service']);
    at(30_000);
    expect(await find(units, STOPPED)).not.toBe(first);
  });

  it('are not those of other units, of more, or of an earlier version', async () => {
    const { find, source } = search([base()], { own: followed });
    const units = [bound(), madeUnit('up.service')];
    for (const others of [
      [units[0]!, madeUnit('up.service')],
      [...units, madeUnit('more.service')],
    ]) {
      const first = await find(units, STOPPED);
      expect(await find(others, STOPPED)).not.toBe(first);
    }
    const first = await find(units, STOPPED);
    Object.assign(source, { version: 8 });
    expect(await find(units, STOPPED)).not.toBe(first);
  });

  it.each<[string, Partial<UnitSource>]>([
    ['only the changes of some units are signalled', { version: 7, followsAll: false }],
    ['no changes are signalled', { version: NaN, followsAll: true }],
    ['the source has no signals', {}],
  ])('are not returned again while %s', async (_, own) => {
    const { find } = search([base()], { own });
    const units = [bound()];
    const first = await find(units, STOPPED);
    expect(await find(units, STOPPED)).not.toBe(first);
  });
});
