// Runs one contender in a process of its own, in the protocol of floor.c.
import console from 'node:console';
import { performance } from 'node:perf_hooks';
import { argv, stdin } from 'node:process';
import { createInterface } from 'node:readline';
import { CONTENDERS } from './contenders.mjs';

const [, , name, given = '{}'] = argv;
const { run, sync = false, every = 64, found } = await CONTENDERS[name](JSON.parse(given));
console.log(`ready ${JSON.stringify(found)}`);

for await (const line of createInterface({ input: stdin })) {
  const start = performance.now();
  const end = start + Number(line);
  let now = start;
  let rounds = 0;
  while (now < end) {
    if (sync) for (let i = 0; i < every; i++) run();
    else for (let i = 0; i < every; i++) await run();
    rounds += every;
    now = performance.now();
  }
  console.log(rounds, Math.round((now - start) * 1e6));
}
