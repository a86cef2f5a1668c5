import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDbusUnits, type DbusUnits } from '../../../src/host/systemd/dbus-units.js';
import { unitPath } from '../../../src/host/systemd/dbus-properties.js';
import type { UnitFacts } from '../../../src/host/systemd/unit-facts.js';
import { fakeSystemd, service, type FakeSystemd } from './fake-systemd.js';

let systemd: FakeSystemd;
let source: DbusUnits;
let time = 0;

beforeEach(async () => {
  systemd = await fakeSystemd();
  time = 0;
  source = createDbusUnits({ address: systemd.address, now: () => time });
});
afterEach(async () => {
  source.close();
  await systemd.close();
});

const read = async (...names: string[]): Promise<readonly UnitFacts[]> =>
  (await source.readUnits({ names, discover: false })).asked;

/** Returns whether a call reads the properties of a unit. */
const isOfAUnit = (question: string): boolean => question === 'GetAll "org.freedesktop.systemd1.Unit"';

/** Waits for a signal to arrive: a reply sent after it arrives after it. */
async function heard(signal: () => void): Promise<void> {
  signal();
  await source.readState();
  systemd.asked();
}

describe('units read over D-Bus', () => {
  it('have converted 64-bit times, identifiers and lists', async () => {
    systemd.units.set(
      'a.service',
      service('a.service', { Names: ['b.service', 'a.service'], After: ['z', 'y'] }),
    );
    const [unit] = await read('b.service');
    expect(unit).toMatchObject({
      name: 'b.service',
      id: 'a.service',
      names: ['a.service', 'b.service'],
      invocationId: 'ab'.repeat(16),
      activeSince: 1_795_461_472_226,
      startTimeoutMs: 90_000,
      stopTimeoutMs: Infinity,
      needs: ['y', 'z'],
      job: '',
    });
  });

  it('are returned in the requested order, unknown ones as not found', async () => {
    systemd.units.set('a.service', service('a.service'));
    const units = await read('nope.service', 'a.service', 'nope.service');
    expect(units.map(({ id, loadState }) => [id, loadState])).toEqual([
      ['nope.service', 'not-found'],
      ['a.service', 'loaded'],
      ['nope.service', 'not-found'],
    ]);
  });

  it('need no call without a signal', async () => {
    systemd.units.set('a.service', service('a.service'));
    const first = await read('a.service');
    systemd.asked();
    expect(await read('a.service')).toEqual(first);
    expect(systemd.asked()).toEqual([]);
  });

  it('are read again on request, because systemctl may exit before the signal arrives', async () => {
    systemd.units.set('a.service', service('a.service', { ActiveState: 'activating' }));
    await read('a.service');
    systemd.units.set('a.service', service('a.service', { ActiveState: 'active' }));
    systemd.asked();
    const request = { names: ['a.service'], discover: false, fresh: true };
    expect((await source.readUnits(request)).asked).toMatchObject([{ activeState: 'active' }]);
    expect(systemd.asked().filter(isOfAUnit)).toHaveLength(1);
    expect(await read('a.service')).toMatchObject([{ activeState: 'active' }]);
    expect(systemd.asked()).toEqual([]);
  });

  it('have a stable time at which they went down, by the monotonic clock', async () => {
    const monotonicMs = Number(process.hrtime.bigint() / 1_000_000n) - 60_000;
    const down = { ActiveState: 'failed', InactiveEnterTimestampMonotonic: BigInt(monotonicMs) * 1_000n };
    systemd.units.set('a.service', service('a.service', down));
    const [first] = await read('a.service');
    expect(Math.abs(first!.inactiveSince - (Date.now() - 60_000))).toBeLessThan(5_000);
    await heard(() => systemd.signalChange('a.service'));
    expect((await read('a.service'))[0]!.inactiveSince).toBe(first!.inactiveSince);
  });

  it('need no call without a signal, even above the limit of match rules', async () => {
    const ids = Array.from({ length: 300 }, (_, at) => `u${at}.service`);
    for (const id of ids) systemd.units.set(id, service(id));
    await read(...ids);
    systemd.asked();
    await read(...ids);
    expect(systemd.asked()).toEqual([]);
    systemd.units.set('u7.service', service('u7.service', { ActiveState: 'failed' }));
    await heard(() => systemd.signalChange('u7.service'));
    expect((await read(...ids))[7]).toMatchObject({ activeState: 'failed' });
  });

  it('are read again when systemd signals a change', async () => {
    systemd.units.set('a.service', service('a.service'));
    await read('a.service');
    systemd.units.set(
      'a.service',
      service('a.service', { ActiveState: 'failed', SubState: 'failed' }, { NRestarts: 4 }),
    );
    await heard(() => systemd.signalChange('a.service'));
    expect(await read('a.service')).toMatchObject([{ activeState: 'failed', restarts: 4 }]);
    expect(systemd.asked().filter(isOfAUnit)).toHaveLength(1);
  });

  it('are not read again when another unit has changed', async () => {
    systemd.units.set('a.service', service('a.service'));
    systemd.units.set('b.service', service('b.service'));
    await read('a.service', 'b.service');
    await heard(() => systemd.signalChange('b.service'));
    await read('a.service', 'b.service');
    expect(systemd.asked().filter(isOfAUnit)).toHaveLength(1);
  });

  it.each(['UnitNew', 'UnitRemoved', 'UnitFilesChanged', 'Reloading'])(
    'are all read again after %s, since others may depend on them now',
    async (member) => {
      systemd.units.set('a.service', service('a.service'));
      await read('a.service');
      systemd.units.set('ssh.service', service('ssh.service'));
      await read('ssh.service');
      systemd.units.set('a.service', service('a.service', { RequiredBy: ['ssh.service'] }));
      await heard(() => systemd.signalWorld(member));
      expect(await read('a.service')).toMatchObject([
        { dragsAlong: ['ssh.service'], wantedBy: ['ssh.service'] },
      ]);
    },
  );

  it('are not read again because a name without a unit was looked up', async () => {
    systemd.units.set('a.service', service('a.service'));
    const names = ['a.service', 'misspelled.service'];
    const first = await read(...names);
    await read(...names);
    systemd.asked();
    expect(await read(...names)).toEqual(first);
    expect(systemd.asked()).toEqual([]);
  });

  it('are read again when a name without a unit has got one', async () => {
    systemd.units.set('a.service', service('a.service'));
    await read('a.service', 'b.service');
    await read('a.service', 'b.service');
    systemd.units.set('b.service', service('b.service', { RequiredBy: [] }));
    systemd.units.set('a.service', service('a.service', { WantedBy: ['b.service'] }));
    await heard(() => systemd.signalChange('b.service'));
    expect(await read('a.service', 'b.service')).toMatchObject([
      { wantedBy: ['b.service'] },
      { loadState: 'loaded', activeState: 'active' },
    ]);
  });

  it('are listed again after half a minute, with one call for all of them', async () => {
    const ids = ['a.service', 'b.service', 'c.service'];
    for (const id of ids) systemd.units.set(id, service(id));
    const before = await read(...ids);
    systemd.asked();
    time = 30_000;
    expect(await read(...ids)).toEqual(before);
    expect(systemd.asked()).toEqual(['ListUnitsByNames ["a.service","b.service","c.service"]']);
    time = 59_999;
    await read(...ids);
    expect(systemd.asked()).toEqual([]);
  });

  it.each<[string, { ActiveState?: string; SubState?: string; LoadState?: string }]>([
    ['stands otherwise', { ActiveState: 'failed', SubState: 'failed' }],
    ['stands otherwise in part', { SubState: 'exited' }],
    ['is not there', { LoadState: 'not-found' }],
  ])('are read again when the list shows that one %s', async (_, changed) => {
    for (const id of ['a.service', 'b.service']) systemd.units.set(id, service(id));
    await read('a.service', 'b.service');
    systemd.units.set('b.service', service('b.service', changed));
    systemd.asked();
    time = 30_000;
    expect((await read('a.service', 'b.service'))[1]).toMatchObject({
      activeState: changed.ActiveState ?? 'active',
      subState: changed.SubState ?? 'running',
      loadState: changed.LoadState ?? 'loaded',
    });
    expect(systemd.asked().filter(isOfAUnit)).toHaveLength(1);
  });

  it('are read again when the list shows another state of a trigger', async () => {
    systemd.units.set('a.service', service('a.service', { TriggeredBy: ['a.socket'] }));
    systemd.units.set('a.socket', service('a.socket'));
    await read('a.service');
    systemd.units.set('a.socket', service('a.socket', { ActiveState: 'inactive' }));
    time = 30_000;
    expect(await read('a.service')).toMatchObject([{ triggeredBy: [{ activeState: 'inactive' }] }]);
  });

  it('are read again after ten minutes, at most fifty per reading', async () => {
    const ids = Array.from({ length: 60 }, (_, at) => `u${at}.service`);
    for (const id of ids) systemd.units.set(id, service(id));
    await read(...ids);
    systemd.asked();
    time = 600_000;
    const questions = [];
    for (let look = 0; look < 3; look++) {
      await read(...ids);
      questions.push(systemd.asked().filter(isOfAUnit).length);
    }
    expect(questions).toEqual([50, 10, 0]);
  });

  it('have the states of their triggers, and are updated with them', async () => {
    systemd.units.set('a.service', service('a.service', { TriggeredBy: ['a.socket'] }));
    systemd.units.set('a.socket', service('a.socket'));
    expect(await read('a.service')).toMatchObject([
      { triggeredBy: [{ name: 'a.socket', activeState: 'active' }] },
    ]);
    systemd.units.set('a.socket', service('a.socket', { ActiveState: 'inactive' }));
    await heard(() => systemd.signalChange('a.socket'));
    expect(await read('a.service')).toMatchObject([
      { triggeredBy: [{ name: 'a.socket', activeState: 'inactive' }] },
    ]);
  });

  it('list the units that are stopped with them, also indirectly', async () => {
    systemd.units.set('a.service', service('a.service', { BoundBy: ['b.service'] }));
    systemd.units.set('b.service', service('b.service', { ConsistsOf: ['c.service'] }));
    systemd.units.set('c.service', service('c.service'));
    await read('b.service', 'c.service');
    expect(await read('a.service')).toMatchObject([{ dragsAlong: ['b.service', 'c.service'] }]);
  });

  it('are found when they are failing, and read only when they have changed', async () => {
    systemd.units.set('ok.service', service('ok.service'));
    systemd.units.set('bad.service', service('bad.service', { ActiveState: 'failed', SubState: 'failed' }));
    systemd.units.set(
      'loop.service',
      service('loop.service', { ActiveState: 'activating', SubState: 'auto-restart' }),
    );
    const { asked, troubled } = await source.readUnits({ names: [], discover: true });
    expect(asked).toEqual([]);
    expect(troubled.map(({ id }) => id)).toEqual(['bad.service', 'loop.service']);
    systemd.asked();
    await source.readUnits({ names: [], discover: true });
    expect(systemd.asked()).toEqual(['ListUnitsFiltered ["failed","auto-restart","auto-restart-queued"]']);
  });

  it('need no call in monitoring while no signal reports a failing unit', async () => {
    const look = () => source.readUnits({ names: [], discover: true, recent: true });
    systemd.units.set('ok.service', service('ok.service'));
    systemd.units.set('bad.service', service('bad.service', { ActiveState: 'failed', SubState: 'failed' }));
    const { troubled } = await look();
    expect(troubled.map(({ id }) => id)).toEqual(['bad.service']);
    const state = await source.readState();
    systemd.asked();
    expect(await look()).toEqual({ asked: [], matched: [], troubled });
    expect(source.recentState()).toBe(state);
    expect(systemd.asked()).toEqual([]);

    systemd.units.set('ok.service', service('ok.service', { ActiveState: 'failed', SubState: 'failed' }));
    await heard(() => systemd.signalChange('ok.service'));
    expect((await look()).troubled.map(({ id }) => id)).toEqual(['ok.service', 'bad.service']);
    systemd.asked();
    time = 30_000;
    await look();
    expect(systemd.asked()).toContain('ListUnitsFiltered ["failed","auto-restart","auto-restart-queued"]');
  });

  it('are read again over a new connection after a restart of the bus', async () => {
    systemd.units.set('a.service', service('a.service'));
    await read('a.service');
    systemd.units.set('a.service', service('a.service', { ActiveState: 'inactive', SubState: 'dead' }));
    await systemd.restartBus();
    expect(await read('a.service')).toMatchObject([{ activeState: 'inactive' }]);
  });

  it('are read again, and followed, after systemd was re-executed', async () => {
    systemd.units.set('a.service', service('a.service'));
    await read('a.service');
    systemd.units.set('a.service', service('a.service', { ActiveState: 'inactive', SubState: 'dead' }));
    await heard(() => systemd.reexec());
    expect(await read('a.service')).toMatchObject([{ activeState: 'inactive' }]);
    systemd.asked();
    await read('a.service');
    expect(systemd.asked()).toEqual([]);
    systemd.units.set('a.service', service('a.service', { ActiveState: 'failed' }));
    await heard(() => systemd.signalChange('a.service'));
    expect(await read('a.service')).toMatchObject([{ activeState: 'failed' }]);
  });

  it('are read each time if the name of systemd has no owner, because signals cannot be verified', async () => {
    systemd.bus.refused.add('GetNameOwner');
    systemd.units.set('a.service', service('a.service'));
    await read('a.service');
    systemd.units.set('a.service', service('a.service', { ActiveState: 'inactive' }));
    expect(await read('a.service')).toMatchObject([{ activeState: 'inactive' }]);
  });

  it('need no call after signals of other senders, which are ignored', async () => {
    systemd.units.set('a.service', service('a.service'));
    await read('a.service');
    systemd.asked();
    for (const { name } of systemd.bus.peers)
      for (let sent = 0; sent < 1_500; sent++)
        systemd.bus.signal({
          ...{ sender: ':1.66', destination: name, path: unitPath('a.service') },
          ...{ interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged' },
          ...{
            signature: 'sa{sv}as',
            body: ['org.freedesktop.systemd1.Unit', [['ActiveState', ['s', 'failed']]], []],
          },
        });
    await heard(() => {});
    expect(await read('a.service')).toMatchObject([{ activeState: 'active' }]);
    expect(systemd.asked()).toEqual([]);
    systemd.units.set('a.service', service('a.service', { ActiveState: 'failed' }));
    await heard(() => systemd.signalChange('a.service'));
    expect(await read('a.service')).toMatchObject([{ activeState: 'failed' }]);
  });

  it('may be more than the limit of pending calls of the bus', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `unit-${index}.service`);
    for (const name of names) systemd.units.set(name, service(name));
    const units = await read(...names);
    expect(units.map(({ id }) => id)).toEqual(names);
  });

  it('can be read by two readings at once', async () => {
    systemd.units.set('a.service', service('a.service'));
    const [first, second] = await Promise.all([read('a.service'), read('a.service')]);
    expect(first).toEqual(second);
  });
});
