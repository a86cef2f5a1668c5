// Runs inside a test host: one engine in monitoring, whose checks use HTTP; prints its events as JSON.
// Ends when each of the events in `until` was emitted, and after `quietMs` more; or after `forMs`.

import { execFile } from 'node:child_process';
import { get } from 'node:http';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createSelfHealingEngine, SimpleResolver } from '../../../dist/index.js';

const run = async ([file, ...args]) => (await promisify(execFile)(file, args)).stdout.trim();

const statusOf = (url, signal) =>
  new Promise((resolve, reject) => {
    get(url, { agent: false, signal }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });

/** Creates a check as a user would write it: status 200 is ok. */
const checkOf = ({ name, component, url, settleMs, heals }) => ({
  ...{ name, component, type: 'service', parts: [] },
  ...(settleMs === undefined ? {} : { settleMs }),
  ...(heals === undefined ? {} : { heals }),
  async run(_snapshot, { signal }) {
    const answer = await statusOf(url, signal).catch((error) => error.code ?? error.message);
    return answer === 200
      ? { status: 'ok', reason: `${url} answers 200` }
      : { status: 'bad', severity: 3, value: 0, threshold: 1, reason: `${url} answers ${answer}` };
  },
});

/** Picks the given action for a component, and that of the default resolver for all others. */
class Resolver extends SimpleResolver {
  getAction(issue) {
    return given.actions?.[issue.component] ?? super.getAction(issue);
  }
}

const given = JSON.parse(await text(process.stdin));
const lines = [];
const note = (line) => lines.push(line);
const logger = { debug: () => undefined, info: note, warn: note, error: note };

const engine = createSelfHealingEngine({
  enabledChecks: ['services', ...(given.checks ?? []).map(({ name }) => name)],
  ...given.options,
  ...{ logger, checks: (given.checks ?? []).map(checkOf), resolver: new Resolver() },
});

const events = [];
const ended = new AbortController();
const matches = (event, wanted) =>
  Object.entries(wanted).every(([key, value]) => ['run', 'explain'].includes(key) || event[key] === value);
let reactions = given.reactions ?? [];
const running = [];

const told = (name) => (event) => {
  const { outcome, id, proof, error } = event.result ?? {};
  const { component } = (event.result ?? event).issue;
  const { blockedBy, action = event.plan?.action ?? event.result?.actionTaken } = event;
  const line = {
    at: Math.round(performance.now()),
    event: name,
    component,
    action,
    outcome,
    id,
    blockedBy,
    why: proof ?? error ?? event.error,
  };
  events.push(line);
  for (const reaction of reactions.filter((wanted) => matches(line, wanted))) {
    reactions = reactions.filter((other) => other !== reaction);
    if (reaction.run) running.push(run(reaction.run));
    if (reaction.explain) line.explained = engine.explain(reaction.explain).map(({ text }) => text);
  }
  if (given.until.every((wanted) => events.some((one) => matches(one, wanted)))) ended.abort();
};
for (const name of ['issue:opened', 'issue:cleared', 'issue:relapsed', 'heal:planned', 'heal:started'])
  engine.on(name, told(name));
for (const name of ['heal:done', 'heal:blocked']) engine.on(name, told(name));

let cycles = 0;
engine.on('cycle:done', () => {
  cycles += 1;
  if (cycles === 1 && given.damage) running.push(run(given.damage));
});

const monitoring = engine.startMonitoring(given.interval ?? 0.3);
const inTime = await sleep(given.forMs ?? 90_000, false, { signal: ended.signal }).catch(() => true);
const probe = async () => (given.probe ? run(given.probe) : '');
const before = await probe();
await sleep(given.quietMs ?? 0);
const after = await probe();
const explained = engine.explain().map(({ text }) => text);
const metrics = engine.getMetrics();
const seen = [...events];
await engine.close();
await Promise.all([monitoring, ...running]);
process.stdout.write(
  JSON.stringify({ inTime, events: seen, lines, explained, metrics, cycles, probes: [before, after] }),
);
