// An engine with a shared state. It repairs the file `bad` by removing it, and records that. The command `look` runs
// one cycle; `wait MS` advances its monotonic clock. Each answer is a line of JSON.
import { appendFileSync, existsSync, rmSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { createSelfHealingEngine, realClock } from '../../../dist/index.js';

const [, , folder, name] = process.argv;
const bad = `${folder}/bad`;
let ahead = 0;
const warnings = [];
const quiet = () => undefined;
const engine = createSelfHealingEngine({
  state: `${folder}/state.json`,
  enabledChecks: ['bad'],
  clock: { ...realClock, monotonic: () => realClock.monotonic() + ahead },
  logger: { debug: quiet, info: quiet, error: quiet, warn: (message) => void warnings.push(message) },
  guards: {
    backoff: { firstMs: 0, maxMs: 0 },
    settleMs: { service: 0 },
    breaker: { attempts: 1000 },
    useless: { recurrences: 1000 },
    budget: { componentPerHour: 1000, hostPerHour: 1000 },
  },
  checks: [
    {
      name: 'bad',
      component: 'bad',
      type: 'service',
      run: () =>
        existsSync(bad) ? { status: 'bad', reason: 'it is there' } : { status: 'ok', reason: 'it is gone' },
      heals: () => {
        appendFileSync(`${folder}/acts`, `${name}\n`);
        rmSync(bad, { force: true });
      },
    },
  ],
});
const tell = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
tell({ pid: process.pid });
for await (const line of createInterface({ input: process.stdin })) {
  const [word, ms] = line.split(' ');
  if (word === 'wait') ahead += Number(ms);
  const results = word === 'look' ? await engine.detectAndHeal() : [];
  tell({
    results: results.map(({ outcome, blockedBy, error }) => ({ outcome, blockedBy, error })),
    warnings,
  });
}
