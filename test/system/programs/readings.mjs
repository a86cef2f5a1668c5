// Runs inside a test host: one engine runs cycles, and file systems change between them; prints as JSON what
// each cycle read, and the events since the one before. Input: { engine, steps }; a step is { look }, { run } or { heal
// }.
import { execFile } from 'node:child_process';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { createSelfHealingEngine } from '../../../dist/index.js';

const { engine: options, steps } = JSON.parse(await text(process.stdin));
const engine = createSelfHealingEngine(options);
let events = [];
for (const name of ['issue:opened', 'issue:cleared', 'issue:gone'])
  engine.on(name, ({ issue }) => events.push(`${name} ${issue.component}`));
const told = [];
try {
  for (const { look, run, heal } of steps) {
    if (run) await promisify(execFile)(run[0], run.slice(1));
    if (heal) told.push({ result: await engine.healIssue(heal) });
    if (look === undefined) continue;
    const results = await engine.detectAndHeal();
    told.push({ verdicts: engine.status().verdicts, results, events });
    events = [];
  }
} finally {
  await engine.close();
}
process.stdout.write(JSON.stringify(told));
