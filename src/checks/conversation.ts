import type { Socket } from 'node:net';
import { matchesPattern } from './content.js';
import { WrongAnswer } from './failure.js';

/** Most bytes that are read for one answer. */
const MAX_BYTES = 64 * 1024;

/** A conversation over a socket, one answer after the other. */
export class Conversation {
  readonly #socket: Socket;
  #heard = Buffer.alloc(0);
  #over: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data: Buffer) => {
      this.#heard = Buffer.concat([this.#heard, data]);
      if (this.#heard.length > MAX_BYTES) socket.pause();
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

  /** Resolves with what `take` finds in what was heard, once it does; what it took is not heard again. */
  async hear<T>(
    take: (heard: Buffer) => { readonly value: T; readonly length: number } | undefined,
  ): Promise<T> {
    for (;;) {
      const taken = take(this.#heard);
      if (taken) {
        this.#heard = this.#heard.subarray(taken.length);
        return taken.value;
      }
      if (this.#heard.length > MAX_BYTES) throw new WrongAnswer('did not answer as expected');
      if (this.#over) {
        const said = this.#heard.toString('latin1').trim();
        throw said === '' ? this.#over : new WrongAnswer(`answered ${shown(said)}`);
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Resolves with the next line, without its end. */
  line(): Promise<string> {
    return this.hear((heard) => {
      const end = heard.indexOf(10);
      if (end < 0) return undefined;
      return { value: heard.toString('latin1', 0, end).replace(/\r$/, ''), length: end + 1 };
    });
  }

  /** Resolves with so many bytes. */
  bytes(count: number): Promise<Buffer> {
    return this.hear((heard) =>
      heard.length < count ? undefined : { value: Buffer.from(heard.subarray(0, count)), length: count },
    );
  }

  /** Waits for an expected text, or for what a regular expression matches. Rejects as soon as a whole line differs. */
  async expect(expected: string | RegExp): Promise<void> {
    const found = (said: string): boolean =>
      typeof expected === 'string' ? said.includes(expected) : matchesPattern(said, expected);
    await this.hear((heard) => {
      const said = heard.toString('utf8');
      if (found(said)) return { value: true, length: heard.length };
      if (said.includes('\n')) throw new WrongAnswer(`answered ${shown(said)}`);
      return undefined;
    });
  }
}

/** What was heard, as one short line. */
export const shown = (said: string): string =>
  JSON.stringify(
    said
      .trim()
      .replace(/[^\x20-\x7e]+/g, ' ')
      .slice(0, 60),
  );
