import { chmod, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { SimplifiedHealingEngine } from '../../engine.js';
import { messageOf, SelfHealingError } from '../../errors.js';
import { printableJson } from '../../printable.js';
import { obey } from './obey.js';
import { MAX_REQUEST, parseRequest, type Answer } from './protocol.js';

/** What a control server speaks for. */
export interface ControlParts {
  /** The engine that works now. */
  readonly engine: () => SimplifiedHealingEngine | undefined;
  /** Makes an engine for a dry run. */
  readonly rehearsal: () => SimplifiedHealingEngine;
}

const MAX_CONNECTIONS = 16;
/** A request is one line: whoever takes longer to say it is not heard. */
const REQUEST_MS = 5_000;

/** Answers the control command, one line of JSON with another, on a UNIX socket that a group may open. */
export class ControlServer {
  readonly #parts: ControlParts;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  /** Listens. Rejects when another daemon does so already. */
  async start(path: string): Promise<void> {
    await removeStale(path);
    const server = createServer((socket) => this.#take(socket));
    server.maxConnections = MAX_CONNECTIONS;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(
          new SelfHealingError('cannot-listen', `The control socket cannot be had: ${messageOf(error)}`),
        ),
      );
      server.listen(path, resolve);
    });
    this.#server = server;
    // Owner and group: which group that is, the folder and the unit decide.
    await chmod(path, 0o660);
  }

  /** Ends all connections. Safe to call when it never began. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // Whoever hangs up before the answer does not want it.
    socket.on('error', () => undefined);
    const tooSlow = setTimeout(() => socket.destroy(), REQUEST_MS);
    socket.once('close', () => clearTimeout(tooSlow));
    let text = '';
    socket.setEncoding('utf8');
    const take = (chunk: string): void => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end === -1 && text.length <= MAX_REQUEST) return;
      clearTimeout(tooSlow);
      socket.off('data', take);
      const line = end === -1 || end > MAX_REQUEST ? undefined : text.slice(0, end);
      void this.#answer(line).then((answer) => socket.end(`${printableJson(answer)}\n`));
    };
    socket.on('data', take);
  }

  async #answer(line: string | undefined): Promise<Answer> {
    try {
      if (line === undefined) throw new SelfHealingError('protocol', 'The request is too long');
      const request = parseRequest(line);
      const engine = this.#parts.engine();
      if (engine === undefined) throw new SelfHealingError('closed', 'The daemon is still starting');
      return { version: 1, ok: true, data: await obey(request, engine, this.#parts.rehearsal) };
    } catch (error) {
      return { version: 1, ok: false, error: messageOf(error) };
    }
  }
}

/** A daemon that was killed leaves its socket behind. */
async function removeStale(path: string): Promise<void> {
  const answered = await new Promise<boolean>((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
  if (answered)
    throw new SelfHealingError('cannot-listen', `Another daemon answers at ${path}: there can be only one`);
  await rm(path, { force: true });
}
