import { describe, expect, it } from 'vitest';
import type { UnitSource } from '../../../src/host/systemd/unit-facts.js';
import { base, bound, DIED, DOWN, down, search, STOPPED } from './circumstance-search.js';
import { madeUnit, type UnitChanges } from './made-units.js';

describe('the search of a cause', () => {
  it('knows a dependency by its own name if it was requested by another one', async () => {
    const names = ['base.service', 'alias.service'];
    const { of } = search([{ ...base(), names }]);
    const about = (dependsOn: string[]) =>
      down('bound.service', { links: { dependsOn, exitedAt: DOWN + 5 } });
    const cause = { kind: 'failed', unit: 'base.service' };
    expect(await of([about(['alias.service'])])).toMatchObject({ 'bound.service': { cause } });
    const twice = ['alias.service', 'other.service', 'base.service'];
    expect(await of([about(twice.slice(1))])).toMatchObject({ 'bound.service': { cause } });
  });

  it('uses the facts about a unit that were just read, without a request', async () => {
    const { of, read } = search();
    expect(await of([bound(), base()])).toMatchObject({ 'bound.service': { cause: { kind: 'failed' } } });
    expect(read()).toEqual([]);
  });

  it('does not read a level that only a failed start would need', async () => {
    const needing = down('b.service', { links: { needsToStart: ['c.service'], dependsOn: [] } });
    const { of, read } = search([needing]);
    await of([down('a.service', { links: { dependsOn: ['b.service'] } })]);
    expect(read()).toEqual(['b.service']);
  });

  it('is over for each unit that is up, whatever other units are read', async () => {
    const { of, read } = search([base('active')]);
    await of([bound()]);
    await of([bound({ activeState: 'active' }), madeUnit('other.service')]);
    await of([bound()]);
    expect(read()).toEqual(['base.service', 'base.service']);
  });

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
    at(100_000);
    const first = await find(units, STOPPED);
    at(129_999);
    expect(await find([...units], STOPPED)).toBe(first);
    expect(states).toEqual(['base.service']);
    at(130_000);
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
