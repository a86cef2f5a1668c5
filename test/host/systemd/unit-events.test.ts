import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isUnknown } from '../../../src/model/reading.js';
import { createSystemdReader, type SystemdReader } from '../../../src/host/systemd/reader.js';
import { createUnitEvents, type UnitEventsOptions } from '../../../src/host/systemd/unit-events.js';
import { fakeSystemd, service, type FakeSystemd } from './fake-systemd.js';

type UnitStates = Awaited<ReturnType<UnitEventsOptions['followStates']>>;

let systemd: FakeSystemd;
let reader: SystemdReader;
let root: string;
let told: string[];

const listener = {
  unitInTrouble: (unit: string) => void told.push(unit),
  listening: (state: unknown) => void told.push(isUnknown(state) ? 'lost' : 'listening'),
};
const become = (id: string, state: string) =>
  systemd.units.set(id, service(id, { ActiveState: state, SubState: state }));
const until = (check: () => void) => vi.waitFor(check, { timeout: 4_000, interval: 5 });

function start(relistMs = 30_000): void {
  reader = createSystemdReader({ root, busAddress: systemd.address, relistMs, systemctl: '/nonexistent' });
  for (const id of ['a.service', 'b.service']) become(id, 'active');
}

beforeEach(async () => {
  systemd = await fakeSystemd();
  root = mkdtempSync(join(tmpdir(), 'unit-events-'));
  mkdirSync(join(root, 'run/systemd/system'), { recursive: true });
  told = [];
});
afterEach(async () => {
  await reader.close();
  await systemd.close();
  rmSync(root, { recursive: true });
});

describe('an event of systemd', () => {
  it('reports a watched unit that fails or stops, by its watched name', async () => {
    start();
    reader.watch(['a', 'b.service'], listener);
    await until(() => expect([...new Set(told)]).toEqual(['listening']));
    become('a.service', 'failed');
    systemd.signalChange('a.service');
    await until(() => expect([...new Set(told)]).toEqual(['listening', 'a.service']));
    become('b.service', 'inactive');
    systemd.signalChange('b.service');
    await until(() => expect([...new Set(told)]).toEqual(['listening', 'a.service', 'b.service']));
  });

  it('reports any unit that fails if no units are named', async () => {
    start();
    reader.watch(undefined, listener);
    await until(() => expect([...new Set(told)]).toEqual(['listening']));
    become('b.service', 'inactive');
    systemd.signalChange('b.service');
    become('a.service', 'failed');
    systemd.signalChange('a.service');
    await until(() => expect([...new Set(told)]).toEqual(['listening', 'a.service']));
  });

  it('is emitted again when a failed unit recovered and failed again', async () => {
    start();
    become('a.service', 'failed');
    reader.watch(['a'], listener);
    await until(() => expect(told).toEqual(['listening', 'a.service']));
    systemd.signalChange('a.service');
    await until(() => expect(told.filter((word) => word === 'a.service').length).toBeGreaterThan(1));
  });

  it('needs no query, because the signal contains the state', async () => {
    start();
    reader.watch(['a', 'b'], listener);
    await until(() => expect(told).toEqual(['listening']));
    systemd.asked();
    systemd.signalChange('b.service');
    become('a.service', 'failed');
    systemd.signalChange('a.service');
    await until(() => expect(told).toEqual(['listening', 'a.service']));
    expect(systemd.asked()).toEqual([]);
  });

  it('reports a unit that fails right after the first query', async () => {
    const path = '/org/freedesktop/systemd1/unit/a_2eservice';
    const first = { isFollowed: true, units: [{ name: 'a.service', path, activeState: 'active' }] };
    start();
    const events = createUnitEvents({ followStates: () => Promise.resolve(first), now: () => 0 });
    events.watch(['a.service'], listener);
    events.changed({ about: 'unit', path, state: { activeState: 'failed', subState: 'failed' } });
    expect(told).toEqual(['a.service']);
    events.close();
  });

  it('is none once the watcher is closed, even if an earlier question fails late', async () => {
    start();
    const answers: { resolve: (found: UnitStates) => void; reject: (error: Error) => void }[] = [];
    const followStates = () =>
      new Promise<UnitStates>((resolve, reject) => void answers.push({ resolve, reject }));
    const events = createUnitEvents({ followStates, now: () => 0 });
    events.watch(['a.service'], listener);
    answers[0]?.resolve({ units: [], isFollowed: true });
    await until(() => expect(told).toEqual(['listening']));
    events.flooded();
    expect(answers).toHaveLength(2);
    events.close();
    answers[1]?.reject(new Error('no bus'));
    await new Promise(setImmediate);
    expect(told).toEqual(['listening']);
  });

  it('is emitted for each watched name of a unit', async () => {
    start();
    const failed = { ActiveState: 'failed', SubState: 'failed', Names: ['a.service', 'b.service'] };
    systemd.units.delete('b.service');
    systemd.units.set('a.service', service('a.service', { ...failed, ActiveState: 'active' }));
    reader.watch(['a', 'b'], listener);
    await until(() => expect(told).toEqual(['listening']));
    systemd.units.set('a.service', service('a.service', failed));
    systemd.signalChange('a.service');
    await until(() => expect(told).toEqual(['listening', 'a.service', 'b.service']));
  });

  it('is found by the next listing if the signal was lost', async () => {
    start(20);
    reader.watch(['a'], listener);
    await until(() => expect(told).toEqual(['listening']));
    become('a.service', 'failed');
    await until(() => expect(told).toEqual(['listening', 'a.service']));
  });

  it('stops with the bus, which is reported, and resumes with the failures in between', async () => {
    start();
    reader.watch(['a'], listener);
    await until(() => expect(told).toEqual(['listening']));
    become('a.service', 'failed');
    await systemd.restartBus();
    await until(() => expect(told.slice(0, 4)).toEqual(['listening', 'lost', 'listening', 'a.service']));
    become('a.service', 'active');
    systemd.signalChange('a.service');
    await until(() => expect(systemd.asked().join()).toContain('ListUnitsByNames'));
    become('a.service', 'failed');
    systemd.signalChange('a.service');
    await until(() => expect(told.slice(4)).toContain('a.service'));
  });

  it('is not emitted without systemd, nor after watching has ended', async () => {
    start(10);
    rmSync(join(root, 'run'), { recursive: true });
    const stop = reader.watch(['a'], listener);
    await expect(reader.readState()).resolves.toMatchObject({ unknown: 'systemd is not running here' });
    expect(told).toEqual([]);
    stop();
  });
});

