// Runs inside a test host: a web server that can be broken while it runs, without systemd noticing.
// `shop.mjs PORT`; `/fault/NAME` breaks it, and only a new process is healthy again.
/* global Buffer, setImmediate, setInterval */
import { openSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import process from 'node:process';

const port = Number(process.argv[2]);
let content = 'Welcome to the shop';

/** Returns whether PostgreSQL accepts one more client: it asks for authentication, or refuses. */
const database = () =>
  new Promise((resolve) => {
    const socket = connect(5432, '127.0.0.1');
    const body = Buffer.from('user\0shop\0database\0postgres\0\0');
    const head = Buffer.alloc(8);
    head.writeInt32BE(body.length + 8, 0);
    head.writeInt32BE(196_608, 4);
    socket.write(Buffer.concat([head, body]));
    const end = (up) => resolve(up) ?? socket.destroy();
    socket.setTimeout(300, () => end(false));
    socket.on('data', ([kind]) => end(kind === 82)).on('error', () => end(false));
  });

/** Never returns, and uses no CPU. */
const hang = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);

const faults = {
  /** Continues without a port. */
  close: () => server.close(),
  /** The kernel continues to accept connections for it until its queue is full. */
  hang: () => setImmediate(hang),
  content: () => (content = 'Sorry, come back later'),
  leak: () => {
    try {
      for (let left = 5_000; left > 0; left -= 1) openSync('/dev/null');
    } catch {
      // The limit is reached.
    }
  },
};

const server = createServer(async ({ url }, response) => {
  const [, fault] = /^\/fault\/(\w+)$/.exec(url) ?? [];
  if (fault) {
    response.setHeader('connection', 'close');
    response.end('broken\n', () => faults[fault]());
    return;
  }
  if (url === '/health')
    return response.end(JSON.stringify({ database: (await database()) ? 'up' : 'down' }));
  response.end(`${content}\n`);
});
// A short queue fills soon.
server.listen({ port, host: '127.0.0.1', backlog: Number(process.env.QUEUE ?? 511) });
setInterval(() => undefined, 60_000);
