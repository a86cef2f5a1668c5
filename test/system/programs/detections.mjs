// Runs inside a test host: the number of detections per second, with and without the units given, and how often one systemctl
// shows the same units, alternating; as JSON.
import { execFile } from 'node:child_process';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SimpleDetector } from '../../../dist/index.js';

const { units, rounds, turnMs } = JSON.parse(await text(process.stdin));
const RESOURCES = ['cpu', 'memory', 'disk', 'load'];
const without = new SimpleDetector({ enabledChecks: RESOURCES });
const withUnits = new SimpleDetector({ enabledChecks: [...RESOURCES, 'services'], services: units });

const look = (detector) => () => detector.inspect({ recent: true });
const systemctl = () => promisify(execFile)('systemctl', ['is-active', ...units]);

async function perSecond(work) {
  const start = performance.now();
  let times = 0;
  for (; performance.now() - start < turnMs; times++) await work();
  return (times * 1_000) / (performance.now() - start);
}

for (const detector of [without, withUnits]) {
  for (let i = 0; i < 3; i++) {
    await detector.inspect({ recent: true });
    await sleep(150);
  }
}
const figures = [];
for (let round = 0; round < rounds; round++) {
  figures.push({
    without: await perSecond(look(without)),
    withUnits: await perSecond(look(withUnits)),
    systemctl: await perSecond(systemctl),
  });
}
const verdicts = await withUnits.inspect({ recent: true });
process.stdout.write(JSON.stringify({ figures, verdicts: verdicts.length }), () => process.exit());
