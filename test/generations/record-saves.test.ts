import { statfsSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { GuardState } from '../../src/memory/state.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { unknown } from '../../src/model/reading.js';
import { failedUnit, fakeClock, fakeHost, unitReading } from '../../src/testing/index.js';
import { B, MINUTE, record, RUNS_A, RUNS_B, service, watching, type Scene } from './watching.js';

const SYSTEM = { component: 'system' } as const;

/** A watch that has just saved its record, and is not due to save it again for 5 min. */
async function justSaved(scene: Scene = {}) {
  const watched = await watching(scene);
  const { around, clock, saved } = watched;
  await around.look?.(SYSTEM);
  return {
    ...watched,
    /** Reads the running system after some minutes. Returns how often the record was saved since the last time. */
    async savesAfter(minutes: number) {
      const before = saved.length;
      await clock.advance(minutes * MINUTE);
      await around.look?.(SYSTEM);
      return saved.length - before;
    },
  };
}

describe('the record of the running system is saved', () => {
  it('not before 5 min have passed, if nothing happens', async () => {
    const { savesAfter } = await justSaved();
    expect(await savesAfter(4)).toBe(0);
    expect(await savesAfter(1)).toBe(1);
  });

  it('at once when one of its units begins to fail or runs again', async () => {
    const parts = { units: [unitReading({ name: 'db' }), unitReading({ name: 'nginx' })] };
    const { savesAfter, fake } = await justSaved({ services: ['db', 'nginx'], parts });
    fake.setUnit('nginx', failedUnit({ name: 'nginx.service' }));
    expect(await savesAfter(1)).toBe(1);
    fake.setUnit('nginx', unitReading({ name: 'nginx.service' }));
    expect(await savesAfter(1)).toBe(1);
    expect(await savesAfter(1)).toBe(0);
  });

  it('at once when a unit has been active for 10 min', async () => {
    const { savesAfter, units } = await justSaved();
    expect(await savesAfter(6)).toBe(1);
    expect(units()).toMatchObject({ 'nginx.service': { healthy: false } });
    expect(await savesAfter(4)).toBe(1);
    expect(units()).toMatchObject({ 'nginx.service': { healthy: true } });
  });

  it('at once when the system has been good for long enough', async () => {
    const now = fakeClock().now();
    const { lastGoodMs } = DEFAULT_GUARDS.evidence;
    const known = record(false);
    const system = { ...known.systems[B]!, seenAt: now, quietSince: now - lastGoodMs + 7 * MINUTE };
    const generations = { ...known, systems: { ...known.systems, [B]: system } };
    const { savesAfter } = await justSaved({ state: { generations }, parts: RUNS_B, services: [] });
    expect(await savesAfter(6)).toBe(1);
    expect(await savesAfter(1)).toBe(1);
    expect(await savesAfter(1)).toBe(0);
  });

  it('at once for a new unit that fails, and later for a new one that is well', async () => {
    const { savesAfter, fake } = await justSaved({ services: ['worker@*'], parts: { units: [] } });
    fake.setUnit('worker@1.service', unitReading({ name: 'worker@1.service' }));
    expect(await savesAfter(1)).toBe(0);
    fake.setUnit('worker@2.service', failedUnit({ name: 'worker@2.service' }));
    expect(await savesAfter(1)).toBe(1);
  });

  it.each<[string, Scene]>([
    ['in a dry run that holds the state', { dryRun: true, readOnly: false }],
    ['while the state is not held', { dryRun: false, readOnly: true }],
  ])('never %s', async (_which, scene) => {
    const { saved, ledger } = await justSaved(scene);
    expect(ledger.state.generations.running).not.toBeNull();
    expect(saved).toEqual([]);
  });

  it('before the look ends', async () => {
    const written: GuardState[] = [];
    const save = async (state: GuardState) => {
      await turn();
      written.push(state);
    };
    await justSaved({ store: { save } });
    expect(written).toHaveLength(1);
  });

  it('with a warning when it cannot be written', async () => {
    const save = () => Promise.reject(new Error('ENOSPC'));
    const { words } = await justSaved({ store: { save } });
    expect(words()).toEqual(['The record of generations could not be written: ENOSPC']);
  });
});

describe('a record of generations in memory', () => {
  it('is reported once, by the file system of the state', async (context) => {
    if (statfsSync('/dev/shm').type !== 0x01021994) return context.skip('/dev/shm is no tmpfs');
    const { savesAfter, words } = await justSaved({ store: { path: '/dev/shm/state.json' } });
    await savesAfter(5);
    expect(words()).toEqual([
      'The record of generations is lost at the next boot: the record in /dev/shm/state.json is on a tmpfs, which is empty after a boot: give `state` a path on disk',
    ]);
  });

  it('is not reported where there is no file', async () => {
    expect((await justSaved()).words()).toEqual([]);
  });
});

describe('the readings of the running system', () => {
  it('are made one after the other', async () => {
    const fake = fakeHost(RUNS_A);
    let running = 0;
    let most = 0;
    const read = async () => {
      most = Math.max(most, (running += 1));
      await turn();
      running -= 1;
      return fake.read();
    };
    const { around } = await watching({ host: { read } });
    await Promise.all([around.look?.(SYSTEM), around.look?.(SYSTEM)]);
    expect(most).toBe(1);
  });

  it('go on after one that failed', async () => {
    const fake = fakeHost(RUNS_A);
    let reads = 0;
    const read = async () => {
      if ((reads += 1) === 1) throw new Error('no bus');
      return fake.read();
    };
    const { around } = await watching({ host: { read } });
    await expect(around.look?.(SYSTEM)).rejects.toThrow('no bus');
    expect(await around.look?.(SYSTEM)).toMatchObject([{ component: 'system', status: 'ok' }]);
  });

  it('include a recorded unit that fails and is not listed, and nothing that is no unit', async () => {
    const { look, reads } = await watching({
      ...{ services: ['db'], state: { generations: record(true) }, parts: RUNS_B },
      verdicts: () => [service('not a unit')],
    });
    await look();
    expect(reads[0]?.units).toEqual(['db.service', 'nginx.service']);
  });

  it('are not made in every cycle on a host that is not NixOS, though a service fails', async () => {
    const parts = { system: unknown('no link') };
    const { look, reads } = await watching({ parts, verdicts: () => [service('nginx')] });
    await look();
    await look();
    expect(reads).toHaveLength(1);
  });

  it('are those of the detector on a host without systems', async () => {
    const verdicts = () => [service('system', { check: 'oom' })];
    const { around, reads } = await watching({ host: { unitChanges: undefined }, verdicts });
    expect(await around.look?.(SYSTEM)).toEqual(verdicts());
    expect(reads).toEqual([]);
  });

  it('compare no units while the system before the running one is not on record', async () => {
    const { look, compared } = await watching({ parts: { units: [failedUnit({ name: 'nginx' })] } });
    await look();
    expect(compared).toEqual([]);
  });
});
