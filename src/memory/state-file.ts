import { link, lstat, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, SelfHealingError } from '../base/errors.js';
import { FileLock } from './file-lock.js';
import { LARGEST_STATE, parseState } from './parse-state.js';
import {
  filesBeside,
  leftoversOf,
  NotRegularError,
  openRegular,
  readAtMost,
  replaceFile,
} from './regular-file.js';
import type { GuardState } from './state.js';
import { notNow, type Store } from './store.js';

/** Write permission of group and others. */
const OTHERS_WRITE = 0o022;
/** Copies of unusable states to keep. */
const MOST_ASIDE = 2;

/** Returns a store in a file, given by its absolute path. */
export function stateFile(file: string, monotonic: () => number): Required<Omit<Store, 'path'>> {
  const lock = new FileLock(`${file}.lock`, monotonic);
  let pending: Promise<unknown> = Promise.resolve();
  let isClosed = false;
  /** Serializes the operations, so that `close` waits for them. */
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const turn = pending.then(act);
    pending = turn.catch(() => undefined);
    return turn;
  };

  return {
    load({ readOnly } = { readOnly: false }) {
      if (!readOnly) isClosed = false;
      const loading = readOnly
        ? loadFrom(file, true)
        : inTurn(() => take(file, lock).then(() => loadFrom(file, false)));
      return loading.catch((error: unknown) => {
        throw isShortage(error) ? notNow(`${file} cannot be read`, error) : error;
      });
    },

    save(state: GuardState) {
      if (isClosed) {
        const message = `The state ${file} was closed: this engine only observes`;
        return Promise.reject(new SelfHealingError('locked', message));
      }
      return inTurn(async () => {
        const text = JSON.stringify(state);
        if (Buffer.byteLength(text) > LARGEST_STATE) {
          const message = `The state ${file} cannot be written: it would be larger than ${LARGEST_STATE} bytes`;
          throw new SelfHealingError('state-lost', message);
        }
        try {
          await lock.take();
          await replaceFile(file, text);
        } catch (error) {
          throw unwritable(file, error);
        }
      });
    },

    async close() {
      isClosed = true;
      await pending;
      await lock.release();
    },
  };
}

/** Reads the state. Sets an unusable file aside unless `readOnly`; anything but a regular file is not touched. */
async function loadFrom(file: string, readOnly: boolean): Promise<GuardState | undefined> {
  try {
    return await read(file);
  } catch (error) {
    if (isShortage(error)) throw error;
    if (error instanceof NotRegularError) throw unwritable(file, error);
    const message = `The state in ${file} cannot be used (${messageOf(error)})`;
    if (readOnly) throw new SelfHealingError('state-lost', message);
    const where = await setAside(file).then(
      (aside) => `it was set aside as ${aside}`,
      () => 'it could not be set aside',
    );
    throw new SelfHealingError('state-lost', `${message}; ${where}`, { cause: error });
  }
}

async function take(file: string, lock: FileLock): Promise<void> {
  try {
    await makeFolder(dirname(file));
    await lock.take();
  } catch (error) {
    // With a full disk, saving reports the error.
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
    throw unwritable(file, error);
  }
  // Only the lock holder writes here, so these are left by a killed process. Versions up to 0.1 wrote `.next`.
  for (const left of [...(await leftoversOf(file, ['\\.tmp'])), `${file}.next`]) {
    await rm(left, { force: true }).catch(() => undefined);
  }
}

/** Creates a folder and those above it. Node's `recursive` never ends where the kernel answers with ENOENT, as in `/proc`. */
async function makeFolder(folder: string, hasParent = false): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    if (error.code !== 'ENOENT' || hasParent) throw error;
    await makeFolder(dirname(folder));
    await makeFolder(folder, true);
  });
}

async function read(file: string): Promise<GuardState | undefined> {
  const handle = await openRegular(file);
  if (handle === undefined) return undefined;
  try {
    const { uid, mode } = await handle.stat();
    const own = process.getuid?.();
    if (own !== undefined && uid !== own && uid !== 0)
      throw new Error(`it belongs to the user with uid ${uid}`);
    // A user who can write it can forge approvals.
    if (own !== undefined && (mode & OTHERS_WRITE) !== 0)
      throw new Error(`other users can write it: its mode is ${(mode & 0o777).toString(8)}`);
    return parseState(await readAtMost(handle, LARGEST_STATE));
  } finally {
    await handle.close();
  }
}

async function setAside(file: string): Promise<string> {
  const { ino } = await lstat(file);
  const kept = await asideOf(file);
  for (const aside of kept) if ((await lstat(aside)).ino === ino) return aside;
  for (const oldest of kept.slice(0, Math.max(0, kept.length - MOST_ASIDE + 1))) {
    await rm(oldest, { force: true }).catch(() => undefined);
  }
  const aside = `${file}.unreadable-${Date.now()}`;
  // Linked, not moved: until a new state is saved, the next start must also find it unusable.
  await link(file, aside).catch(() => rename(file, aside));
  return aside;
}

/** Returns the copies that were set aside, oldest first. */
async function asideOf(file: string): Promise<string[]> {
  const timeOf = (path: string): number => Number(path.slice(path.lastIndexOf('-') + 1));
  const asides = await filesBeside(file, /^unreadable-\d+$/);
  return asides.sort((one, other) => timeOf(one) - timeOf(other));
}

/** Returns whether an error is a temporary shortage of resources, which does not make the state invalid. */
const isShortage = (error: unknown): boolean =>
  ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Reason for an unwritable folder, by error code. */
const UNWRITABLE: Readonly<Record<string, string>> = {
  EACCES: 'is not writable for this user',
  EPERM: 'is not writable for this user',
  EROFS: 'is on a read-only file system',
  ENOENT: 'does not exist',
  ENOTDIR: 'is not a directory',
  EEXIST: 'is not a directory',
};

/** Returns the error for a path that cannot hold a state; any other error unchanged. */
function unwritable(file: string, error: unknown): unknown {
  if (error instanceof NotRegularError) {
    const message = `The state in ${file} cannot be used: ${error.message}`;
    return new SelfHealingError('invalid-argument', message, { cause: error });
  }
  const { code = '' } = error as NodeJS.ErrnoException;
  const why = Object.hasOwn(UNWRITABLE, code) ? UNWRITABLE[code] : undefined;
  if (why === undefined) return error;
  const message = `The state ${file} cannot be written: its folder ${dirname(file)} ${why} (${code})`;
  return new SelfHealingError('invalid-argument', message, { cause: error });
}
