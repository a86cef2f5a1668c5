// Runs inside a test host: counts what one engine in monitoring does while things happen; prints it as JSON.
// Input: { engine, interval, phases }. A phase runs its command, if any, and lasts until an issue with the component
// `opens` opens, or for `forMs`.
/* global clearInterval, gc, setInterval */
import { execFile } from 'node:child_process';
import { Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createSelfHealingEngine } from '../../../dist/index.js';

const { engine: options, interval, phases } = JSON.parse(await text(process.stdin));

let counts;
const begin = () => (counts = { cycles: 0, looks: 0, messages: 0, opened: [], said: [], ticks: 0 });
begin();

/** Counts the messages to the bus, as nothing else in this process uses a socket. */
const write = Socket.prototype.write;
Socket.prototype.write = function (...given) {
  if (this !== process.stdout && this !== process.stderr) counts.messages += 1;
  return write.apply(this, given);
};

const said = (message) => counts.said.push(message);
const logger = { debug: () => undefined, info: said, warn: said, error: said };
const engine = createSelfHealingEngine({ ...options, logger });
const { detector } = engine;
const look = detector.look.bind(detector);
detector.look = (request) => {
  if (request.component === undefined) counts.cycles += 1;
  else counts.looks += 1;
  return look(request);
};
let openedOne;
engine.on('issue:opened', ({ issue }) => {
  counts.opened.push(issue.component);
  openedOne?.(issue.component);
});
const ticker = setInterval(() => (counts.ticks += 1), 10);
const monitoring = engine.startMonitoring(interval);
const delay = monitorEventLoopDelay({ resolution: 5 });

/** Resolves when an issue with this component opens; to be called before the cause. */
function opening(component) {
  return new Promise((resolve, reject) => {
    openedOne = (opened) => opened === component && resolve();
    setTimeout(() => reject(new Error(`No issue with ${component} opened`)), 60_000).unref();
  });
}

async function lasting({ run, opens, forMs = 0 }) {
  gc();
  const { heapUsed } = process.memoryUsage();
  begin();
  delay.reset();
  delay.enable();
  const start = performance.now();
  const opened = opens && opening(opens);
  if (run) await promisify(execFile)(run[0], run.slice(1));
  await opened;
  await sleep(forMs);
  delay.disable();
  const ms = performance.now() - start;
  gc();
  const heapBytes = process.memoryUsage().heapUsed - heapUsed;
  return { ...counts, ms, heapBytes, delayMs: { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 } };
}

const told = [];
try {
  for (const phase of phases) told.push(await lasting(phase));
} finally {
  clearInterval(ticker);
  await engine.close();
  await monitoring;
}
process.stdout.write(JSON.stringify(told));
