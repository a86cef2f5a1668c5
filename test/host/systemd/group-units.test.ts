import { describe, expect, it } from 'vitest';
import { instancePattern, isGroup, membersOf, membershipsOf } from '../../../src/host/systemd/group-units.js';
import type { UnitFacts } from '../../../src/host/systemd/unit-facts.js';
import { madeSource, madeUnit, type UnitChanges } from './made-units.js';

const GROUP = { type: 'oneshot', remainsAfterExit: true };
const group = (id: string, changes: UnitChanges = {}) => madeUnit(id, { ...GROUP, ...changes });

/** Returns the members and the groups of these units, on a host that also has others. */
async function memberships(units: readonly UnitFacts[], others: readonly UnitFacts[] = []) {
  const { source, requests } = madeSource([...units, ...others]);
  const found = await membershipsOf(units, source, undefined);
  return { found: Object.fromEntries(found), requests };
}

describe('a group of units', () => {
  it.each([
    ['a oneshot that remains active', GROUP, true],
    ['not a oneshot that ends', { type: 'oneshot', remainsAfterExit: false }, false],
    ['not a service with a process', { type: 'simple', remainsAfterExit: true }, false],
  ])('is %s', (_, changes, expected) => {
    expect(isGroup(madeUnit('a.service', changes))).toBe(expected);
  });

  it('is a pattern of its instances, by the end of its name only', () => {
    expect(instancePattern('postgresql.service')).toBe('postgresql@*.service');
    expect(instancePattern('a.service.service')).toBe('a.service@*.service');
  });
});

describe('the members of a group', () => {
  it('are its ConsistsOf= and the instances of its name, once each, in alphabetical order', async () => {
    const db = group('db.service', { links: { consistsOf: ['z.service', 'db@1.service', 'db.service'] } });
    const others = ['db@2.service', 'db@1.service', 'dbx@1.service', 'z.service'].map((id) => madeUnit(id));
    const { found, requests } = await memberships([db], others);
    expect(found['db.service']).toEqual({
      members: ['db@1.service', 'db@2.service', 'z.service'],
      memberOf: [],
    });
    expect(requests).toMatchObject([
      { names: [], patterns: ['db@*.service'], discover: false, beside: true },
    ]);
  });

  it('do not include the instances of another group', async () => {
    const units = [group('a.service'), group('b.service')];
    const { found } = await memberships(units, [madeUnit('a@1.service'), madeUnit('b@1.service')]);
    expect(found).toMatchObject({
      'a.service': { members: ['a@1.service'] },
      'b.service': { members: ['b@1.service'] },
    });
  });

  it('are none of a unit that is no group, whatever consists of it', async () => {
    const plain = madeUnit('plain.service', { links: { consistsOf: ['part.service'] } });
    const { found } = await memberships([plain, group('g.service')], [madeUnit('plain@1.service')]);
    expect(found['plain.service']).toEqual({ members: [], memberOf: [] });
  });

  it('know their group by all of its names, also if they are read only as members', async () => {
    const names = ['db.service', 'data.service'];
    const db = group('db.service', { names, links: { consistsOf: ['z.service'] } });
    const { found } = await memberships([db, madeUnit('db@1.service')]);
    expect(found).toMatchObject({
      'db@1.service': { members: [], memberOf: ['data.service', 'db.service'] },
      'z.service': { members: [], memberOf: ['data.service', 'db.service'] },
    });
  });

  it('may be in several groups, which are named in alphabetical order', async () => {
    const units = [
      group('b.service', { links: { consistsOf: ['m.service'] } }),
      group('a.service', { links: { consistsOf: ['m.service'] } }),
    ];
    expect((await memberships(units)).found['m.service']?.memberOf).toEqual(['a.service', 'b.service']);
  });
});

describe('the groups of a unit', () => {
  it('are found by PartOf= and by the name of the template, if they are groups', async () => {
    const part = madeUnit('db@1.service', {
      links: { partOf: ['z-group.service', 'plain.service', 'system.target'] },
    });
    const others = [group('db.service'), group('z-group.service'), madeUnit('plain.service')];
    const { found, requests } = await memberships([part], others);
    expect(found['db@1.service']).toEqual({ members: [], memberOf: ['db.service', 'z-group.service'] });
    expect(requests).toMatchObject([
      {
        names: ['z-group.service', 'plain.service', 'db.service'],
        patterns: [],
        discover: false,
        beside: true,
      },
    ]);
  });

  it('are each looked up once', async () => {
    const { requests } = await memberships([madeUnit('db@1.service'), madeUnit('db@2.service')]);
    expect(requests.map(({ names }) => names)).toEqual([['db.service']]);
  });

  it.each(['db@1.socket', 'db.service'])('are not looked up by the name of %s', async (id) => {
    const { found, requests } = await memberships([madeUnit(id)]);
    expect([found, requests]).toEqual([{}, []]);
  });
});

describe('reading the members of groups', () => {
  it('needs one request for all of them, and none without members', async () => {
    const { source, requests } = madeSource([madeUnit('a.service'), madeUnit('b.service')]);
    const both = { members: ['a.service', 'b.service'], memberOf: [] };
    const one = { members: ['b.service'], memberOf: [] };
    const members = await membersOf(
      new Map([
        ['g', both],
        ['h', one],
      ]),
      source,
      undefined,
    );
    expect(members.map(({ id }) => id)).toEqual(['a.service', 'b.service']);
    expect(requests).toMatchObject([{ names: ['a.service', 'b.service'], discover: false, beside: true }]);
    expect(await membersOf(new Map([['g', { members: [], memberOf: ['x'] }]]), source, undefined)).toEqual(
      [],
    );
    expect(requests).toHaveLength(1);
  });
});
