import { mkdtempSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Check } from '../../src/checks/index.js';
import type { Verdict } from '../../src/model/issue.js';
import type { Snapshot } from '../../src/model/snapshot.js';
import { healthySnapshot } from '../../src/testing/index.js';

const ends: (() => void)[] = [];
afterAll(() => {
  for (const end of ends.splice(0)) end();
});

/** Creates a folder that is removed after the tests of the file. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'checks-'));
  ends.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Runs a check once. */
export async function verdictOf(check: Check, snapshot: Snapshot = healthySnapshot()): Promise<Verdict> {
  return check.run(snapshot, { signal: new AbortController().signal });
}

/** Runs a check until it is certain: a time limit gives unknown if this program itself is late. */
export async function certain(check: Check): Promise<Verdict> {
  for (let left = 50; ; left -= 1) {
    const verdict = await verdictOf(check);
    if (verdict.status !== 'unknown' || left === 0) return verdict;
  }
}

const listening = async (server: Server, where: number | string): Promise<number> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => {
    if (typeof where === 'number') server.listen(where, '127.0.0.1', resolve);
    else server.listen(where, resolve);
  });
  const address = server.address();
  return typeof address === 'string' ? 0 : address!.port;
};

/** Starts a web server; returns its address. */
export const web = async (listener: RequestListener): Promise<string> =>
  `http://127.0.0.1:${await listening(createHttp(listener), 0)}`;

/** Starts a web server with TLS; returns its port. */
export const secureWeb = (keys: { key: string; cert: string }, listener: RequestListener): Promise<number> =>
  listening(createHttps(keys, listener), 0);

/** Starts a server that calls a function with each connection; returns its port. */
export const server = (talk: (socket: Socket) => void, where: number | string = 0): Promise<number> =>
  listening(
    createServer((socket) => {
      socket.on('error', () => undefined);
      talk(socket);
    }),
    where,
  );

/** Returns a port without a listener: not one that the kernel gives, which a parallel test may get next. */
export async function closedPort(from = 10_000 + (process.pid % 10_000)): Promise<number> {
  const made = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    made.once('error', () => resolve(false)).listen(from, '127.0.0.1', () => resolve(true));
  });
  if (!isFree) return closedPort(from + 1);
  await new Promise((resolve) => made.close(resolve));
  return from;
}
