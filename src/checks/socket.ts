import dns from 'node:dns';
import { connect, type LookupFunction, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Verdict } from '../model/issue.js';
import { span } from '../base/format.js';
import { Conversation } from './conversation.js';
import { TimeLimit, withinLimit } from './deadline.js';
import { CannotTell, verdictOfFailure } from './failure.js';
import { bad, ok, type RunContext } from './make.js';
import { READY, type ReadyProtocol } from './ready.js';
import { listOf, object, oneOf, pattern, secret, type Leaf } from './rules.js';
import { readSecret, type Secret } from './secret.js';

/** Text to send to a server, and its expected answer. */
export interface TalkOptions {
  /** Text to send once connected, such as `PING\r\n`. Default: nothing. */
  readonly send?: Secret;
  /** Text that the server must answer with. */
  readonly expect?: string;
  /** A regular expression, or the source of one, that its answer must match. */
  readonly matches?: string | RegExp;
  /** Further questions and answers, in order. */
  readonly then?: readonly {
    readonly send?: Secret;
    readonly expect?: string;
    readonly matches?: string | RegExp;
  }[];
  /** Asks the server in its own protocol whether it serves. */
  readonly ready?: ReadyProtocol;
  /** Longest time until the last answer, in milliseconds, after which it is bad. Default: `timeoutMs`. */
  readonly maxMs?: number;
}

const plainText: Leaf = (name, value) =>
  void pattern(name, typeof value === 'string' && value !== '' ? '.' : value);
const question = object({ send: secret, expect: plainText, matches: pattern });

/** Rules of what is said. */
export const TALK_KEYS: Readonly<Record<Exclude<keyof TalkOptions, 'maxMs'>, Leaf>> = {
  send: secret,
  expect: plainText,
  matches: pattern,
  then: listOf(question),
  ready: oneOf(Object.keys(READY), 'protocol'),
};

/** Where a server listens. */
export type Target = { readonly host: string; readonly port: number } | { readonly path: string };

/** Connects, talks, and judges the answer. `what` names the server in the sentence. */
export async function askSocket(
  what: string,
  target: Target,
  { send, expect, matches, then = [], ready, maxMs }: TalkOptions,
  { signal, timeoutMs }: RunContext,
  tls?: ConnectionOptions,
): Promise<Verdict> {
  let socket: Socket | undefined;
  const lookups = new Lookups();
  try {
    const questions = [{ send, expect, matches }, ...then];
    const sent = await Promise.all(
      questions.map(async (one) => (one.send === undefined ? undefined : readSecret(one.send))),
    );
    const start = performance.now();
    await withinLimit(timeoutMs, signal, async () => {
      const place = { ...target, lookup: lookups.lookup };
      socket = tls ? (await import('node:tls')).connect({ ...place, ...tls }) : connect(place);
      await connected(socket, tls ? 'secureConnect' : 'connect');
      const talk = new Conversation(socket);
      if (ready !== undefined) await READY[ready](talk);
      for (const [index, one] of questions.entries()) {
        const text = sent[index];
        if (text !== undefined) talk.send(text);
        if (one.expect !== undefined) await talk.expect(one.expect);
        if (one.matches !== undefined)
          await talk.expect(typeof one.matches === 'string' ? new RegExp(one.matches) : one.matches);
      }
    });
    const tookMs = performance.now() - start;
    return tookTooLong(what, tookMs, maxMs) ?? ok(`${what} answers`, latency(tookMs, maxMs ?? timeoutMs));
  } catch (error) {
    return verdictOfFailure(what, lookups.failure(error));
  } finally {
    socket?.destroy();
  }
}

/** Numbers of a verdict on an answer: its time, and the time after which it is bad. */
export const latency = (value: number, threshold: number): Partial<Verdict> => ({
  ...{ value, threshold, valueUnit: 'ms' },
});

/** Returns a bad verdict for an answer that took longer than allowed. */
export function tookTooLong(what: string, tookMs: number, maxMs: number | undefined): Verdict | undefined {
  if (maxMs === undefined || tookMs <= maxMs) return undefined;
  return bad(`${what} took ${span(tookMs)} to answer, over ${span(maxMs)}`, latency(tookMs, maxMs));
}

/** Resolves once a socket is connected. Whatever fails later ends only the socket. */
export const connected = (socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once(event, resolve);
    socket.on('error', reject);
  });

/** Resolves the names of one probe, and knows whether one is not resolved yet. */
export class Lookups {
  #pending = 0;

  /** For the options of a connection. An address needs no lookup, and none is made. */
  readonly lookup: LookupFunction = (host, options, done) => {
    this.#pending += 1;
    dns.lookup(host, options, (error, addresses, family) => {
      this.#pending -= 1;
      // The family is given for a single address only, and needed then.
      done(error, addresses, family);
    });
  };

  /** Returns the error of a probe. A time limit that passed before a name was resolved is no fault of the server. */
  failure(error: unknown): unknown {
    if (!(error instanceof TimeLimit) || this.#pending === 0) return error;
    return new CannotTell('the name was not resolved in time');
  }
}
