import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/** Opens a regular file; `undefined` if there is none. Follows no link and never blocks, as a FIFO would. */
export async function openRegular(file: string, flags = O_RDONLY): Promise<FileHandle | undefined> {
  try {
    // Opening a device can have side effects.
    insistOnRegular(await lstat(file));
    const handle = await open(file, flags | O_NOFOLLOW | O_NONBLOCK);
    try {
      insistOnRegular(await handle.stat());
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads an open file. Throws if it is larger than `most` bytes. */
export async function readAtMost(handle: FileHandle, most: number): Promise<string> {
  // It may grow during the read, so one more byte is requested.
  const bytes = await readStart(handle, most + 1);
  if (bytes.length > most) throw new Error(`it is larger than ${most} bytes`);
  return bytes.toString('utf8');
}

/** Reads up to `most` bytes from the start of an open file. */
export async function readStart(handle: FileHandle, most: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.min((await handle.stat()).size + 1, most));
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
    length += bytesRead;
    if (bytesRead === 0 || length === bytes.length) return bytes.subarray(0, length);
  }
}

/** Replaces a file atomically, by a flushed temporary file that is removed on failure; then flushes the folder. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const stats = await lstat(file).catch(() => undefined);
  if (stats) insistOnRegular(stats);
  const next = `${file}.${crypto.randomUUID()}.tmp`;
  try {
    await createFile(next, text, { flush: true });
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true }).catch(() => undefined);
    throw error;
  }
  const folder = await open(dirname(file), 'r');
  await folder.sync().finally(() => folder.close());
}

/** Creates a file with mode 0600. Rejects if the name exists, even as a link. */
export async function createFile(file: string, text: string, { flush }: { readonly flush: boolean }) {
  const handle = await open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    await handle.writeFile(text);
    if (flush) await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Returns the temporary files of killed processes beside a file: a random name with one of the endings. */
export const leftoversOf = (file: string, endings: readonly string[]): Promise<string[]> =>
  filesBeside(file, new RegExp(`^${UUID}(?:${endings.join('|')})$`)).catch(() => []);

/** Returns the paths beside a file that consist of its path, a dot and a matching rest. */
export async function filesBeside(file: string, rest: RegExp): Promise<string[]> {
  const start = `${basename(file)}.`;
  const names = await readdir(dirname(file));
  return names
    .filter((name) => name.startsWith(start) && rest.test(name.slice(start.length)))
    .map((name) => join(dirname(file), name));
}

/** Thrown for anything but a regular file. */
export class NotRegularError extends Error {}

function insistOnRegular(stats: Stats): void {
  if (!stats.isFile()) throw new NotRegularError(`it is ${kindOf(stats)}, not a regular file`);
}

function kindOf(stats: Stats): string {
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}
