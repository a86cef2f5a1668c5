// Runs inside a test host: one engine monitors with ready-made checks while faults are injected that systemd cannot
// see. Input: { options, checks, interval, faults }; the result of each fault is printed as JSON.
// A fault is over when its issue has cleared or, if it is not healed, when one of `over` has been the reason.
import { execFile } from 'node:child_process';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createSelfHealingEngine } from '../../../dist/index.js';
import { checksOf } from './ready-checks.mjs';

const run = ([file, ...args]) => promisify(execFile)(file, args);
const works = (argv) =>
  run(argv).then(
    () => true,
    () => false,
  );
const show = async (property, unit) =>
  (await run(['systemctl', 'show', `--property=${property}`, '--value', unit])).stdout.trim();

const { options, checks, interval, faults, quietMs = 0 } = JSON.parse(await text(process.stdin));
const messages = [];
const note = (line) => messages.push(line);
let current;
/** On a busy machine a cycle may be unable to judge, which it reports, and does not count. */
const noticing = (check) => ({
  ...check,
  async run(...given) {
    const verdict = await check.run(...given);
    if (verdict.status === 'unknown' && current?.component === check.component) current.unheard += 1;
    return verdict;
  },
});
const made = checksOf(checks).map(noticing);
const engine = createSelfHealingEngine({
  enabledChecks: ['services', ...made.map(({ name }) => name)],
  ...options,
  ...{ checks: made, logger: { debug: () => undefined, info: () => undefined, warn: note, error: note } },
});

// A cycle counts if it starts after the fault.
let begun = 0;
const look = engine.detector.look.bind(engine.detector);
engine.detector.look = (request) => {
  if (request.component === undefined) begun += 1;
  return look(request);
};

const of = ({ issue, result }) => (result?.issue ?? issue).component;
const onEvent = (name, what) =>
  engine.on(name, (event) => {
    if (current === undefined) return;
    if (of(event) === current.component) what(current, event);
    else current.others.push({ event: name, component: of(event), outcome: event.result?.outcome });
  });
onEvent('issue:opened', (told, { issue }) => {
  // Some faults are detected before their command has ended.
  told.cyclesToFind = told.at === undefined ? 0 : Math.max(0, begun - told.begun - told.unheard);
  told.msToFind = told.at === undefined ? 0 : Math.round(performance.now() - told.at);
  told.found = issue.description;
});
onEvent('heal:blocked', (told, { blockedBy }) => {
  told.blocked.push(blockedBy);
  if (told.over.includes(blockedBy)) told.end();
});
onEvent('heal:done', (told, { result }) => {
  told.results.push({ outcome: result.outcome, why: result.proof ?? result.error });
  // A component that is reported as fixed is checked independently at once.
  if (result.outcome === 'fixed') told.probes.push(works(told.probe));
});
onEvent('issue:cleared', (told) => told.end());

async function breakIt({ name, component, damage, probe, over = [], unit, mends }) {
  const before = unit && (await show('InvocationID', unit));
  const told = {
    ...{ name, component, probe, over },
    ...{ results: [], blocked: [], probes: [], others: [], unheard: 0 },
  };
  const ended = new Promise((resolve) => (told.end = () => resolve(true)));
  messages.length = 0;
  current = told;
  await run(damage);
  Object.assign(told, { at: performance.now(), begun, unheard: 0 });
  const inTime = await Promise.race([ended, sleep(60_000, false, { ref: false })]);
  await sleep(quietMs);
  // If the independent check cannot tell, the engine's current state is used.
  const explained = engine.explain(component).map((one) => one.text);
  const fine = await works(probe);
  const { cyclesToFind, msToFind, found, results, blocked, others } = told;
  const proofs = await Promise.all(told.probes);
  const restarted = unit ? (await show('InvocationID', unit)) !== before : undefined;
  const said = [...messages];
  if (mends) {
    await run(mends);
    await Promise.race([new Promise((resolve) => (told.end = resolve)), sleep(15_000, 0, { ref: false })]);
  }
  current = undefined;
  return {
    ...{
      name,
      inTime,
      cyclesToFind,
      msToFind,
      unheard: told.unheard,
      found,
      results,
      blocked,
      others,
      explained,
      messages: said,
    },
    ...{ fine, restarted, falselyFixed: proofs.filter((one) => !one).length },
  };
}

const cycle = () => new Promise((resolve) => engine.on('cycle:done', resolve));
const monitoring = engine.startMonitoring(interval);
const told = [];
try {
  // Some values need two readings.
  await cycle();
  await cycle();
  const first = (await engine.detector.inspect()).filter(({ status }) => status !== 'ok');
  for (const fault of faults) told.push(await breakIt(fault));
  const last = (await engine.detector.inspect()).filter(({ status }) => status !== 'ok');
  process.stdout.write(JSON.stringify({ first, told, last, metrics: engine.getMetrics() }));
} finally {
  await engine.close();
  await monitoring;
}
