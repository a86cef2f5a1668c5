import { chmod, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { SimplifiedHealingEngine } from '../../engine/engine.js';
import { messageOf, SelfHealingError } from '../../base/errors.js';
import { Places } from '../../observe/http/places.js';
import { printableJson } from '../../base/printable.js';
import { obey, type CommandParts } from './obey.js';
import { MAX_REQUEST, parseRequest, rootSocketOf, type Answer } from './protocol.js';

interface Listening {
  readonly server: Server;
  readonly places: Places;
}

export interface ControlParts extends CommandParts {
  /** Returns the current engine. */
  readonly engine: () => SimplifiedHealingEngine | undefined;
}

/** Limit of simultaneous connections on each of the two sockets. */
const MOST = { group: 16, root: 4 };
/** Time limit for a request, which is one line, in milliseconds. */
const REQUEST_MS = 5_000;
/** Time limit for reading an answer, in milliseconds. */
const ANSWER_MS = 10_000;

/**
 * Answers requests of the control command, one line of JSON each, on a UNIX socket for a group. A second socket, for
 * root only, has separate places: the group cannot keep root out.
 */
export class ControlServer {
  readonly #parts: ControlParts;
  #listening: readonly Listening[] = [];

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  /** Listens. Rejects when another daemon does so already. */
  async start(path: string): Promise<void> {
    this.#listening = [await this.#listen(path, 'group')];
    this.#listening = [...this.#listening, await this.#listen(rootSocketOf(path), 'root')];
  }

  async #listen(path: string, who: keyof typeof MOST): Promise<Listening> {
    await removeStale(path);
    const places = new Places({ most: MOST[who] });
    const server = createServer((socket) => this.#take(socket, places, who));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(
          new SelfHealingError('cannot-listen', `The control socket cannot be had: ${messageOf(error)}`),
        ),
      );
      server.listen(path, resolve);
    });
    // Access for owner and group. The folder and the unit determine the group.
    await chmod(path, who === 'root' ? 0o600 : 0o660);
    return { server, places };
  }

  /** Ends all connections. Safe to call when it never began. */
  async stop(): Promise<void> {
    const listening = this.#listening;
    this.#listening = [];
    for (const { server, places } of listening) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      places.close();
      await closed;
    }
  }

  #take(socket: Socket, places: Places, who: keyof typeof MOST): void {
    places.take(socket);
    // The client closed the connection before the answer.
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
      if (!places.begins(socket)) return;
      const line = end === -1 || end > MAX_REQUEST ? undefined : text.slice(0, end);
      void this.#answer(line, who).then((answer) => {
        socket.end(`${printableJson(answer)}\n`);
        places.ends(socket);
        const untaken = setTimeout(() => socket.destroy(), ANSWER_MS).unref();
        socket.once('close', () => clearTimeout(untaken));
      });
    };
    socket.on('data', take);
  }

  async #answer(line: string | undefined, who: keyof typeof MOST): Promise<Answer> {
    try {
      if (line === undefined) throw new SelfHealingError('protocol', 'The request is too long');
      const said = parseRequest(line);
      // The kernel lets only root (and this user) open it: here the id is no claim.
      const request = who === 'root' ? { ...said, uid: 0 } : said;
      const engine = this.#parts.engine();
      if (engine === undefined) throw new SelfHealingError('closed', 'The daemon is still starting');
      return { version: 1, ok: true, data: await obey(request, engine, this.#parts) };
    } catch (error) {
      return { version: 1, ok: false, error: messageOf(error) };
    }
  }
}

/** Removes the socket that a killed daemon left behind. */
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
