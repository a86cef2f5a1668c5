import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** Opens a place without reading it, so that a FIFO or a device can be judged. Node has no name for it; Linux only. */
const O_PATH = 0o10000000;
const WRITABLE_BY_OTHERS = 0o022;
const WRITABLE_BY_ANYBODY = 0o002;
const STICKY = 0o1000;
const LARGEST = 1024 * 1024;
/** Links on the way to one file, as in the kernel. */
const MOST_LINKS = 40;

/** An open place: what is judged is what is used, whatever its name leads to by then. */
interface Place {
  readonly path: string;
  readonly descriptor: number;
  readonly stats: Stats;
}
/** What a way must be like. */
interface Rule {
  /** User, besides root, who may have made links. */
  readonly owner: number;
  /** Throws for a place that must not be passed. Links are judged apart. */
  readonly judge: (place: Place, folder: Place) => void;
  /** Whether the last name may be a link. */
  readonly endsInLink: boolean;
}

/**
 * Reads a file that nobody but its owner can have written: it, and each folder and link on the way, must belong to that
 * user or to root, and must not be writable by group or others. In a folder with the sticky bit others cannot replace what
 * is not theirs. Throws when it is not so; with the code `ENOENT` when it is not there.
 *
 * @param owner Numeric id of the user it must belong to. Default root.
 */
export const readRootFile = (path: string, owner = 0): Uint8Array =>
  through(path, ownedBy(owner), ({ path: real, descriptor, stats }) => {
    if (!stats.isFile()) throw new Error(`${real} is not a regular file`);
    return readAll(real, descriptor, LARGEST);
  });

/** The same, or `undefined` where nothing has this name. */
export function readRootFileIfThere(path: string, owner = 0): Uint8Array | undefined {
  try {
    return readRootFile(path, owner);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Throws unless nobody but its owner can change what is in a folder. */
export const expectRootFolder = (path: string, owner = 0): void =>
  through(path, ownedBy(owner), ({ path: real, stats }) => {
    if (!stats.isDirectory()) throw new Error(`${real} is not a folder`);
    if (isWritableByOthers(stats)) throw writable(real, stats);
  });

/** Returns the group that may connect to a socket of root. Throws when it is none, or others could have put it there. */
export const groupOfRootSocket = (path: string, owner = 0): number =>
  through(path, ownedBy(owner), ({ path: real, stats }) => {
    if (!stats.isSocket()) throw new Error(`${real} is not a socket`);
    return stats.gid;
  });

/**
 * Reads a regular file that somebody else writes. No link is followed but one of root's in a folder of root's, and
 * nothing is waited for.
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
    // Where anybody may write, anybody may put a second name of another file of root's.
    if (!stats.isDirectory() && nlink > 1 && (folder.stats.mode & WRITABLE_BY_ANYBODY) !== 0)
      throw new Error(`${path} has ${nlink} names, and anybody may have put this one there`);
  },
});

/** Judges a link, also one on the way to what somebody else writes: only root or the owner can have made it. */
function judgeLink({ path, stats }: Place, { stats: folder }: Place, owner: number): void {
  const isOpen = (folder.mode & (folder.mode & STICKY ? WRITABLE_BY_ANYBODY : WRITABLE_BY_OTHERS)) !== 0;
  const isTheirs = [stats.uid, folder.uid].every((uid) => uid === 0 || uid === owner);
  if (isOpen || !isTheirs) throw new Error(`${path} is a link that others than root can have made`);
}

/** Walks to a place, one name after the other, each from the open folder before it; judges each, and uses the last. */
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
      // Read by name: in this folder only root can put another in its place.
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

/** Names something in an open folder, as openat(2) does. */
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

/** Reads an open file. It may grow meanwhile: one byte more than it may have is asked for, and no more. */
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
