import type { ServerResponse } from 'node:http';
import { printableJson } from '../../base/printable.js';
import type { History, StreamEvents, View } from './view/view.js';

/** Data for the connected pages. */
export interface Source {
  readonly view: () => View;
  readonly history: () => History;
  readonly maxClients: number;
}

/** Minimum time between two views: an engine may run a thousand cycles a second. */
const PACE_MS = 500;
/** Interval of heartbeats, so that a page notices a dead connection. */
const BEAT_MS = 5_000;
/** Time after which a client that does not read is dropped. */
const SLOW_MS = 15_000;

/** The last view as it was sent, and its content without the time. */
interface Told {
  readonly essence: string;
  readonly message: Buffer;
}

const NOTHING: Told = { essence: '', message: Buffer.alloc(0) };

interface Client {
  readonly response: ServerResponse;
  /** Start of the time in which it did not read. */
  busySince: number | undefined;
  /** Set when it missed a view. */
  missed: boolean;
}

/**
 * The connected pages. Each view is complete, made once for all, and not queued: a slow client gets the newest after it
 * has read the last. So it holds at most one message, shared with the others.
 */
export class Audience {
  readonly #source: Source;
  readonly #clients = new Set<Client>();
  #beat: NodeJS.Timeout | undefined;
  #next: NodeJS.Timeout | undefined;
  #toldAt = -Infinity;
  #last: Told = NOTHING;

  constructor(source: Source) {
    this.#source = source;
  }

  get size(): number {
    return this.#clients.size;
  }

  /** Adds a page. `false` when the limit is reached. */
  admit(response: ServerResponse): boolean {
    if (this.#clients.size >= this.#source.maxClients) return false;
    const client: Client = { response, busySince: undefined, missed: false };
    this.#clients.add(client);
    response.on('close', () => this.#leave(client));
    response.on('error', () => response.destroy());
    response.on('drain', () => this.#drained(client));
    this.#beat ??= setInterval(() => this.#tell(true), BEAT_MS).unref();
    const history = messageOf('history', this.#source.history());
    // Without other pages there is no recent view.
    this.#make();
    this.#send(client, Buffer.concat([history, this.#last.message]));
    return true;
  }

  /** Sends a new view soon. */
  changed(): void {
    if (this.#clients.size === 0 || this.#next !== undefined) return;
    const wait = Math.max(0, this.#toldAt + PACE_MS - performance.now());
    this.#next = setTimeout(() => {
      this.#next = undefined;
      this.#tell(false);
    }, wait).unref();
  }

  close(): void {
    for (const { response } of this.#clients) response.destroy();
    this.#clients.clear();
    this.#rest();
  }

  #tell(isBeat: boolean): void {
    const now = performance.now();
    if (isBeat) this.#dropSlow(now);
    if (this.#clients.size === 0) return;
    this.#toldAt = now;
    const { changed, at } = this.#make();
    if (!changed && !isBeat) return;
    const message = changed ? this.#last.message : messageOf('beat', { at });
    for (const client of this.#clients) this.#send(client, message);
  }

  #make(): { changed: boolean; at: number } {
    const view = this.#source.view();
    const essence = JSON.stringify({ ...view, at: 0 });
    const changed = essence !== this.#last.essence;
    this.#last = { essence, message: messageOf('view', view) };
    return { changed, at: view.at };
  }

  #send(client: Client, message: Buffer): void {
    if (client.busySince !== undefined) client.missed = true;
    else if (!client.response.write(message)) client.busySince = performance.now();
  }

  #drained(client: Client): void {
    client.busySince = undefined;
    if (!client.missed) return;
    client.missed = false;
    this.#send(client, this.#last.message);
  }

  #dropSlow(now: number): void {
    for (const { response, busySince } of this.#clients) {
      if (busySince !== undefined && now - busySince > SLOW_MS) response.destroy();
    }
  }

  #leave(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size === 0) this.#rest();
  }

  #rest(): void {
    clearInterval(this.#beat);
    clearTimeout(this.#next);
    this.#beat = this.#next = undefined;
    this.#last = NOTHING;
  }
}

function messageOf<Name extends keyof StreamEvents>(name: Name, data: StreamEvents[Name]): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${printableJson(data)}\n\n`);
}
