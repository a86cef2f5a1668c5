import { isIgnoredType, isRemoteType } from './fs-types.js';
import type { MountinfoEntry } from './mountinfo.js';
import { folderAbove, visibleEntries } from './visible-mounts.js';
import { WriteState } from './write-state.js';

/** A mount that is looked at. */
export interface CountedMount {
  readonly mountPoint: string;
  /** What to hand to system calls. */
  readonly path: string | Buffer;
  readonly device: string;
  readonly fsType: string;
  readonly source: string;
  /** Whether asking it may hang. */
  readonly remote: boolean;
  /** Whether somebody asked for it by its mount point. */
  readonly isNamed: boolean;
  /** Whether it takes writes; left out where another mount of the same file system tells. */
  readonly writes?: WriteState | undefined;
  /** Why it is not asked how full it is, where that means nothing or would change something. */
  readonly notAsked?: string | undefined;
}

/** What the choice of mounts depends on, beside the table. */
export interface Choice {
  /** What is known of writing to a file system. */
  readonly writesOf?: (entry: MountinfoEntry) => WriteState;
  /** Mount points that count whatever their type, and although the same file system is mounted elsewhere. */
  readonly named?: ReadonlySet<string>;
  /** Where each device was looked at before: it keeps that name for as long as it is mounted there. */
  readonly before?: ReadonlyMap<string, string>;
}

/**
 * Picks the mounts that count, one for each device, sorted by mount point. `/` counts whatever its type;
 * tmpfs counts except under `/run` and `/dev` (and the kernel's own `/proc`, `/sys`); pseudo file systems,
 * images and layers do not, nor private places of container runtimes, nor what is read-only by design. That one *mount*
 * is read-only means nothing: so is everything in a service with `ProtectSystem=strict`, and NixOS's `/nix/store`.
 */
export function mountsThatCount(entries: readonly MountinfoEntry[], choice: Choice = {}): CountedMount[] {
  const { writesOf = firstState, named, before } = choice;
  const visible = visibleEntries(entries);
  const byDevice = new Map<string, MountinfoEntry>();
  for (const entry of visible) {
    const rival = byDevice.get(entry.device);
    if (!rival || isBetter(entry, rival, before?.get(entry.device))) byDevice.set(entry.device, entry);
  }
  // In a chroot the table may not show what `/` is; it counts all the same.
  if (!entries.some((entry) => entry.mountPoint === '/')) byDevice.set('', UNSEEN_ROOT);
  const isUnderSlow = slowPlaces(visible, entries);
  const counted: CountedMount[] = [];
  const add = (entry: MountinfoEntry, writes: WriteState | undefined, notAsked?: string): void => {
    const { mountPoint, rawMountPoint, device, fsType, source } = entry;
    const path = rawMountPoint ?? mountPoint;
    // The way to a local mount on top of a dead server leads through that server, and under autofs a look mounts it.
    const remote = isSlow(entry) || isUnderSlow(mountPoint);
    const isNamed = named?.has(mountPoint) ?? false;
    counted.push({ mountPoint, path, device, fsType, source, remote, isNamed, writes, notAsked });
  };
  for (const entry of byDevice.values()) {
    const isNamed = named?.has(entry.mountPoint) ?? false;
    if (!isNamed && !countsByType(entry)) continue;
    const writes = entry.fsType === 'autofs' ? undefined : writesOf(entry);
    const isDesign = writes?.current.status === 'by-design' && !isNamed;
    if (!isDesign) add(entry, writes, onDemand(entry));
    else if (entry.mountPoint === '/') add(entry, writes, writes.current.reason);
  }
  if (named && named.size > 0) {
    const known = new Set(counted.map(({ mountPoint }) => mountPoint));
    for (const entry of visible)
      if (named.has(entry.mountPoint) && !known.has(entry.mountPoint)) add(entry, undefined, onDemand(entry));
  }
  return counted.sort((a, b) => (a.mountPoint < b.mountPoint ? -1 : 1));
}

/** Without anybody who remembers, each reading is the first. */
const firstState = (entry: MountinfoEntry): WriteState =>
  new WriteState(entry, { errors: undefined, isReadOnlyInFstab: () => false });

/** To ask an automount point is to have it mounted. */
const onDemand = ({ fsType }: MountinfoEntry): string | undefined =>
  fsType === 'autofs' ? 'it is mounted on demand, and is not mounted now' : undefined;

/** Whether a place is below one where something else than the kernel may have to answer. */
function slowPlaces(
  visible: readonly MountinfoEntry[],
  entries: readonly MountinfoEntry[],
): (mountPoint: string) => boolean {
  const slow = [...visible.filter(isSlow), ...entries.filter(({ fsType }) => fsType === 'autofs')];
  const places = new Set(slow.map(({ mountPoint }) => mountPoint));
  places.delete('/');
  return (mountPoint) => {
    if (places.size === 0) return false;
    for (let at = mountPoint; at !== ''; at = folderAbove(at)) if (places.has(at)) return true;
    return false;
  };
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

function countsByType({ mountPoint, fsType }: MountinfoEntry): boolean {
  if (mountPoint === '/') return true;
  if (isIgnoredType(fsType) || isPrivate(mountPoint)) return false;
  // A full /run keeps every service from starting.
  if (fsType === 'tmpfs' && mountPoint === '/run') return true;
  return fsType !== 'tmpfs' || !['/run', '/dev', '/proc', '/sys'].some((top) => isAtOrBelow(mountPoint, top));
}

/** `/` before all, then the place of `before`, then the whole file system before a folder of it, then the shorter path. */
function isBetter(entry: MountinfoEntry, rival: MountinfoEntry, before: string | undefined): boolean {
  for (const first of ['/', before]) {
    if (rival.mountPoint === first) return false;
    if (entry.mountPoint === first) return true;
  }
  const whole = entry.root === '/';
  if (whole !== (rival.root === '/')) return whole;
  return entry.mountPoint.length < rival.mountPoint.length;
}

const isAtOrBelow = (path: string, top: string): boolean =>
  path === top || path.startsWith(top.endsWith('/') ? top : `${top}/`);
