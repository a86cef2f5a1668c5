import type { Socket } from 'node:net';

/** Minimum time for a connection to send a request, in milliseconds, even when all places are taken. */
const GRACE_MS = 250;
/** Additional connections for that time; further ones replace the oldest idle one. */
const BURST = 512;

export interface PlacesOptions {
  /** Connections at once. */
  readonly most: number;
  /** Further ones that are kept for favoured connections. Default 0. */
  readonly kept?: number;
}

/**
 * The places of a server. An idle connection (an incomplete request, or keep-alive) keeps its place only while no
 * other connection needs it; the oldest is closed first. So slow or idle clients cannot lock others out. A request in
 * progress is never ended; when all places are in use, new connections are refused.
 */
export class Places {
  readonly #most: number;
  readonly #kept: number;
  /** All connections, and whether each is favoured. */
  readonly #guests = new Map<Socket, boolean>();
  /** Idle connections with the start of their idle time, the oldest first. */
  readonly #waiting = new Map<Socket, number>();
  #trimming: NodeJS.Timeout | undefined;

  constructor({ most, kept = 0 }: PlacesOptions) {
    this.#most = most;
    this.#kept = kept;
  }

  /** Adds a connection, or closes it when all places are in use. */
  take(socket: Socket, isFavoured = false): void {
    this.#guests.set(socket, isFavoured);
    this.#waiting.set(socket, performance.now());
    socket.once('close', () => {
      this.#guests.delete(socket);
      this.#waiting.delete(socket);
    });
    if (this.#busy >= this.#limit(isFavoured)) {
      this.#end(socket);
      return;
    }
    if (this.#guests.size > this.#most + BURST) this.#end(this.#waiting.keys().next().value);
    if (this.#guests.size > this.#most) this.#trimming ??= setTimeout(() => this.#trim(), GRACE_MS).unref();
  }

  /** Marks a request as in progress. `false` when all places were in use and the connection was closed. */
  begins(socket: Socket): boolean {
    const isFavoured = this.#guests.get(socket);
    if (isFavoured === undefined) return false;
    if (this.#waiting.has(socket) && this.#busy >= this.#limit(isFavoured)) {
      this.#end(socket);
      return false;
    }
    this.#waiting.delete(socket);
    return true;
  }

  /** Marks a request as finished; the connection stays while its place is not needed. */
  ends(socket: Socket): void {
    if (this.#guests.has(socket)) this.#waiting.set(socket, performance.now());
  }

  close(): void {
    clearTimeout(this.#trimming);
    this.#trimming = undefined;
    for (const socket of this.#guests.keys()) socket.destroy();
  }

  get #busy(): number {
    return this.#guests.size - this.#waiting.size;
  }

  #limit(isFavoured: boolean): number {
    return this.#most + (isFavoured ? this.#kept : 0);
  }

  #end(socket: Socket | undefined): void {
    if (socket === undefined) return;
    this.#guests.delete(socket);
    this.#waiting.delete(socket);
    socket.destroy();
  }

  #trim(): void {
    this.#trimming = undefined;
    const now = performance.now();
    for (const [socket, since] of this.#waiting) {
      if (this.#guests.size <= this.#most) return;
      if (now - since < GRACE_MS) break;
      this.#end(socket);
    }
    if (this.#guests.size > this.#most && this.#waiting.size > 0)
      this.#trimming = setTimeout(() => this.#trim(), GRACE_MS).unref();
  }
}
