// One worker of the demo: a separate program. It works, sends a message every 200 ms, and fails in the way and after the
// time that its arguments give.
import { Buffer } from 'node:buffer';
import process from 'node:process';
import { setInterval, setTimeout } from 'node:timers';

const [, , habit = 'none', after = '0'] = process.argv;
const afterMs = Number(after);

setInterval(() => process.send?.({ memoryMb: process.memoryUsage().rss / 2 ** 20 }), 200);
process.on('disconnect', () => process.exit(0));

const HABITS = {
  none: () => undefined,
  // Throws what nobody catches.
  crash: () => setTimeout(() => JSON.parse('{ "order": '), afterMs),
  // Keeps everything that it ever saw.
  leak: () => {
    const kept = [];
    setInterval(() => kept.push(Buffer.alloc(2 ** 21, 1)), afterMs);
  },
  // Waits for a lock that is never released: it runs, but sends no more messages.
  hang: () => setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), afterMs),
};
HABITS[habit]();
