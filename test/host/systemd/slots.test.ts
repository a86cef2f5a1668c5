import { expect, it } from 'vitest';
import { createSlots } from '../../../src/host/systemd/bus.js';

it('slots limit the number of calls that run at once, and all calls end', async () => {
  const inSlot = createSlots(3);
  let running = 0;
  let most = 0;
  const work = async (index: number): Promise<number> => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    if (index % 4 === 0) throw new Error('failed');
    return index;
  };
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => inSlot(() => work(index))),
  );
  expect(most).toBe(3);
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(5);
  expect(await inSlot(async () => 'still free')).toBe('still free');
});
