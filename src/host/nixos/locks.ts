import { lstatSync } from 'node:fs';
import { parseMountinfo, type MountinfoEntry } from '../linux/mountinfo.js';

/** One lock of a whole file by flock(2), the kind that Nix and `switch-to-configuration` take. */
export interface FileLock {
  readonly pid: number;
  readonly kind: 'READ' | 'WRITE';
  /** `major:minor` in decimal, and the number of the inode. */
  readonly device: string;
  readonly inode: string;
}

/** A held lock; one that is only waited for has an arrow after its number. */
const LOCK = /^\d+: FLOCK +\S+ +(READ|WRITE) (\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /;

/** Reads `/proc/locks`. It shows the locks of all users, but only of processes in one's own PID namespace. */
export function parseLocks(text: string): FileLock[] {
  return text.split('\n').flatMap((line) => {
    const [, kind, pid, major, minor, inode] = LOCK.exec(line) ?? [];
    if (inode === undefined) return [];
    const device = `${parseInt(major!, 16)}:${parseInt(minor!, 16)}`;
    return { kind: kind as FileLock['kind'], pid: Number(pid), device, inode };
  });
}

/** Finds the locks of a file. */
export class LockTable {
  readonly locks: readonly FileLock[];
  #mountinfo: () => Buffer;
  #mounts: readonly MountinfoEntry[] | undefined;

  /** From the texts of `/proc/locks` and `/proc/self/mountinfo`; the latter is read when it is needed. */
  constructor(locks: string, mountinfo: () => Buffer) {
    this.locks = parseLocks(locks);
    this.#mountinfo = mountinfo;
  }

  /** Returns the locks on a file; none if it is missing. Throws if it cannot be read. */
  on(root: string, path: string): readonly FileLock[] {
    const stat = lstatSync(`${root}${path}`, { throwIfNoEntry: false, bigint: true });
    if (stat === undefined) return [];
    const inode = String(stat.ino);
    const locks = this.locks.filter((lock) => lock.inode === inode);
    return locks.length === 0 ? [] : this.#ofDevice(locks, path, stat.dev);
  }

  /** Returns the locks on files of the file system that contains a folder. */
  onFileSystemOf(root: string, path: string): readonly FileLock[] {
    const stat = lstatSync(`${root}${path}`, { throwIfNoEntry: false, bigint: true });
    if (stat === undefined) return [];
    return this.#ofDevice(this.locks, path, stat.dev);
  }

  #allMounts(): readonly MountinfoEntry[] {
    return (this.#mounts ??= parseMountinfo(this.#mountinfo()));
  }

  /** Finds a device by its number of `stat` or of the mount table: the kernel's list has the latter for btrfs and overlays. */
  #ofDevice(locks: readonly FileLock[], path: string, dev: bigint): readonly FileLock[] {
    const holds = (mount: string): boolean => mount === '/' || path === mount || path.startsWith(`${mount}/`);
    const mount = this.#allMounts()
      .filter(({ mountPoint }) => holds(mountPoint))
      .reduce<MountinfoEntry | undefined>(
        (best, next) => (best && best.mountPoint.length > next.mountPoint.length ? best : next),
        undefined,
      );
    return locks.filter(({ device }) => device === deviceOf(dev) || device === mount?.device);
  }
}

/** Splits a device number as the C library's `major` and `minor` do. */
function deviceOf(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
