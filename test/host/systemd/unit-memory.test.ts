import { afterEach, describe, expect, it, vi } from 'vitest';
import type { UnitFacts, UnitsFacts, UnitSource } from '../../../src/host/systemd/unit-facts.js';
import { createUnitMemory } from '../../../src/host/systemd/unit-memory.js';
import { madeSource, madeUnit, type UnitChanges } from './made-units.js';

/** A memory with a test clock, on a host with these units. */
function memory(others: readonly UnitFacts[] = [], own: Partial<UnitSource> = {}) {
  let time = 0;
  const made = madeSource(others, { stopped: () => false, ...own });
  const units = createUnitMemory({ journalctl: '/nonexistent/journalctl', now: () => time });
  const complete = (facts: Partial<UnitsFacts>, names: readonly string[], discover = true) =>
    units.complete(
      names,
      { asked: [], troubled: [], matched: [], ...facts },
      { source: made.source, discover, startedAt: time },
    );
  return {
    ...made,
    complete,
    followed: units.followed,
    at: (ms: number) => void (time = ms),
    /** Completes the facts of one named unit. */
    one: async (unit: UnitFacts) => (await complete({ asked: [unit] }, [unit.name])).asked[0]!,
  };
}
const ids = (units: readonly { readonly id: string }[]) => units.map(({ id }) => id);
const failed = (id: string, links: UnitChanges['links'] = {}) =>
  madeUnit(id, { activeState: 'failed', subState: 'failed', links });

describe('the readings of units', () => {
  it('are in the order of the requested names, with those that no unit can have', async () => {
    const units = [madeUnit('a.service'), madeUnit('b.service')];
    const { asked } = await memory().complete({ asked: units }, ['b.service', 'no;name', 'a.service']);
    expect(ids(asked)).toEqual(['b.service', 'no;name', 'a.service']);
    expect(asked[1]).toEqual({
      ...{ name: 'no;name', id: 'no;name', names: ['no;name'], loadState: 'not-found', loadError: '' },
      ...{ needsReload: false, activeState: 'inactive', subState: 'dead', unitFileState: '', type: '' },
      ...{ result: '', exitStatus: 0, exitKind: '', remainsAfterExit: false, transient: false },
      ...{ canReload: false, invocationId: '', restarts: 0, restartDelayMs: 0, recentRestarts: 0 },
      ...{ dailyRestarts: 0, restartsAfterSuccess: false, activeSince: 0, inactiveSince: 0 },
      ...{ transitionSince: 0, conditionMet: true, conditionAt: 0, job: '', triggeredBy: [], triggers: [] },
      ...{ wantedBy: [], dragsAlong: [], requires: [], needs: [] },
      ...{ startTimeoutMs: Infinity, stopTimeoutMs: Infinity },
      stoppedByJob: { unknown: 'there is no such unit' },
      ...{ cause: null, neededBy: [], members: [], memberOf: [], leftProcesses: 0 },
    });
  });

  it('are frozen, and without the links that only the search of causes needs', async () => {
    const reading = await memory().one(madeUnit('a.service'));
    expect(reading).not.toHaveProperty('links');
    expect(Object.isFrozen(reading)).toBe(true);
  });

  it('are the same objects while nothing changes, and others as soon as something does', async () => {
    let stopped = false;
    const { one } = memory([], { stopped: () => stopped });
    const unit = failed('a.service');
    const first = await one(unit);
    expect(await one(unit)).toBe(first);
    stopped = true;
    expect(await one(unit)).toMatchObject({ stoppedByJob: true });
    expect(first).toMatchObject({ stoppedByJob: false });
    expect(await one({ ...unit })).not.toBe(first);
  });

  it('have the processes that are left, whether a job stopped them, and the unit without which they could not start', async () => {
    const links = { needsToStart: ['base.service'], dependsOn: ['base.service'] };
    const { one } = memory([failed('base.service')], {
      ...{ stopped: () => true, startFailed: () => true, tasks: () => Promise.resolve([4]) },
    });
    expect(await one(madeUnit('a.service', { activeState: 'inactive', links }))).toMatchObject({
      ...{ stoppedByJob: true, leftProcesses: 4 },
      cause: { kind: 'dependency', unit: 'base.service', activeState: 'failed' },
    });
    expect((await one(madeUnit('up.service'))).stoppedByJob).toMatchObject({
      unknown: expect.stringContaining('looked up only') as string,
    });
  });

  it('have their groups, and come with the members of groups', async () => {
    const group = madeUnit('db.service', { type: 'oneshot', remainsAfterExit: true });
    const instance = madeUnit('db@1.service');
    const { asked, members } = await memory([group, instance]).complete({ asked: [group] }, ['db.service']);
    expect(asked).toMatchObject([{ members: ['db@1.service'], memberOf: [] }]);
    expect(members).toMatchObject([{ id: 'db@1.service', members: [], memberOf: ['db.service'] }]);
  });

  it('have a cause and a count of restarts also as a member or by a pattern', async () => {
    const loop = (restarts: number) => madeUnit('db@1.service', { restarts });
    const group = madeUnit('db.service', { type: 'oneshot', remainsAfterExit: true });
    for (const matched of [true, false]) {
      let restarts = 0;
      const made = memory([group], {
        readUnits: () =>
          Promise.resolve({
            asked: [loop(restarts)],
            troubled: [],
            matched: matched ? [] : [loop(restarts)],
          }),
      });
      const facts = () => (matched ? { matched: [loop(restarts)] } : { asked: [group] });
      const names = matched ? [] : ['db.service'];
      await made.complete(facts(), names, false);
      restarts = 2;
      made.at(1_000);
      const read = await made.complete(facts(), names, false);
      expect(matched ? read.matched : read.members).toMatchObject([
        { id: 'db@1.service', recentRestarts: 2 },
      ]);
    }
  });

  it('come with those that match a pattern', async () => {
    const { complete } = memory();
    const { matched } = await complete({ matched: [madeUnit('a.service')] }, []);
    expect(ids(matched ?? [])).toEqual(['a.service']);
    expect(await complete({ asked: [madeUnit('a.service')] }, ['a.service'])).not.toHaveProperty('matched');
    expect(await complete({ asked: [madeUnit('a.service')] }, ['a.service'])).not.toHaveProperty('members');
  });
});

