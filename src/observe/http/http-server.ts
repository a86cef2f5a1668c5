import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expectNumber } from '../../base/expect.js';
import {
  expectAddress,
  isLoopback,
  listenError,
  urlOf,
  type Address,
  type ListenOptions,
  plainAddress,
} from './address.js';
import { Places } from './places.js';

/** Answers a request: the form that Node, express and fastify's raw objects share. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Options of an {@link HttpServer}. */
export interface HttpServerOptions {
  readonly handler: Handler;
  readonly defaults: Required<ListenOptions>;
  /** Connections at once, 1 to 65,535, besides those that are kept for this machine. Default 100. */
  readonly maxConnections?: number | undefined;
}

/** Time without traffic after which a connection is closed: a slow reader may not keep its place forever. */
const IDLE_MS = 30_000;
/** Additional connections reserved for this machine: scrapes and status checks work beside a crowd. */
const KEPT_FOR_LOOPBACK = 8;
/** Limits of a request: headers in bytes, times in milliseconds. Requests are short. */
const LIMITS = {
  maxHeaderSize: 8_192,
  requestTimeout: 5_000,
  headersTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};

interface Running {
  readonly server: Server;
  readonly places: Places;
  readonly address: Address;
}

/**
 * A server that can be started and stopped, again and again. It does not keep the process alive. `node:http` is
 * loaded when it is first started.
 */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #maxConnections: number;
  #running: Promise<Running> | undefined;
  #stopping: Promise<void> = Promise.resolve();

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const { maxConnections = 100 } = options;
    this.#maxConnections = expectNumber('maxConnections', maxConnections, 1, 65_535);
  }

  /**
   * Listens. On a server that has started it gives the address that it has. Rejects with a `SelfHealingError`:
   * `invalid-argument` for an invalid address, `cannot-listen` for one that is unavailable.
   */
  async start(listen: ListenOptions = {}): Promise<Address> {
    const { host, port } = expectAddress(listen, this.#options.defaults);
    const running = (this.#running ??= this.#stopping.then(() => this.#listen(host, port)));
    try {
      return (await running).address;
    } catch (error) {
      if (this.#running === running) this.#running = undefined;
      throw error;
    }
  }

  /** Ends all connections, and resolves when the port is free. Resolves at once when it is not running. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running) this.#stopping = running.then(close, () => undefined);
    await this.#stopping;
  }

  async #listen(host: string, port: number): Promise<Running> {
    const { createServer } = await import('node:http');
    const server = createServer(LIMITS, this.#options.handler);
    server.setTimeout(IDLE_MS);
    const places = new Places({ most: this.#maxConnections, kept: KEPT_FOR_LOOPBACK });
    server.on('connection', (socket) => {
      socket.unref();
      places.take(socket, isLoopback(peerOf(socket)));
    });
    server.prependListener('request', ({ socket }, response) => {
      if (places.begins(socket)) response.once('close', () => places.ends(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.on('error', (error) => reject(listenError(error, host, port)));
      server.listen({ host, port }, resolve);
    });
    server.unref();
    const bound = server.address() as AddressInfo;
    const url = urlOf(bound.address, bound.port);
    return { server, places, address: Object.freeze({ host: bound.address, port: bound.port, url }) };
  }
}

const peerOf = ({ remoteAddress }: Socket): string => plainAddress(remoteAddress);

async function close({ server, places }: Running): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    places.close();
    server.closeAllConnections();
  });
}
