import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { span } from '../base/format.js';
import { ANSWER_LIMIT } from './helper-protocol.js';

/** Outcome of one attempt to ask the helper. */
export type Conversation =
  | { readonly kind: 'answered'; readonly text: string }
  /** The request was not read: nothing was done, and it may be sent again. */
  | { readonly kind: 'busy' | 'absent' | 'forbidden' | 'unreachable'; readonly sentence: string }
  /** The request may have been read, with an unknown result: it must not be sent again. */
  | { readonly kind: 'lost'; readonly sentence: string };

/**
 * Sends one line to the socket of the helper, and reads until the other side closes. On abort it closes its own side,
 * which asks the helper to stop, and keeps waiting for the answer. Never rejects.
 */
export function converse(
  path: string,
  line: string,
  { limitMs, signal }: { readonly limitMs: number; readonly signal: AbortSignal },
): Promise<Conversation> {
  return new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true });
    const chunks: Buffer[] = [];
    let size = 0;
    let connected = false;
    const finish = (conversation: Conversation): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      socket.destroy();
      resolve(conversation);
    };
    const lost = (sentence: string): void => finish({ kind: 'lost', sentence });
    const stop = (): void => {
      if (connected) socket.end();
      else finish({ kind: 'busy', sentence: 'the request was stopped before it was sent' });
    };
    const timer = setTimeout(() => lost(`it did not answer within ${span(limitMs)}`), limitMs);
    signal.addEventListener('abort', stop);

    socket.on('connect', () => {
      connected = true;
      // Written in one piece: a reset then means that the helper has not read it.
      socket.write(line);
    });
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > ANSWER_LIMIT) lost(`its answer is longer than ${ANSWER_LIMIT} bytes`);
    });
    socket.on('end', () => {
      if (size === 0) lost('it closed the connection without an answer');
      else finish({ kind: 'answered', text: Buffer.concat(chunks).toString('utf8') });
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (size > 0) lost(`its answer is incomplete (${error.code})`);
      else finish(refusal(path, error, connected));
    });
  });
}

/** Pauses before a request that was not read is sent again, in milliseconds. */
const PAUSES_MS = [40, 80, 160, 320, 640];

/** The same as {@link converse}, but sends the request again while the helper is busy. */
export async function converseInTurn(
  path: string,
  line: string,
  limits: { readonly limitMs: number; readonly signal: AbortSignal },
): Promise<Conversation | undefined> {
  const { signal } = limits;
  for (let tries = 0; ; tries += 1) {
    if (signal.aborted) return undefined;
    const conversation = await converse(path, line, limits);
    const pause = PAUSES_MS[tries];
    if (conversation.kind !== 'busy' || pause === undefined) return conversation;
    await sleep(pause * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
  }
}

function refusal(
  path: string,
  { code = 'no code', message }: NodeJS.ErrnoException,
  connected: boolean,
): Conversation {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { kind: 'absent', sentence: `no helper at ${path}` };
    case 'EACCES':
    case 'EPERM':
      return { kind: 'forbidden', sentence: `permission denied at ${path}` };
    case 'ECONNREFUSED':
      return {
        kind: 'unreachable',
        sentence: `connection refused at ${path}: start luminous-healing-helper.socket`,
      };
    // The request was not read, could not be sent, or the queue is full.
    case 'ECONNRESET':
    case 'EPIPE':
    case 'EAGAIN':
      return { kind: 'busy', sentence: 'it is busy with another request' };
    default:
      return connected
        ? { kind: 'lost', sentence: `the connection was lost (${message})` }
        : { kind: 'unreachable', sentence: `${path} cannot be reached (${message})` };
  }
}
