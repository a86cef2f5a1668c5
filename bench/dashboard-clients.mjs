// 500 pages open for a bounded time, each taking every view, and a second time with half of them taking nothing:
// memory and event-loop delay of the process that serves them. `npm run bench:dashboard`; after `npm run build`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath, URL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

const [, , clients = '500', seconds = '20'] = process.argv;
const COUNT = Number(clients);

const server = spawn(
  process.execPath,
  ['--expose-gc', fileURLToPath(new URL('probes/dashboard.mjs', import.meta.url)), clients],
  {
    stdio: ['pipe', 'pipe', 'inherit'],
  },
);
const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value);
const ask = (what) => {
  server.stdin.write(`${what}\n`);
  return next();
};
const { port } = await next();

let events = 0;
let bytes = 0;
const open = [];

/** A page: takes all that it is told. */
async function listen() {
  const asked = request({ port, host: '127.0.0.1', path: '/api/events', agent: false }).end();
  const [response] = await once(asked, 'response');
  response.on('error', () => undefined);
  response.on('data', (chunk) => {
    bytes += chunk.length;
    events += chunk.toString('latin1').split('event: view\n').length - 1;
  });
  open.push(() => asked.destroy());
}

/** A page that takes nothing. */
async function ignore() {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET /api/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
  open.push(() => socket.destroy());
}

const rows = [];
async function round(name, listening, ignoring) {
  for (let index = 0; index < listening; index += 1) await listen();
  for (let index = 0; index < ignoring; index += 1) await ignore();
  await ask('measure');
  [events, bytes] = [0, 0];
  const marks = [];
  for (let part = 0; part < 4; part += 1) {
    await sleep((Number(seconds) * 1_000) / 4);
    marks.push(await ask('measure'));
  }
  rows.push({
    round: name,
    clients: open.length,
    'views a s': Math.round(events / Number(seconds)),
    'MB a s': Number((bytes / Number(seconds) / 1e6).toFixed(2)),
    'heap MB, by quarter': marks.map(({ heap }) => heap).join(' '),
    'RSS MB, by quarter': marks.map(({ rss }) => rss).join(' '),
    'CPU %': Math.round(marks.reduce((sum, { cpu }) => sum + cpu, 0) / marks.length),
    'delay p50/p99/max ms': `${marks.at(-1).p50}/${Math.max(...marks.map(({ p99 }) => p99))}/${Math.max(...marks.map(({ max }) => max))}`,
  });
  for (const close of open.splice(0)) close();
  await sleep(500);
}

await round('nobody', 0, 0);
await round(`${COUNT} listen`, COUNT, 0);
await round('half take nothing', COUNT / 2, COUNT / 2);
await round('nobody again', 0, 0);
console.table(rows);
server.kill();
