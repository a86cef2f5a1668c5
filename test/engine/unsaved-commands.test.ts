import { expect, it } from 'vitest';
import { memoryStore, type Store } from '../../src/memory/store.js';
import { failedUnit } from '../../src/testing/index.js';
import { benchOf } from '../make-engine.js';

/** An engine in whose state nginx is paused for, asked about, and backed off, and whose store can fail. */
async function benchWithStore() {
  const memory = memoryStore();
  const disk = { isGone: false };
  const save: Store['save'] = (state) =>
    disk.isGone ? Promise.reject(new Error('EIO: the disk is gone')) : memory.save(state);
  const bench = benchOf(
    { units: [failedUnit()] },
    {
      state: { ...memory, save },
      fake: { plan: () => ({ approval: 'A person has to decide' }) },
    },
  );
  await bench.done(bench.engine.detectAndHeal());
  const { id } = bench.engine.status().approvals[0]!;
  return { ...bench, disk, id };
}

const pausesOf = ({ engine }: Pick<Bench, 'engine'>): readonly string[] =>
  engine.status().pauses.map(({ reason }) => reason);

type Bench = Awaited<ReturnType<typeof benchWithStore>>;

const stateOf = ({ engine }: Bench) => {
  const { approvals, pauses, components, commands } = engine.status();
  return { approvals, pauses: new Set(pauses), components, commands };
};

it.each<[string, (bench: Bench) => Promise<unknown>]>([
  ['pause', ({ engine }) => engine.pause('backup')],
  ['approve', ({ engine, id }) => engine.approve(id)],
  ['reject', ({ engine, id }) => engine.reject(id)],
  ['reset', ({ engine }) => engine.reset('nginx')],
])('%s has no effect, is not on record and works later if it could not be saved', async (_, command) => {
  const bench = await benchWithStore();
  const before = stateOf(bench);
  bench.disk.isGone = true;
  await expect(bench.done(command(bench))).rejects.toThrow('EIO');
  expect(stateOf(bench)).toEqual(before);
  bench.disk.isGone = false;
  await bench.done(command(bench));
  expect(bench.engine.status().commands).toHaveLength(1);
});

it.each(['backup', '__proto__', 'constructor'])(
  'resume of %s leaves the pause, and the time it began, if it could not be saved',
  async (reason) => {
    const bench = await benchWithStore();
    await bench.engine.pause(reason);
    await bench.engine.pause('upgrade');
    const before = stateOf(bench);
    bench.disk.isGone = true;
    await expect(bench.engine.resume(reason)).rejects.toThrow('EIO');
    expect(pausesOf(bench).toSorted()).toEqual([reason, 'upgrade'].toSorted());
    expect(stateOf(bench)).toEqual(before);
    bench.disk.isGone = false;
    await bench.engine.resume(reason);
    expect(pausesOf(bench)).toEqual(['upgrade']);
  },
);

it('a pause that could not be saved keeps another one that was saved meanwhile', async () => {
  const bench = await benchWithStore();
  bench.disk.isGone = true;
  const lost = bench.engine.pause('backup');
  await expect(lost).rejects.toThrow('EIO');
  bench.disk.isGone = false;
  await bench.engine.pause('upgrade');
  expect(pausesOf(bench)).toEqual(['upgrade']);
});
