import { describe, expect, it } from 'vitest';
import type { ListedUnit } from '../../../src/host/systemd/dbus-calls.js';
import { createFailingUnits } from '../../../src/host/systemd/failing-units.js';
import type { UnitSignal } from '../../../src/host/systemd/unit-signal.js';

const BAD: ListedUnit = {
  ...{
    id: 'bad.service',
    loadState: 'loaded',
    activeState: 'failed',
    subState: 'failed',
    path: '/bad',
    jobId: 0,
    job: '',
  },
};
const unit = (path: string, activeState = 'active', subState = 'running'): UnitSignal => ({
  ...{ about: 'unit', path, state: { activeState, subState } },
});

async function remembering() {
  let time = 0;
  const memory = createFailingUnits(() => time);
  await memory.ask(() => Promise.resolve([BAD]), true);
  return { memory, wait: (ms: number) => (time += ms) };
}

describe('the cache of failing units', () => {
  it('keeps no result from before all units were followed', async () => {
    const memory = createFailingUnits(() => 0);
    expect(await memory.ask(() => Promise.resolve([BAD]), false)).toEqual([BAD]);
    expect(memory.recall(30_000)).toBeUndefined();
  });

  it('is valid up to the maximum age', async () => {
    const { memory, wait } = await remembering();
    wait(29_999);
    expect(memory.recall(30_000)).toEqual([BAD]);
    wait(1);
    expect(memory.recall(30_000)).toBeUndefined();
  });

  it.each<[string, UnitSignal]>([
    ['another unit is well', unit('/other')],
    ['another unit starts', unit('/other', 'activating', 'start')],
    ['another unit stops', unit('/other', 'inactive', 'dead')],
    ['a unit is loaded', { about: 'loaded', path: '/bad' }],
    ['another unit is forgotten', { about: 'unloaded', path: '/other' }],
    ['another unit has a job', { about: 'job' }],
  ])('stays valid when %s', async (_, signal) => {
    const { memory } = await remembering();
    memory.handle(signal);
    expect(memory.recall(30_000)).toEqual([BAD]);
  });

  it.each<[string, UnitSignal]>([
    ['another unit fails', unit('/other', 'failed', 'failed')],
    ['another unit waits for its restart', unit('/other', 'activating', 'auto-restart')],
    ['another unit is queued for its restart', unit('/other', 'activating', 'auto-restart-queued')],
    ['a failing unit recovers', unit('/bad')],
    ['a failing unit is unloaded', { about: 'unloaded', path: '/bad' }],
    ['a change does not say how the unit stands', { about: 'unit', path: '/other', state: undefined }],
    ['unit files were read again', { about: 'everything' }],
    ['another systemd has taken over', { about: 'systemd' }],
  ])('becomes invalid when %s', async (_, signal) => {
    const { memory } = await remembering();
    memory.handle(signal);
    expect(memory.recall(30_000)).toBeUndefined();
  });

  it('becomes invalid when one of several failing units recovers', async () => {
    const memory = createFailingUnits(() => 0);
    await memory.ask(() => Promise.resolve([BAD, { ...BAD, id: 'worse.service', path: '/worse' }]), true);
    memory.handle(unit('/worse'));
    expect(memory.recall(30_000)).toBeUndefined();
  });

  it('is as old as the beginning of its query', async () => {
    let time = 1_000_000;
    const memory = createFailingUnits(() => time);
    const list = () => {
      time += 5_000;
      return Promise.resolve([BAD]);
    };
    await memory.ask(list, true);
    time = 1_029_999;
    expect(memory.recall(30_000)).toEqual([BAD]);
    time = 1_030_000;
    expect(memory.recall(30_000)).toBeUndefined();
  });

  it('is not needed to process signals, and none of jobs spoils a query', async () => {
    const memory = createFailingUnits(() => 0);
    memory.handle(unit('/other'));
    expect(memory.recall(30_000)).toBeUndefined();
    const answer = memory.ask(() => Promise.resolve([BAD]), true);
    memory.handle({ about: 'job' });
    await answer;
    expect(memory.recall(30_000)).toEqual([BAD]);
  });

  it('keeps no result if a signal arrived while it was read', async () => {
    const memory = createFailingUnits(() => 0);
    const answer = memory.ask(() => Promise.resolve([BAD]), true);
    memory.handle(unit('/bad'));
    expect(await answer).toEqual([BAD]);
    expect(memory.recall(30_000)).toBeUndefined();
  });
});
