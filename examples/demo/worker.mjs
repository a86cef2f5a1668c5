// One worker of the demo: a program of its own, that does its work, says every 200 ms that it lives, and goes wrong
// by script: in the way, and after the time, that its arguments say.
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
  // Waits for a lock that nobody lets go of: it is there, and says nothing any more.
  hang: () => setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), afterMs),
};
HABITS[habit]();
