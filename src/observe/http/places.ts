import type { Socket } from 'node:net';

/** Every connection has at least this long to say what it wants, in milliseconds, also when all places are taken. */
const GRACE_MS = 250;
/** Connections beyond the places for so long; further ones push out the oldest that has said nothing. */
const BURST = 512;

/** How many connections a server serves. */
export interface PlacesOptions {
  /** Connections at once. */
  readonly most: number;
  /** Further ones that are kept for favoured connections. Default 0. */
  readonly kept?: number;
}

interface Guest {
  readonly isFavoured: boolean;
  /** Since when it has had nothing in progress. */
  waitingSince: number | undefined;
}

/**
 * The places of a server. Whoever has nothing in progress (a request that is half said, or a connection that is kept
 * open) holds a place only as long as nobody else needs it: the oldest of them goes first. So slow or idle clients,
 * however many, cannot keep others out. What is in progress is never ended; when all places are in use, newcomers are
 * refused.
 */
export class Places {
  readonly #most: number;
  readonly #kept: number;
  readonly #guests = new Map<Socket, Guest>();
  /** Those with nothing in progress, the oldest first. */
  readonly #waiting = new Set<Socket>();
  #trimming: NodeJS.Timeout | undefined;

  constructor({ most, kept = 0 }: PlacesOptions) {
    this.#most = most;
    this.#kept = kept;
  }

  /** Takes a connection in, or ends it where everybody is being served. */
  take(socket: Socket, isFavoured = false): void {
    this.#guests.set(socket, { isFavoured, waitingSince: performance.now() });
    this.#waiting.add(socket);
    socket.once('close', () => {
      this.#guests.delete(socket);
      this.#waiting.delete(socket);
    });
    if (this.#busy >= this.#limit(isFavoured)) {
      this.#end(socket);
      return;
    }
    if (this.#guests.size > this.#most + BURST) this.#end(this.#waiting.values().next().value);
    if (this.#guests.size > this.#most) this.#trimming ??= setTimeout(() => this.#trim(), GRACE_MS).unref();
  }

  /** Something of it is in progress now. `false` when everybody else is being served, and it was ended. */
  begins(socket: Socket): boolean {
    const guest = this.#guests.get(socket);
    if (guest === undefined) return false;
    if (this.#waiting.has(socket) && this.#busy >= this.#limit(guest.isFavoured)) {
      this.#end(socket);
      return false;
    }
    guest.waitingSince = undefined;
    this.#waiting.delete(socket);
    return true;
  }

  /** What was in progress has ended; it may stay as long as nobody needs its place. */
  ends(socket: Socket): void {
    const guest = this.#guests.get(socket);
    if (guest === undefined) return;
    guest.waitingSince = performance.now();
    this.#waiting.add(socket);
  }

  /** Ends all connections. */
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
    for (const socket of this.#waiting) {
      if (this.#guests.size <= this.#most) return;
      const { waitingSince = now } = this.#guests.get(socket)!;
      if (now - waitingSince < GRACE_MS) break;
      this.#end(socket);
    }
    if (this.#guests.size > this.#most && this.#waiting.size > 0)
      this.#trimming = setTimeout(() => this.#trim(), GRACE_MS).unref();
  }
}