describe('the time since which a unit has a job', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('is when the job was first read, for this job only', async () => {
    const clock = vi.spyOn(Date, 'now');
    const { one } = memory();
    const since = async (now: number, job: string, transitionSince = 0) => {
      clock.mockReturnValue(now);
      return (await one(madeUnit('a.service', { job, transitionSince }))).transitionSince;
    };
    expect(await since(1_000, '')).toBe(0);
    expect(await since(2_000, 'start')).toBe(2_000);
    expect(await since(3_000, 'start')).toBe(2_000);
    expect(await since(4_000, 'stop')).toBe(4_000);
    expect(await since(5_000, '')).toBe(0);
    expect(await since(6_000, 'stop'), 'a new job').toBe(6_000);
  });

  it('is that of the transition, if systemd has it', async () => {
    const { one } = memory();
    expect(await one(madeUnit('a.service', { job: 'start', transitionSince: 7 }))).toMatchObject({
      ...{ job: 'start', transitionSince: 7 },
    });
    expect(await one(madeUnit('b.service', { transitionSince: 1 }))).toMatchObject({ transitionSince: 1 });
  });
});

describe('failing units that are not named', () => {
  it('need no request if no failed unit has dependents, or none of these is down', async () => {
    const { complete, requests, states } = memory([madeUnit('up.service')]);
    await complete({ troubled: [failed('a.service')] }, []);
    expect([requests, states]).toEqual([[], []]);
    await complete({ troubled: [failed('a.service', { dependents: ['up.service'] })] }, []);
    expect([requests, states]).toEqual([[], ['up.service']]);
  });

  it('are read beside the others, if a dependent of a failed one is down', async () => {
    const off = madeUnit('off.service', { activeState: 'inactive' });
    const { complete, requests, states } = memory([off, madeUnit('up.service')]);
    const links = { dependents: ['off.service', 'up.service'] };
    await complete({ troubled: [failed('a.service', links), failed('b.service', links)] }, []);
    expect(states).toEqual(['off.service', 'up.service']);
    expect(requests).toMatchObject([{ names: ['off.service'], discover: false, beside: true }]);
  });

  it('are no others than those of a failed one: none of one that waits for its restart', async () => {
    const { complete, states } = memory();
    const waiting = { activeState: 'activating', subState: 'auto-restart' };
    await complete({ troubled: [{ ...failed('a.service', { dependents: ['b.service'] }), ...waiting }] }, []);
    expect(states).toEqual([]);
  });

  const DOWN = 1_000_000;
  const base = failed('base.service', {
    ...{ upAt: 1_000, exitedAt: DOWN, downAt: DOWN + 1, dependents: ['bound.service', 'up.service'] },
  });
  const bound = (changes: UnitChanges = {}) =>
    madeUnit('bound.service', {
      ...{ activeState: 'inactive', subState: 'dead', ...changes },
      links: {
        ...{ upAt: 1_000, exitedAt: DOWN + 5, downAt: DOWN + 6 },
        ...{ dependsOn: ['base.service'], boundTo: ['base.service'] },
      },
    });
  const stopped = () => true;

  it('are those that have failed, and those that went down because of them', async () => {
    const { complete, states } = memory([base, bound(), madeUnit('up.service')], { stopped });
    const { asked, troubled } = await complete({ troubled: [base] }, []);
    expect(asked).toEqual([]);
    expect(ids(troubled)).toEqual(['bound.service', 'base.service']);
    expect(troubled[0]).toMatchObject({ cause: { kind: 'failed', unit: 'base.service' } });
    expect(states).toEqual(expect.arrayContaining(['bound.service', 'up.service']));
  });

  it.each<[string, UnitFacts[], UnitFacts, boolean]>([
    ['is up', [bound({ activeState: 'active' })], base, true],
    ['is not loaded', [bound({ loadState: 'masked' })], base, true],
    ['is not known to systemd', [], base, true],
    [
      'depends on one that only waits for its restart',
      [bound()],
      { ...base, activeState: 'activating' },
      true,
    ],
    ['is not searched', [bound()], base, false],
  ])('are not found by a dependency if one %s', async (_, others, troubled, discover) => {
    const { complete } = memory(others, { stopped });
    expect(ids((await complete({ troubled: [troubled] }, [], discover)).troubled)).toEqual(['base.service']);
  });

  it('are not named ones, nor those that went down for no known reason', async () => {
    const { complete } = memory([base], { stopped });
    const alone = madeUnit('alone.service', { activeState: 'inactive' });
    const facts = { asked: [bound(), alone], troubled: [base] };
    expect(ids((await complete(facts, ['bound.service'])).troubled)).toEqual(['base.service']);
  });

  it('are followed while they are down because of another one, unless they are named', async () => {
    const { complete, followed } = memory([base, bound()], { stopped });
    expect(followed([])).toEqual([]);
    await complete({ troubled: [base] }, []);
    expect(followed([])).toEqual(['bound.service']);
    expect(followed(['bound.service'])).toEqual([]);
    await complete({}, []);
    expect(followed([])).toEqual([]);
  });

  it('are in a crash loop from a single restart on', async () => {
    const { complete, at } = memory();
    const loop = (restarts: number) => complete({ asked: [madeUnit('loop.service', { restarts })] }, []);
    await loop(1);
    at(1_000);
    expect((await loop(2)).troubled).toMatchObject([{ id: 'loop.service', recentRestarts: 1 }]);
  });

  it('are in a crash loop, and followed until it ends', async () => {
    const { complete, followed, at } = memory();
    const loop = (restarts: number) =>
      complete({ asked: [madeUnit('loop.service', { restarts, subState: 'start' })] }, []);
    expect(ids((await loop(1)).troubled)).toEqual([]);
    expect(followed([])).toEqual([]);
    at(1_000);
    expect((await loop(3)).troubled).toMatchObject([{ id: 'loop.service', recentRestarts: 2 }]);
    expect(followed([])).toEqual(['loop.service']);
    expect(followed(['loop.service'])).toEqual([]);
    at(1_000_000);
    await loop(3);
    expect(followed([])).toEqual([]);
  });
});
