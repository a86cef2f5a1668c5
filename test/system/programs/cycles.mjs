// Healthy dry-run cycles of one engine on this host. Between two calls of `stat`, on `/begin` and `/end`, there are
// only cycles, which a tracer can count. Prints the descriptors before and after as JSON.
import { readdirSync, statSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSelfHealingEngine } from '../../../dist/index.js';
import { CHECKS, HEALTHY } from '../../../bench/checks.mjs';

const cycles = Number(process.argv[2]);
const engine = createSelfHealingEngine({ dryRun: true, enabledChecks: CHECKS, thresholds: HEALTHY });
const descriptors = () => readdirSync('/proc/self/fd').length;
const mark = (name) => statSync(`/${name}`, { throwIfNoEntry: false });

for (let i = 0; i < 3; i++) {
  await engine.detectAndHeal();
  await sleep(150);
}
const verdicts = await engine.detector.inspect();
const before = descriptors();
mark('begin');
for (let i = 0; i < cycles; i++) await engine.detectAndHeal();
mark('end');
const told = { verdicts: verdicts.length, before, after: descriptors() };
await engine.close();
process.stdout.write(JSON.stringify({ ...told, closed: descriptors() }));
