import { connect, type LookupFunction, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { expectArray } from '../base/expect.js';
import type { Verdict } from '../model/issue.js';
import { span } from '../base/format.js';
import { Conversation } from './conversation.js';
import { withinLimit } from './deadline.js';
import { verdictOfFailure } from './failure.js';
import { Lookups } from './lookup.js';
import { bad, ok, type RunContext } from './make.js';
import { READY, type ReadyProtocol } from './ready.js';
import { object, oneOf, pattern, secret, type Leaf } from './rules.js';
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
  then: (name, value) => {
    for (const [index, one] of expectArray(name, value).entries()) question(`${name}[${index}]`, one);
  },
  ready: oneOf(Object.keys(READY), 'protocol'),
};

/** Where a server listens. */
export type Target = { readonly host: string; readonly port: number } | { readonly path: string };

type Place = Target & { readonly lookup: LookupFunction };

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
      const from = { ...target, lookup: lookups.lookup };
      socket = tls
        ? await connectTls(from, tls, (made) => (socket = made))
        : await open(from, (made) => (socket = made));
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
    socket?.on('error', () => undefined);
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

/** Opens a plain connection. */
export function open(target: Place, made: (socket: Socket) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(target);
    made(socket);
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Connects with TLS; the caller decides about the certificate by `rejectUnauthorized`. */
export async function connectTls(
  target: Place,
  options: ConnectionOptions,
  made: (socket: Socket) => void,
): Promise<import('node:tls').TLSSocket> {
  const { connect: connectSecurely } = await import('node:tls');
  return new Promise((resolve, reject) => {
    const socket = connectSecurely({ ...target, ...options });
    made(socket);
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
    socket.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  });
}
