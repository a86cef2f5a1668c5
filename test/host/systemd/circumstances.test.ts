import { describe, expect, it } from 'vitest';
import type { UnitFacts } from '../../../src/host/systemd/unit-facts.js';
import { base, bound, DOWN, down, NO_START, search } from './circumstance-search.js';
import { madeUnit } from './made-units.js';
import { program } from './program.js';

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

  it('are searched among the units that it depends on, without searching failed units', async () => {
    const { of, requests } = search([base()]);
    await of([bound()]);
    expect(requests).toMatchObject([{ names: ['base.service'], discover: false, beside: true }]);
  });

  it('are looked up again, without a known change, if the source does not follow all units', async () => {
    const unit = bound();
    const { of, states } = search([base()], { own: { version: 1 } });
    for (let count = 0; count < 2; count += 1) await of([unit]);
    expect(states).toEqual(['base.service', 'base.service']);
  });

  it('contain no cause if the journal has no record of the units that it depends on', async () => {
    const journalctl = program('journalctl', 'true');
    const healed = madeUnit('base.service', { links: { upAt: DOWN + 900, exitedAt: DOWN + 50_000 } });
    try {
      const { of } = search([healed], { journalctl: journalctl.path });
      expect(await of([bound()])).toMatchObject({ 'bound.service': { cause: null } });
      expect(journalctl.calls()).toHaveLength(1);
    } finally {
      journalctl.remove();
    }
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

  it('need no call if there is no service, cause or disabled unit', async () => {
    const { of, states, tasks } = search();
    expect(await of([down('a.mount')])).toEqual({ 'a.mount': NONE });
    expect([states, tasks]).toEqual([[], []]);
    const noCall = () => Promise.reject(new Error('called without units'));
    const own = { states: noCall, tasks: noCall, readUnits: noCall };
    expect(await search([], { own }).of([down('a.mount')])).toEqual({ 'a.mount': NONE });
  });

  it('contain the processes of a single service', async () => {
    const { of } = search([], { own: { tasks: () => Promise.resolve([3]) } });
    expect(await of([down('a.service')])).toMatchObject({ 'a.service': { leftProcesses: 3 } });
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
