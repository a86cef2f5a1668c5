import { isIgnoredType, isRemoteType } from './fs-types.js';
import { readOnlyWord, type MountinfoEntry } from './mountinfo.js';

/** A mount whose fill counts. */
export interface CountedMount {
  readonly mountPoint: string;
  /** What to hand to system calls. */
  readonly path: string | Buffer;
  readonly device: string;
  readonly fsType: string;
  readonly source: string;
  /** Whether asking it may hang. */
  readonly remote: boolean;
}

/**
 * Picks the mounts that count, one for each device, sorted by mount point. `/` counts whatever its type;
 * tmpfs counts except under `/run` and `/dev` (and the kernel's own `/proc`, `/sys`); pseudo file systems,
 * images and layers do not, nor private places of container runtimes, nor what is read-only as a file system. That one *mount* is read-only means
 * nothing: so is everything in a service with `ProtectSystem=strict`, and NixOS's `/nix/store`.
 */
export function mountsThatCount(entries: readonly MountinfoEntry[]): CountedMount[] {
  const visible = visibleEntries(entries);
  const slowPoints = [...visible.filter(isSlow), ...entries.filter(({ fsType }) => fsType === 'autofs')]
    .map(({ mountPoint }) => mountPoint)
    .filter((mountPoint) => mountPoint !== '/');
  const byDevice = new Map<string, MountinfoEntry>();
  for (const entry of visible) {
    const rival = byDevice.get(entry.device);
    if (!rival || isBetter(entry, rival)) byDevice.set(entry.device, entry);
  }
  // In a chroot the table may not show what `/` is; it counts all the same.
  if (!entries.some((entry) => entry.mountPoint === '/')) byDevice.set('', UNSEEN_ROOT);
  return [...byDevice.values()]
    .filter(counts)
    .sort((a, b) => (a.mountPoint < b.mountPoint ? -1 : 1))
    .map((entry) => ({
      mountPoint: entry.mountPoint,
      path: entry.rawMountPoint ?? entry.mountPoint,
      device: entry.device,
      fsType: entry.fsType,
      source: entry.source,
      // The way to a local mount on top of a dead server leads through that server, and under autofs a look mounts it.
      remote: isSlow(entry) || slowPoints.some((point) => isAtOrBelow(entry.mountPoint, point)),
    }));
}

/**
 * Private places of container runtimes and of kubelet, and credentials of services: what is mounted below them belongs to
 * one container each. A disk that is mounted at such a place itself counts.
 */
const PRIVATE = new RegExp(
  [
    '^/(?:var/)?run/(?:containerd|containers|credentials|crio|docker|k3s|netns|runc)/',
    '^/var/lib/(?:cni|containerd|cri-o|docker|kubelet|lxcfs|lxd/shmounts|nerdctl|rancher)/',
    '/(?:containers/storage|\\.local/share/docker)/',
    '^/run/user/\\d+/',
    '/credentials/[^/]+\\.service(?:/|$)',
  ].join('|'),
);

const isPrivate = (mountPoint: string): boolean => PRIVATE.test(mountPoint);

/** These have no block device, and the kernel itself answers for them. */
const OF_THE_KERNEL = ['btrfs', 'overlay', 'tmpfs', 'zfs'];

/** Whether something else than the kernel answers: a server, a program, or nobody knows what. */
const isSlow = ({ fsType, device, mountPoint }: MountinfoEntry): boolean =>
  isRemoteType(fsType) || (mountPoint !== '/' && device.startsWith('0:') && !OF_THE_KERNEL.includes(fsType));

const UNSEEN_ROOT: MountinfoEntry = {
  id: 0,
  parent: 0,
  device: '0:0',
  root: '/',
  mountPoint: '/',
  fsType: 'unknown',
  source: 'unknown',
  superOptions: '',
};

function counts({ mountPoint, fsType, superOptions }: MountinfoEntry): boolean {
  if (readOnlyWord(superOptions) !== undefined) return false;
  if (mountPoint === '/') return true;
  if (isIgnoredType(fsType) || isPrivate(mountPoint)) return false;
  // A full /run keeps every service from starting.
  if (fsType === 'tmpfs' && mountPoint === '/run') return true;
  return fsType !== 'tmpfs' || !['/run', '/dev', '/proc', '/sys'].some((top) => isAtOrBelow(mountPoint, top));
}

/** `/` before all, then the whole file system before a folder of it, then the shorter mount point. */
function isBetter(entry: MountinfoEntry, rival: MountinfoEntry): boolean {
  if (rival.mountPoint === '/') return false;
  if (entry.mountPoint === '/') return true;
  const whole = entry.root === '/';
  if (whole !== (rival.root === '/')) return whole;
  return entry.mountPoint.length < rival.mountPoint.length;
}

/** Leaves out what a path lookup no longer reaches: mounts that later ones were put on top of. */
function visibleEntries(entries: readonly MountinfoEntry[]): MountinfoEntry[] {
  const lastAt = new Map<string, number>();
  const lastOn = new Map<string, number>();
  const indexOf = new Map<number, number>();
  entries.forEach(({ id, parent, mountPoint }, index) => {
    lastAt.set(mountPoint, index);
    lastOn.set(`${parent} ${mountPoint}`, index);
    indexOf.set(id, index);
  });
  /** A later mount on the same parent, on a folder above this one. */
  const isBuried = ({ parent, mountPoint }: MountinfoEntry, index: number): boolean => {
    for (let above = folderAbove(mountPoint); above; above = folderAbove(above)) {
      if ((lastOn.get(`${parent} ${above}`) ?? -1) > index) return true;
    }
    return false;
  };
  const isReachable = (start: number): boolean => {
    const seen = new Set<number>();
    for (let index: number | undefined = start; index !== undefined && !seen.has(index);) {
      const entry: MountinfoEntry = entries[index]!;
      if (isBuried(entry, index)) return false;
      seen.add(index);
      index = indexOf.get(entry.parent);
    }
    return true;
  };
  return entries.filter(
    (entry, index) =>
      lastAt.get(entry.mountPoint) === index && !entry.mountPoint.endsWith('//deleted') && isReachable(index),
  );
}

const isAtOrBelow = (path: string, top: string): boolean =>
  path === top || path.startsWith(top.endsWith('/') ? top : `${top}/`);

const folderAbove = (path: string): string =>
  path === '/' ? '' : path.slice(0, path.lastIndexOf('/')) || '/';
