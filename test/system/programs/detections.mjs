// Runs inside a test host: how many detections a second, with and without the units given, in turns; as JSON.
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { SimpleDetector } from '../../../dist/index.js';

const { units, rounds, turnMs } = JSON.parse(await text(process.stdin));
const RESOURCES = ['cpu', 'memory', 'disk', 'load'];
const without = new SimpleDetector({ enabledChecks: RESOURCES });
const withUnits = new SimpleDetector({ enabledChecks: [...RESOURCES, 'services'], services: units });

async function perSecond(detector) {
  const start = performance.now();
  let times = 0;
  for (; performance.now() - start < turnMs; times++) await detector.inspect({ recent: true });
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
  figures.push({ without: await perSecond(without), withUnits: await perSecond(withUnits) });
}
const verdicts = await withUnits.inspect({ recent: true });
process.stdout.write(JSON.stringify({ figures, verdicts: verdicts.length }), () => process.exit());
