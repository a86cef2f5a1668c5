import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** Opens a path without reading it, so that a FIFO or a device does not block. Node has no constant for it; Linux only. */
const O_PATH = 0o10000000;
const WRITABLE_BY_OTHERS = 0o022;
const WRITABLE_BY_ANYBODY = 0o002;
const STICKY = 0o1000;
const LARGEST = 1024 * 1024;
/** Number of links followed for one file, as in the kernel. */
const MOST_LINKS = 40;

/** An open file or folder. The one that was checked is the one that is used, even if its name is replaced. */
interface Place {
  readonly path: string;
  readonly descriptor: number;
  readonly stats: Stats;
}
/** Requirements for a path and all its folders. */
interface Rule {
  /** User, besides root, whose links are followed. */
  readonly owner: number;
  /** Throws for a file or folder that must not be used. Links are checked separately. */
  readonly judge: (place: Place, folder: Place) => void;
  /** Allows the last component to be a link. */
  readonly endsInLink: boolean;
}

/**
 * Reads a file that only its owner or root can have written: the file and each folder and link of its path must belong
 * to them and must not be writable by group or others. A folder with the sticky bit may be, since others cannot replace
 * files in it. Throws otherwise; with the code `ENOENT` when the file is missing.
 *
 * @param owner Numeric id of the user it must belong to. Default root.
 */
export const readRootFile = (path: string, owner = 0): Uint8Array =>
  through(path, ownedBy(owner), ({ path: real, descriptor, stats }) => {
    if (!stats.isFile()) throw new Error(`${real} is not a regular file`);
    return readAll(real, descriptor, LARGEST);
  });

/** Reads a file as {@link readRootFile} does; returns `undefined` when it is missing. */
export function readRootFileIfThere(path: string, owner = 0): Uint8Array | undefined {
  try {
    return readRootFile(path, owner);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Throws if anyone but its owner or root can change the content of a folder. */
export const expectRootFolder = (path: string, owner = 0): void =>
  through(path, ownedBy(owner), ({ path: real, stats }) => {
    if (!stats.isDirectory()) throw new Error(`${real} is not a folder`);
    if (isWritableByOthers(stats)) throw writable(real, stats);
  });

/** Returns the group that may connect to a socket of root. Throws if it is no socket, or others could have created it. */
export const groupOfRootSocket = (path: string, owner = 0): number =>
  through(path, ownedBy(owner), ({ path: real, stats }) => {
    if (!stats.isSocket()) throw new Error(`${real} is not a socket`);
    return stats.gid;
  });

/**
 * Reads a regular file that another user writes. Only root's links in root's folders are followed, and reading never
 * blocks.
 */
export const readForeignFile = (path: string, largest: number): Uint8Array =>
  through(path, FOREIGN, ({ path: real, descriptor, stats }) => {
    if (!stats.isFile()) throw new Error(`${real} is not a regular file`);
    return readAll(real, descriptor, largest);
  });

const FOREIGN: Rule = { owner: 0, judge: () => undefined, endsInLink: false };

const isWritableByOthers = ({ mode }: Stats): boolean => (mode & WRITABLE_BY_OTHERS) !== 0;
const writable = (path: string, { mode }: Stats): Error =>
  new Error(`${path} can be written by others than root (mode ${(mode & 0o7777).toString(8)})`);

const ownedBy = (owner: number): Rule => ({
  owner,
  endsInLink: true,
  judge({ path, stats }, folder) {
    const { uid, mode, nlink } = stats;
    if (uid !== owner && uid !== 0)
      throw new Error(`${path} belongs to the user with uid ${uid}, not to root`);
    // The mode of a socket says who may connect.
    const counts = stats.isDirectory() ? (mode & STICKY) === 0 : !stats.isSocket();
    if (counts && isWritableByOthers(stats)) throw writable(path, stats);
    // In a folder that anyone can write, anyone can create a hard link to another file of root.
    if (!stats.isDirectory() && nlink > 1 && (folder.stats.mode & WRITABLE_BY_ANYBODY) !== 0)
      throw new Error(`${path} has ${nlink} names, and anybody may have put this one there`);
  },
});

/** Throws for a link that anyone but root or the owner can have created. */
function judgeLink({ path, stats }: Place, { stats: folder }: Place, owner: number): void {
  const isOpen = (folder.mode & (folder.mode & STICKY ? WRITABLE_BY_ANYBODY : WRITABLE_BY_OTHERS)) !== 0;
  const isTheirs = [stats.uid, folder.uid].every((uid) => uid === 0 || uid === owner);
  if (isOpen || !isTheirs) throw new Error(`${path} is a link that others than root can have made`);
}

/** Walks a path one component at a time, each opened from the folder before it; checks each, and uses the last. */
function through<T>(path: string, rule: Rule, use: (place: Place) => T): T {
  const { judge, owner, endsInLink } = rule;
  if (!path.startsWith('/')) throw new Error(`${path} is not an absolute path`);
  let place = openAt(undefined, '/');
  try {
    judge(place, place);
    const names = namesIn(path);
    for (let links = 0; names.length > 0;) {
      const name = names.shift()!;
      const next = openAt(place, name);
      if (!next.stats.isSymbolicLink()) {
        try {
          judge(next, place);
        } catch (error) {
          closeSync(next.descriptor);
          throw error;
        }
        closeSync(place.descriptor);
        place = next;
        continue;
      }
      closeSync(next.descriptor);
      if (names.length === 0 && !endsInLink) throw new Error(`${next.path} is a link`);
      judgeLink(next, place, owner);
      if ((links += 1) > MOST_LINKS) throw new Error(`${path} leads through more than ${MOST_LINKS} links`);
      // Reading by name is safe: only root can replace a link in this folder.
      const target = readlinkSync(inside(place, name));
      names.unshift(...namesIn(target));
      if (!target.startsWith('/')) continue;
      closeSync(place.descriptor);
      place = openAt(undefined, '/');
    }
    return use(place);
  } finally {
    closeSync(place.descriptor);
  }
}

const namesIn = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.');

/** Returns a path relative to an open folder, as openat(2) uses it. */
const inside = ({ descriptor }: Place, name: string): string => `/proc/self/fd/${descriptor}/${name}`;

function openAt(folder: Place | undefined, name: string): Place {
  const path = folder === undefined ? '/' : name === '..' ? dirname(folder.path) : join(folder.path, name);
  try {
    const at = folder === undefined ? '/' : inside(folder, name);
    const descriptor = openSync(at, O_PATH | O_NOFOLLOW);
    return { path, descriptor, stats: fstatSync(descriptor) };
  } catch (error) {
    const { code = 'no code' } = error as NodeJS.ErrnoException;
    throw Object.assign(new Error(`${path} cannot be opened (${code})`), { code });
  }
}

/** Reads an open file, at most one byte more than the limit: the file may grow while it is read. */
function readAll(path: string, place: number, largest: number): Uint8Array {
  const descriptor = openSync(`/proc/self/fd/${place}`, O_RDONLY | O_NONBLOCK);
  try {
    const bytes = Buffer.alloc(Math.min(fstatSync(descriptor).size, largest) + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    if (length > largest) throw new Error(`${path} is larger than ${largest} bytes`);
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}