describe('a flood of changes', () => {
  it('causes at most twenty queries at once, then fifty per second', async () => {
    start();
    vi.useFakeTimers();
    try {
      let questions = 0;
      const followStates = () => {
        questions++;
        return Promise.resolve({ units: [], isFollowed: true });
      };
      const events = createUnitEvents({ followStates, now: () => performance.now() });
      events.watch(undefined, listener);
      for (let ms = 0; ms < 2_000; ms++) {
        events.changed({ about: 'everything' });
        await vi.advanceTimersByTimeAsync(1);
      }
      expect(questions).toBeGreaterThan(20);
      expect(questions).toBeLessThanOrEqual(121);
      events.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it('causes a listing every second, and repeated events, while the subscription is paused', async () => {
    start();
    vi.useFakeTimers();
    try {
      const units = [{ name: 'a.service', path: '/a', activeState: 'failed' }];
      const events = createUnitEvents({
        followStates: () => Promise.resolve({ units, isFollowed: false }),
        now: () => performance.now(),
      });
      events.watch(['a.service'], listener);
      await vi.advanceTimersByTimeAsync(3_500);
      expect(told).toEqual(['listening', ...Array.from({ length: 4 }, () => 'a.service')]);
      events.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([undefined, ['a', 'b']])('of one unit does not hide the failure of another', async (units) => {
    start();
    reader.watch(units, listener);
    await until(() => expect(told).toEqual(['listening']));
    for (let i = 0; i < 1_200; i++) systemd.signalChange('a.service');
    become('b.service', 'failed');
    systemd.signalChange('b.service');
    await until(() => expect(told).toContain('b.service'));
  });

  it('pauses the subscription: readings then query systemd, and are correct', async () => {
    start();
    await reader.readUnits({ names: ['a'], discover: false });
    for (let i = 0; i < 1_200; i++) systemd.signalChange('a.service');
    await reader.readState();
    become('a.service', 'failed');
    const units = await reader.readUnits({ names: ['a'], discover: false });
    expect(units).toMatchObject({ asked: [{ activeState: 'failed' }] });
    systemd.asked();
    await reader.readUnits({ names: ['a'], discover: false });
    expect(systemd.asked().join()).toContain('ListUnitsByNames');
  });
});
