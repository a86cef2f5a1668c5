// Runs one contender in a separate process, in the protocol of floor.c: a line with milliseconds is answered with the
// rounds, and the nanoseconds of wall and of CPU time that they took. `count N` does N rounds between two calls of
// `statx`, on `/begin` and `/end`, for a tracer.
import console from 'node:console';
import { statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { argv, cpuUsage, exit, stdin } from 'node:process';
import { createInterface } from 'node:readline';
import { CONTENDERS } from './contenders.mjs';

const [, , name, given = '{}'] = argv;
const { run, sync = false, every = 64, found } = await CONTENDERS[name](JSON.parse(given));
console.log(`ready ${JSON.stringify(found)}`);

const repeat = async (times) => {
  if (sync) for (let i = 0; i < times; i++) run();
  else for (let i = 0; i < times; i++) await run();
};
const mark = (path) => statSync(path, { throwIfNoEntry: false });

for await (const line of createInterface({ input: stdin })) {
  const [, count] = /^count (\d+)$/.exec(line) ?? [];
  const [start, cpu] = [performance.now(), cpuUsage()];
  const end = start + Number(line);
  let now = start;
  let rounds = 0;
  if (count !== undefined) {
    mark('/begin');
    await repeat(Number(count));
    mark('/end');
  }
  while (now < end) {
    await repeat(every);
    rounds += every;
    now = performance.now();
  }
  const { user, system } = cpuUsage(cpu);
  console.log(rounds, Math.round((now - start) * 1e6), (user + system) * 1e3);
}
exit();
