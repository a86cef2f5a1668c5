import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isUnknown, type Reading } from '../../../src/model/reading.js';
import { createSystemdReader, type SystemdReaderOptions } from '../../../src/host/systemd/reader.js';
import { fakeSystemd, service } from './fake-systemd.js';
import { program, type Program } from './program.js';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const SYSTEMCTL = `case "$1 $3" in
  'list-jobs '*) cat '${fixture('list-jobs.txt')}' ;;
  'show --property=SystemState') echo SystemState=degraded ;;
  *) cat '${fixture('odd-units.txt')}' ;;
esac`;

let root = '';
const cleanups: (() => unknown)[] = [];
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'systemd-root-'));
  mkdirSync(join(root, 'run/systemd/system'), { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true }));
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const stand = (name: string, script: string): Program => {
  const made = program(name, script);
  cleanups.push(made.remove);
  return made;
};
function reader(options: SystemdReaderOptions = {}) {
  const nowhere = { busAddress: 'unix:path=/nonexistent/bus', systemctl: '/nonexistent/systemctl' };
  const made = createSystemdReader({ root, journalctl: '/nonexistent/journalctl', ...nowhere, ...options });
  cleanups.push(() => made.close());
  return made;
}
const known = <T>(reading: Reading<T>): T => {
  if (isUnknown(reading)) throw new Error(reading.unknown);
  return reading;
};

describe('a reader that cannot reach systemd', () => {
  it('returns unknown if systemd is not running', async () => {
    const systemctl = stand('systemctl', 'exit 1');
    const nothing = reader({ root: '/nonexistent', systemctl: systemctl.path });
    expect(await nothing.readUnits({ names: ['a'], discover: true })).toEqual({
      unknown: 'systemd is not running here',
    });
    expect(await nothing.readState()).toEqual({ unknown: 'systemd is not running here' });
    expect(systemctl.calls()).toEqual([]);
  });

  it('names the bus and the program in the reason', async () => {
    expect(await reader().readUnits({ names: ['a'], discover: false })).toEqual({
      unknown:
        'systemd cannot be reached: there is no system bus at unix:path=/nonexistent/bus; ' +
        '/nonexistent/systemctl: no such program',
    });
  });

  it('does not throw for any output of systemctl', async () => {
    for (const script of [
      'echo nonsense',
      'exit 1',
      'kill -9 $$',
      'echo Id=a.service',
      'head -c 100000 /dev/urandom',
    ]) {
      const { path } = stand('systemctl', script);
      expect(isUnknown(await reader({ systemctl: path }).readUnits({ names: ['a'], discover: true }))).toBe(
        true,
      );
    }
  });

  it('does not query anything for an empty request', async () => {
    expect(await reader().readUnits({ names: [], discover: false })).toEqual({ asked: [], troubled: [] });
  });
});

