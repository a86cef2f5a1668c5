import type { Socket } from 'node:net';
import { matchesPattern } from './content.js';
import { WrongAnswer } from './failure.js';

/** Most bytes that are read for one answer. */
const MAX_BYTES = 64 * 1024;

/** A conversation over a socket, one answer after the other. */
export class Conversation {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #over: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data: Buffer) => {
      this.#received = Buffer.concat([this.#received, data]);
      if (this.#received.length > MAX_BYTES) socket.pause();
      this.#wake();
    });
    socket.on('error', (error: Error) => this.#end(error));
    socket.on('close', () => this.#end(new WrongAnswer('closed the connection without an answer')));
  }

  #end(error: Error): void {
    this.#over ??= error;
    this.#wake();
  }

  send(data: string | Uint8Array): void {
    this.#socket.write(data);
  }

  /** Resolves with the value that `take` finds in the received bytes, once it does, and drops the bytes it used. */
  async read<T>(
    take: (received: Buffer) => { readonly value: T; readonly length: number } | undefined,
  ): Promise<T> {
    for (;;) {
      const taken = take(this.#received);
      if (taken) {
        this.#received = this.#received.subarray(taken.length);
        return taken.value;
      }
      if (this.#received.length > MAX_BYTES) throw new WrongAnswer('did not answer as expected');
      if (this.#over) {
        const said = this.#received.toString('latin1').trim();
        throw said === '' ? this.#over : new WrongAnswer(`answered ${shown(said)}`);
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Resolves with the next line, without its end. */
  line(): Promise<string> {
    return this.read((received) => {
      const end = received.indexOf(10);
      if (end < 0) return undefined;
      return { value: received.toString('latin1', 0, end).replace(/\r$/, ''), length: end + 1 };
    });
  }

  /** Resolves with so many bytes. */
  bytes(count: number): Promise<Buffer> {
    return this.read((received) =>
      received.length < count
        ? undefined
        : { value: Buffer.from(received.subarray(0, count)), length: count },
    );
  }

  /** Waits for an expected text, or for what a regular expression matches. Rejects as soon as a whole line differs. */
  async expect(expected: string | RegExp): Promise<void> {
    const found = (said: string): boolean =>
      typeof expected === 'string' ? said.includes(expected) : matchesPattern(said, expected);
    await this.read((received) => {
      const said = received.toString('utf8');
      if (found(said)) return { value: true, length: received.length };
      if (said.includes('\n')) throw new WrongAnswer(`answered ${shown(said)}`);
      return undefined;
    });
  }
}

/** Formats a received text as one short line. */
export const shown = (said: string): string =>
  JSON.stringify(
    said
      .trim()
      .replace(/[^\x20-\x7e]+/g, ' ')
      .slice(0, 60),
  );
