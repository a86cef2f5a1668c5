import { open } from 'node:fs/promises';
import { messageOf } from '../base/errors.js';
import { CannotTell } from './failure.js';

const CHUNK_BYTES = 64 * 1024;

/**
 * Reads bytes of a file from a place on, to its end or so many at most. A file of the kernel's, such as in `/proc`, has
 * content and no size. Rejects with {@link CannotTell} when it cannot be read.
 */
export async function readFrom(path: string, from: number, most: number): Promise<Buffer> {
  try {
    const handle = await open(path, 'r');
    try {
      const parts: Buffer[] = [];
      for (let read = 0; read < most;) {
        const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, most - read));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, from + read);
        if (bytesRead === 0) break;
        parts.push(buffer.subarray(0, bytesRead));
        read += bytesRead;
      }
      return Buffer.concat(parts);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new CannotTell(messageOf(error));
  }
}

/** Where a log was searched to. */
export interface Searched {
  /** Number of the file itself: after a rotation another one has its name. */
  readonly inode: number;
  /** Place after the last line that was whole. */
  readonly to: number;
}

/** Returns where the new lines of a log begin. A file that is another one, or shorter than before, is new as a whole. */
export function newFrom(
  { ino, size }: { readonly ino: number; readonly size: number },
  before?: Searched,
): number {
  if (before === undefined) return size;
  return before.inode === ino && before.to <= size ? before.to : 0;
}

/** Returns the whole lines of what was read; the last one may still be written, and is read again. */
export function wholeLines(read: Buffer): Buffer {
  return read.subarray(0, read.lastIndexOf(10) + 1);
}