describe('by systemctl', () => {
  const names = ['nginx', 'fundament', 'slowstart', 'lazy', 'nope', 'a;reboot'];

  it('units are read in the requested order, those with invalid names as not found', async () => {
    const systemctl = stand('systemctl', SYSTEMCTL);
    const { asked } = known(
      await reader({ systemctl: systemctl.path }).readUnits({ names, discover: false }),
    );
    expect(asked.map(({ name, id, loadState, job }) => [name, id, loadState, job])).toEqual([
      ['nginx.service', 'nginx.service', 'loaded', ''],
      ['fundament.service', 'base.service', 'loaded', ''],
      ['slowstart.service', 'slowstart.service', 'loaded', 'start'],
      ['lazy.service', 'lazy.service', 'loaded', ''],
      ['nope.service', 'nope.service', 'not-found', ''],
      ['a;reboot', 'a;reboot', 'not-found', ''],
    ]);
    expect(asked[3]).toMatchObject({ triggeredBy: [{ name: 'lazy.socket', activeState: 'active' }] });
  });

  it('one process reads them all', async () => {
    const systemctl = stand('systemctl', SYSTEMCTL);
    const units = reader({ systemctl: systemctl.path });
    await units.readUnits({ names: ['nginx', 'nope'], discover: false });
    expect(systemctl.calls()).toHaveLength(1);
    expect(systemctl.calls()[0]).toMatch(
      /^ show --no-pager --property=\S+ --state=\S+ -- nginx.service nope.service$/,
    );
  });

  it('hundreds of units, one of them down because of another, need one process from the second reading on', async () => {
    const block = (id: string, more = '') =>
      [
        `Id=${id}`,
        `Names=${id}`,
        'LoadState=loaded',
        'ActiveState=active',
        'SubState=running',
        'Job=',
        'Type=simple',
        more,
      ]
        .filter(Boolean)
        .join('\n');
    const ids = Array.from({ length: 500 }, (_, at) => `u${at}.service`);
    const down =
      'ActiveState=failed\nUnitFileState=disabled\nRequires=base.service\nWantedBy=app.service\nTasksCurrent=2';
    const folder = mkdtempSync(join(tmpdir(), 'units-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    writeFileSync(
      join(folder, 'all'),
      ids.map((id) => block(id, id === 'u7.service' ? down : '')).join('\n\n'),
    );
    writeFileSync(
      join(folder, 'others'),
      ['base.service', 'app.service'].map((id) => block(id)).join('\n\n'),
    );
    // Prints the requested units only.
    const systemctl = stand(
      'systemctl',
      `case "$*" in *u1.service*) cat '${folder}/all'; echo ;; esac; case "$*" in *app.service*|*base.service*) echo; cat '${folder}/others' ;; esac; case "$*" in *' u7.service') cat '${folder}/all' ;; esac`,
    );
    const units = reader({ systemctl: systemctl.path });
    const look = async () => known(await units.readUnits({ names: ids, discover: true })).asked[7];
    const first = await look();
    expect(first).toMatchObject({ activeState: 'failed', neededBy: ['app.service'], leftProcesses: 2 });
    const before = systemctl.calls().length;
    expect(await look()).toEqual(first);
    expect(systemctl.calls()).toHaveLength(before + 1);
  });

  it('failing units are found by the same process', async () => {
    const systemctl = stand('systemctl', SYSTEMCTL);
    const { troubled } = known(
      await reader({ systemctl: systemctl.path }).readUnits({ names: [], discover: true }),
    );
    expect(troubled.map(({ id }) => id)).toEqual(
      ['fails', 'limit', 'limit2', 'again', 'once', 'passfail2'].map((name) => `${name}.service`),
    );
    expect(systemctl.calls()[0]).toMatch(/ -- \*$/);
  });

  it("systemd's own state is read", async () => {
    const systemctl = stand('systemctl', SYSTEMCTL);
    expect(await reader({ systemctl: systemctl.path }).readState()).toBe('degraded');
  });
});

describe('over the bus', () => {
  it('a unit that is inactive without an explanation is looked up in the journal, once', async () => {
    const systemd = await fakeSystemd();
    cleanups.push(systemd.close);
    const down = { ActiveState: 'inactive', SubState: 'dead' };
    systemd.units.set('a.service', service('a.service', down));
    systemd.units.set(
      'socketed.service',
      service('socketed.service', { ...down, TriggeredBy: ['s.socket'] }),
    );
    systemd.units.set('s.socket', service('s.socket'));
    systemd.units.set('well.service', service('well.service'));
    systemd.units.set('off.service', service('off.service', { ...down, UnitFileState: 'disabled' }));
    const never = { ...down, InvocationID: Buffer.alloc(0), WantedBy: ['multi-user.target'] };
    systemd.units.set('never.service', service('never.service', never));
    systemd.units.set('lost.service', service('lost.service', { ...never, WantedBy: [] }));
    const record = { INVOCATION_ID: 'ab'.repeat(16), JOB_TYPE: 'stop', JOB_RESULT: 'done' };
    const journalctl = stand('journalctl', `echo '${JSON.stringify(record)}'`);
    const units = reader({ busAddress: systemd.address, journalctl: journalctl.path });

    const names = ['a', 'socketed', 'off', 'never', 'lost', 'well'];
    const stops = known(await units.readUnits({ names, discover: false })).asked.map(
      (unit) => unit.stoppedByJob,
    );
    const notLookedUp = { unknown: expect.stringContaining('looked up only') as string };
    const questions = journalctl.calls().length;
    const forgotten = { unknown: 'systemd no longer has a record of its last run' };
    expect(stops).toEqual([true, true, true, false, forgotten, notLookedUp]);
    await units.readUnits({ names, discover: false });
    expect(journalctl.calls()).toHaveLength(questions);
  });

  it('the journal is not needed for a unit that died while signals arrived, whatever it requires', async () => {
    const systemd = await fakeSystemd();
    cleanups.push(systemd.close);
    const later = process.hrtime.bigint() / 1_000n + 5_000_000n;
    const died = { ActiveState: 'failed', SubState: 'failed', ActiveExitTimestampMonotonic: later };
    systemd.units.set('a.service', service('a.service', { Requires: ['base.service', 'sysinit.target'] }));
    systemd.units.set('base.service', service('base.service', { ActiveState: 'inactive' }));
    const journalctl = stand('journalctl', 'exit 1');
    const units = reader({ busAddress: systemd.address, journalctl: journalctl.path });
    await units.readUnits({ names: ['a'], discover: false });
    systemd.units.set('a.service', service('a.service', { Requires: ['base.service'], ...died }));
    systemd.signalChange('a.service');
    const { asked } = known(await units.readUnits({ names: ['a'], discover: false }));
    expect(asked).toMatchObject([{ activeState: 'failed', stoppedByJob: false, cause: null }]);
    expect(journalctl.calls()).toEqual([]);
  });

  it('a crash loop of a unit that is not named is followed between two restarts', async () => {
    const systemd = await fakeSystemd();
    cleanups.push(systemd.close);
    let time = 0;
    const units = reader({ busAddress: systemd.address, monotonic: () => time });
    const seen: (readonly [string, number])[][] = [];
    for (const [state, restarts] of [
      ['auto-restart', 2],
      ['auto-restart', 4],
      ['running', 5],
    ] as const) {
      const active = state === 'running' ? 'active' : 'activating';
      systemd.units.set(
        'a.service',
        service('a.service', { ActiveState: active, SubState: state }, { NRestarts: restarts }),
      );
      systemd.signalChange('a.service');
      await units.readState();
      const { troubled } = known(await units.readUnits({ names: [], discover: true }));
      seen.push(troubled.map((unit) => [unit.subState, unit.recentRestarts] as const));
      time += 1000;
    }
    expect(seen).toEqual([[['auto-restart', 0]], [['auto-restart', 2]], [['running', 3]]]);
  });

  it('unchanged units result in the same object', async () => {
    const systemd = await fakeSystemd();
    cleanups.push(systemd.close);
    for (const id of ['a.service', 'b.service']) systemd.units.set(id, service(id));
    const units = reader({ busAddress: systemd.address });
    const look = async () => known(await units.readUnits({ names: ['a', 'b'], discover: false }));
    const first = await look();
    expect(await look()).toBe(first);
    systemd.units.set('b.service', service('b.service', { SubState: 'exited' }));
    systemd.signalChange('b.service');
    await units.readState();
    expect(await look()).not.toBe(first);
  });

  it.each([
    { followed: 'all units', discover: true, forMs: 30_000 },
    { followed: 'the requested units only', discover: false, forMs: 5_000 },
  ])('a reading is recent for $forMs ms where $followed are followed', async ({ discover, forMs }) => {
    const systemd = await fakeSystemd();
    cleanups.push(systemd.close);
    systemd.units.set('a.service', service('a.service'));
    let time = 0;
    const units = reader({ busAddress: systemd.address, monotonic: () => time });
    const request = { names: ['a'], discover, recent: true };
    expect(units.recentUnits(request)).toBeUndefined();
    // The first reading subscribes to the signals.
    await units.readUnits(request);
    const read = await units.readUnits(request);
    expect(units.recentUnits(request)).toBe(read);
    time = forMs - 1;
    expect(units.recentUnits(request)).toBe(read);
    time = forMs;
    expect(units.recentUnits(request)).toBeUndefined();
  });

  it('a reading is recent for the same request only, and until a change is signalled', async () => {
    const systemd = await fakeSystemd();
    cleanups.push(systemd.close);
    systemd.units.set('a.service', service('a.service'));
    const units = reader({ busAddress: systemd.address });
    const request = { names: ['a'], discover: true, recent: true };
    // The first reading subscribes to the signals.
    await units.readUnits(request);
    const read = await units.readUnits(request);
    expect(units.recentUnits(request)).toBe(read);
    expect(units.recentUnits({ ...request, names: ['a'] })).toBeUndefined();
    expect(units.recentUnits({ ...request, discover: false })).toBeUndefined();
    expect(units.recentUnits({ ...request, patterns: ['a*'] })).toBeUndefined();
    systemd.signalChange('a.service');
    await units.readState();
    expect(units.recentUnits(request)).toBeUndefined();
  });

  it('a hanging bus is replaced by systemctl, and not used for a while', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hung-bus-'));
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.on('error', () => {});
      cleanups.push(() => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(join(folder, 'bus'), resolve));
    cleanups.push(
      () => rmSync(folder, { recursive: true }),
      () => server.close(),
    );
    const { path } = stand('systemctl', SYSTEMCTL);
    let time = 0;
    const units = reader({
      busAddress: `unix:path=${folder}/bus`,
      busTimeoutMs: 20,
      systemctl: path,
      monotonic: () => (time += 2_000),
    });
    expect(await units.readState()).toBe('degraded');
    expect(await units.readState()).toBe('degraded');
    expect(connections).toBe(1);
  });

  it('a reading ends when its signal is aborted, even without a reply', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hung-bus-'));
    const server = createServer((socket) => void cleanups.push(() => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(join(folder, 'bus'), resolve));
    cleanups.push(
      () => rmSync(folder, { recursive: true }),
      () => server.close(),
    );
    const ending = new AbortController();
    const units = reader({ busAddress: `unix:path=${folder}/bus` });
    const reading = units.readUnits({ names: ['a'], discover: false, signal: ending.signal });
    ending.abort();
    const ended = { unknown: 'the reading was ended before systemd answered' };
    expect(await reading).toEqual(ended);
    expect(await units.readState({ signal: AbortSignal.abort() })).toEqual(ended);
  });
});
