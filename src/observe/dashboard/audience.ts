import type { ServerResponse } from 'node:http';
import { printableJson } from '../../base/printable.js';
import type { History, StreamEvents, View } from './view/view.js';

/** What the audience is told, when it is time to. */
export interface Source {
  readonly view: () => View;
  readonly history: () => History;
  readonly maxClients: number;
}

/** Views follow each other no faster than this: an engine may look a thousand times a second. */
const PACE_MS = 500;
/** Something is said at least so often: a page that hears nothing knows that nobody is there. */
const BEAT_MS = 5_000;
/** A client that has not taken what it was sent within this time is dropped. */
const SLOW_MS = 15_000;

/** A view as it was sent, and what of it is more than the time. */
interface Told {
  readonly essence: string;
  readonly message: Buffer;
}

const NOTHING: Told = { essence: '', message: Buffer.alloc(0) };

interface Client {
  readonly response: ServerResponse;
  /** Since when it has not taken what it was sent. */
  busySince: number | undefined;
  /** Whether it has missed a view meanwhile. */
  missed: boolean;
}

/**
 * Everybody who listens. Each view is everything, is made once for all, and is not queued: a client that is slow
 * gets the newest when it has taken the last. So it holds one message at most, and shares that with the others.
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

  /** How many listen. */
  get size(): number {
    return this.#clients.size;
  }

  /** Takes somebody in. `false` when there is no room. */
  admit(response: ServerResponse): boolean {
    if (this.#clients.size >= this.#source.maxClients) return false;
    const client: Client = { response, busySince: undefined, missed: false };
    this.#clients.add(client);
    response.on('close', () => this.#leave(client));
    response.on('error', () => response.destroy());
    response.on('drain', () => this.#drained(client));
    this.#beat ??= setInterval(() => this.#tell(true), BEAT_MS).unref();
    const history = messageOf('history', this.#source.history());
    // Fresh, for the first one has nobody to share with.
    this.#make();
    this.#send(client, Buffer.concat([history, this.#last.message]));
    return true;
  }

  /** Something has changed. */
  changed(): void {
    if (this.#clients.size === 0 || this.#next !== undefined) return;
    const wait = Math.max(0, this.#toldAt + PACE_MS - performance.now());
    this.#next = setTimeout(() => {
      this.#next = undefined;
      this.#tell(false);
    }, wait).unref();
  }

  /** Sends everybody away. */
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
