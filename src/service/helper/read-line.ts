import type { Readable } from 'node:stream';
import { span } from '../../base/format.js';

const NEWLINE = 0x0a;

/**
 * Reads one line and returns it without its newline. Rejects when it is too long, too late, incomplete or followed by
 * more data.
 */
export function readLine(
  input: Readable,
  { limit, withinMs }: { readonly limit: number; readonly withinMs: number },
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const finish = (): void => {
      clearTimeout(timer);
      input.off('data', onData).off('end', onEnd).off('error', onError);
    };
    const refuse = (why: string): void => {
      finish();
      reject(new Error(`Expected one line: ${why}`));
    };
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf(NEWLINE);
      if (end === -1 ? received.length >= limit : end >= limit)
        return refuse(`it is longer than ${limit} bytes`);
      if (end === -1) return;
      if (end !== received.length - 1) return refuse('something came after it');
      finish();
      resolve(received.subarray(0, end));
    };
    const onEnd = (): void => refuse(`the other side closed after ${received.length} bytes`);
    const onError = (error: Error): void => refuse(error.message);
    const timer = setTimeout(() => refuse(`it did not come within ${span(withinMs)}`), withinMs);
    input.on('data', onData).on('end', onEnd).on('error', onError);
  });
}
