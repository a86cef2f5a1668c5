// Runs inside a test host: runs the steps on standard input with one engine, and prints their results as JSON.
// It never calls process.exit, so each use also proves that a closed engine keeps nothing open.
/* global AbortSignal */
import { execFile } from 'node:child_process';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createSelfHealingEngine, defineAction } from '../../../dist/index.js';
import { checksOf } from './ready-checks.mjs';

const run = async ([file, ...args]) => (await promisify(execFile)(file, args)).stdout.trim();

/** Custom action that runs one program: JSON cannot contain a function. */
const actionOf = ({ argv, timeoutMs, targets = ['something'] }) =>
  defineAction({
    parse: (parameters) => parameters,
    plan: () => ({
      targets,
      steps: [{ kind: 'command', argv, needsRoot: false, timeoutMs, interruptible: true }],
      effect: 'Something runs',
    }),
    verify: () => ({ status: 'fixed', reason: 'It ran' }),
    scope: 'host',
    risk: 'reversible',
    timeoutMs: 60_000,
  });

/** The possible steps, each with one argument. */
const stepsOf = (engine, asked) => ({
  detectAndHeal: (abortAfterMs) =>
    engine.detectAndHeal(abortAfterMs === undefined ? {} : { signal: AbortSignal.timeout(abortAfterMs) }),
  healIssue: (issue, abortAfterMs) =>
    engine.healIssue(issue, abortAfterMs === undefined ? {} : { signal: AbortSignal.timeout(abortAfterMs) }),
  healIssuesBatch: (issues) => engine.healIssuesBatch(issues),
  explain: (component) => engine.explain(component),
  approve: async () => {
    const [waiting] = asked;
    return engine.approve(waiting);
  },
  inspect: (component) => engine.detector.inspect({ component }),
  execute: ({ dryRun, ...action }) => engine.executor.execute(action, { dryRun }),
  monitor: (request) => monitor(engine, request),
  run,
  sleep: (ms) => sleep(ms),
  async isOnTheBus() {
    const clients = (await run(['busctl', 'list', '--no-legend'])).split('\n');
    return clients.some((line) => Number(line.split(/\s+/)[1]) === process.pid);
  },
});

/** Monitors, runs the damage after the first cycle, and stops after the first repair or the given time. */
async function monitor(engine, { interval, damage, forMs }) {
  const healed = new AbortController();
  const told = { cycles: 0, openedInCycle: 0, results: [], blocked: [] };
  const damaged = new Promise((resolve, reject) => {
    engine.on('cycle:done', () => {
      told.cycles += 1;
      if (told.cycles === 1) (damage ? run(damage) : Promise.resolve()).then(resolve, reject);
    });
  });
  engine.on('issue:opened', () => (told.openedInCycle ||= told.cycles + 1));
  engine.on('heal:blocked', (blocked) => told.blocked.push(blocked));
  engine.on('heal:done', ({ result }) => {
    told.results.push(result);
    healed.abort();
  });
  const monitoring = engine.startMonitoring(interval);
  await sleep(forMs, undefined, { signal: healed.signal }).catch(() => undefined);
  await engine.stopMonitoring();
  await Promise.all([monitoring, damaged]);
  return { ...told, metrics: engine.getMetrics() };
}

async function answersTo({ options, resolve, commands = {}, checks, steps }) {
  const engine = createSelfHealingEngine({
    ...options,
    ...(checks ? { checks: checksOf(checks), enabledChecks: Object.keys(checks) } : {}),
    ...(resolve ? { resolver: { getAction: () => resolve } } : {}),
    actions: Object.fromEntries(Object.entries(commands).map(([name, command]) => [name, actionOf(command)])),
  });
  try {
    const asked = [];
    engine.on('approval:asked', ({ request }) => asked.unshift(request.id));
    const can = stepsOf(engine, asked);
    const answers = [];
    for (const [name, ...argument] of steps) answers.push((await can[name](...argument)) ?? null);
    return { answers };
  } finally {
    await engine.close();
  }
}

const answer = await answersTo(JSON.parse(await text(process.stdin))).catch((error) => ({
  rejected: String(error?.message ?? error),
}));
process.stdout.write(JSON.stringify(answer));
