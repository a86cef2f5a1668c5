// Runs inside a test host: kills the main process of a service again and again, and prints as JSON how long it took
// each time until an engine detected it and until the service ran again. Input: { unit, port, deaths, engine, bare };
// with
// `bare` there is no engine but a listener for the signal of systemd, and systemctl repairs; with neither, another
// program heals. The service sends its process id to the port whenever it starts.
/* global clearTimeout */
import { Buffer } from 'node:buffer';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, URL } from 'node:url';
import { createSelfHealingEngine } from '../../../dist/index.js';

const LONGEST_MS = 20_000;
/** So long after its proof an issue may take to be cleared; then a look clears it. */
const CLEARED_MS = 200;
const {
  unit,
  port,
  deaths,
  engine: options,
  bare = false,
  calmMs = 20,
} = JSON.parse(await text(process.stdin));

/** Never asked for while it is being waited for: the next time that something happens. */
function nextTime(listen) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('It did not happen')), LONGEST_MS);
    const stop = listen((value) => {
      clearTimeout(timer);
      stop();
      resolve({ at: performance.now(), value });
    });
  });
}

const starts = createSocket('udp4').bind(port, '127.0.0.1');
await once(starts, 'listening');
const started = () =>
  nextTime((tell) => {
    const listener = (message) => tell(Number(String(message)));
    starts.on('message', listener);
    return () => starts.off('message', listener);
  });

const { execFile } = await import('node:child_process');
const restart = () => execFile('systemctl', ['restart', unit], () => undefined);
const first = started();
restart();
let pid = (await first).value;

/** Lower bound of the latency: a connection to the bus that subscribes to one unit, and makes no call. */
async function listen() {
  const { build } = await import('esbuild');
  const source = fileURLToPath(new URL('../../../src/host/systemd/bus.ts', import.meta.url));
  const { outputFiles } = await build({
    ...{ entryPoints: [source], bundle: true, write: false, format: 'esm', platform: 'node' },
  });
  const code = Buffer.from(outputFiles[0].contents).toString('base64');
  const { createSystemBus, DAEMON, MANAGER } = await import(`data:text/javascript;base64,${code}`);
  let tell;
  const bus = createSystemBus({
    onSignal: ({ body }) => body[1]?.ActiveState === 'failed' && tell?.(),
  });
  await bus.open();
  const escaped = unit.replace(/[^a-z0-9]/gi, (char) => `_${char.charCodeAt(0).toString(16)}`);
  const path = `path='/org/freedesktop/systemd1/unit/${escaped}'`;
  const rule = `type='signal',sender='${MANAGER.destination}',member='PropertiesChanged',${path}`;
  await bus.call({ ...DAEMON, member: 'AddMatch', body: [rule] });
  await bus.call({ ...MANAGER, member: 'Subscribe' });
  return {
    failed: () =>
      nextTime((tellNow) => {
        tell = tellNow;
        return () => (tell = undefined);
      }),
    close: () => bus.close(),
  };
}
const listener = bare ? await listen() : undefined;

const engine = options && createSelfHealingEngine(options);
let cycles = 0;
engine?.on('cycle:done', () => (cycles += 1));
const monitoring = engine?.startMonitoring(600);
await sleep(1_000);

const times = [];
const outcomes = {};
const cyclesBefore = cycles;
let ownLooks = 0;
/** When an event first comes after now; `undefined` while it has not come. */
function firstOf(event) {
  const seen = {};
  const ended = new Promise((resolve) => {
    const stop = engine.on(event, () => {
      stop();
      resolve((seen.at = performance.now()));
    });
  });
  return { seen, ended };
}
for (let death = 0; death < deaths; death++) {
  const back = started();
  const known = engine ? nextTime((tell) => engine.on('issue:opened', tell)) : listener?.failed();
  const begun = engine && firstOf('heal:started');
  const cleared = engine && firstOf('issue:cleared');
  const healed = engine && nextTime((tell) => engine.on('heal:done', ({ result }) => tell(result)));
  const at = performance.now();
  process.kill(pid, 'SIGKILL');
  if (listener) known.then(restart);
  const [knownAt, backAt, healedAt] = await Promise.all([known, back, healed]);
  pid = backAt.value;
  const { outcome } = healedAt?.value ?? {};
  if (outcome) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  if (cleared) await Promise.race([cleared.ended, sleep(CLEARED_MS)]);
  times.push({
    knownMs: knownAt && knownAt.at - at,
    begunMs: begun?.seen.at && begun.seen.at - at,
    backMs: backAt.at - at,
    clearedMs: cleared?.seen.at && Math.max(0, cleared.seen.at - healedAt.at),
  });
  if (cleared && cleared.seen.at === undefined) {
    ownLooks += 1;
    await engine.detectAndHeal();
  }
  // A pause of varying length.
  await sleep(calmMs * (1 + Math.random()));
}
await engine?.close();
await monitoring;
listener?.close();
starts.close();
process.stdout.write(JSON.stringify({ times, outcomes, wholeLooks: cycles - cyclesBefore - ownLooks }));
