import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { WrongAnswer } from './failure.js';

/** Decoded body of an answer. */
interface Decoded {
  readonly stream: Readable;
  /** Reason why the body cannot be decoded; `undefined` if it can. */
  readonly unknown?: string;
}

/** Decompresses a body: no compression is asked for, and some servers compress all the same. */
export async function decoded(incoming: IncomingMessage, method: string): Promise<Decoded> {
  const { 'content-encoding': encoding = 'identity', 'content-length': length } = incoming.headers;
  const { statusCode = 0 } = incoming;
  const empty = method === 'HEAD' || length === '0' || statusCode === 204 || statusCode === 304;
  const words = encoding.toLowerCase().trim();
  if (empty || words === 'identity' || words === '') return { stream: incoming };
  const decoder = await decoderOf(words);
  if (decoder === undefined) return { stream: incoming, unknown: `its body is encoded as ${words}` };
  incoming.once('error', (error) => decoder.destroy(error));
  return { stream: incoming.pipe(decoder) };
}

/** Returns the error of a body that is read: one that is not compressed as its header says is a wrong answer. */
export function failureOfBody(error: unknown): unknown {
  const { code = '' } = error as { code?: unknown };
  return typeof code === 'string' && /^Z_|^ERR_(BROTLI|_)/.test(code)
    ? new WrongAnswer(`has a body that is not compressed as its header says (${code})`)
    : error;
}

async function decoderOf(encoding: string): Promise<Transform | undefined> {
  const { createBrotliDecompress, createGunzip, createInflate } = await import('node:zlib');
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  if (encoding === 'br') return createBrotliDecompress();
  return undefined;
}
