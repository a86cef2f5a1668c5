import { isIgnoredType, isRemoteType } from './fs-types.js';
import type { MountinfoEntry } from './mountinfo.js';
import { parentFolder, visibleEntries } from './visible-mounts.js';
import type { WriteState } from './write-state.js';

/** A mount that is monitored. */
export interface MonitoredMount {
  readonly mountPoint: string;
  /** Path for system calls; bytes if it is not UTF-8. */
  readonly path: string | Buffer;
  readonly device: string;
  readonly fsType: string;
  readonly source: string;
  /** True if `statfs` may hang. */
  readonly remote: boolean;
  /** True if the mount point was requested explicitly. */
  readonly isNamed: boolean;
  /** Write state; absent if another mount of the same file system reports it. */
  readonly writes?: WriteState | undefined;
  /** Reason why its usage is not read: it is meaningless, or reading it would trigger an automount. */
  readonly skipReason?: string | undefined;
}

interface SelectionOptions {
  readonly writesOf: (entry: MountinfoEntry) => WriteState;
  /** Mount points that are monitored whatever their type, even if the same file system is mounted elsewhere. */
  readonly named: ReadonlySet<string>;
  /** Previous mount point of each device, kept for as long as the device is mounted there. */
  readonly before: ReadonlyMap<string, string>;
}

/**
 * Selects the mounts to monitor, one per device, sorted by mount point. `/` is always monitored. Ignored are pseudo file
 * systems, images, layers, tmpfs under `/run`, `/dev`, `/proc` and `/sys`, private mounts of container runtimes, and file
 * systems that are read-only by design. A read-only *mount* is not ignored: in a service with `ProtectSystem=strict`
 * every mount is read-only, and so is `/nix/store` on NixOS.
 */
export function monitoredMounts(
  entries: readonly MountinfoEntry[],
  { writesOf, named, before }: SelectionOptions,
): MonitoredMount[] {
  const visible = visibleEntries(entries);
  const byDevice = new Map<string, MountinfoEntry>();
  for (const entry of visible) {
    const rival = byDevice.get(entry.device);
    if (!rival || isBetter(entry, rival, before.get(entry.device))) byDevice.set(entry.device, entry);
  }
  // In a chroot the table may not contain `/`.
  if (!entries.some((entry) => entry.mountPoint === '/')) byDevice.set('', UNSEEN_ROOT);
  const isUnderSlow = slowPlaces(visible, entries);
  const counted: MonitoredMount[] = [];
  const add = (entry: MountinfoEntry, writes: WriteState | undefined, skipReason?: string): void => {
    const { mountPoint, rawMountPoint, device, fsType, source } = entry;
    const path = rawMountPoint ?? mountPoint;
    // A lookup of a local mount below a remote one passes through the remote server, and below autofs it mounts.
    const remote = isSlow(entry) || isUnderSlow(mountPoint);
    const isNamed = named.has(mountPoint);
    counted.push({ mountPoint, path, device, fsType, source, remote, isNamed, writes, skipReason });
  };
  for (const entry of byDevice.values()) {
    const isNamed = named.has(entry.mountPoint);
    if (!isNamed && !countsByType(entry)) continue;
    const writes = entry.fsType === 'autofs' ? undefined : writesOf(entry);
    const isReadOnlyByDesign = writes?.current.status === 'by-design' && !isNamed;
    if (!isReadOnlyByDesign) add(entry, writes, automountReason(entry));
    else if (entry.mountPoint === '/') add(entry, writes, writes.current.reason);
  }
  const known = new Set(counted.map(({ mountPoint }) => mountPoint));
  for (const entry of visible)
    if (named.has(entry.mountPoint) && !known.has(entry.mountPoint))
      add(entry, undefined, automountReason(entry));
  return counted.sort((a, b) => (a.mountPoint < b.mountPoint ? -1 : 1));
}

/** Returns why an automount point is not read: reading would mount it. */
const automountReason = ({ fsType }: MountinfoEntry): string | undefined =>
  fsType === 'autofs' ? 'it is mounted on demand, and is not mounted now' : undefined;

/** Returns a function that tests whether a path is below a mount that may hang. */
function slowPlaces(
  visible: readonly MountinfoEntry[],
  entries: readonly MountinfoEntry[],
): (mountPoint: string) => boolean {
  const slow = [...visible.filter(isSlow), ...entries.filter(({ fsType }) => fsType === 'autofs')];
  const places = new Set(slow.map(({ mountPoint }) => mountPoint));
  places.delete('/');
  return (mountPoint) => {
    for (let at = mountPoint; at !== ''; at = parentFolder(at)) if (places.has(at)) return true;
    return false;
  };
}

/**
 * Mounts below folders of container runtimes and kubelet, each of one container, and credentials of services. A disk
 * mounted at such a folder itself is monitored.
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

/** Types without a block device that the kernel serves itself. */
const KERNEL_TYPES = ['btrfs', 'overlay', 'tmpfs', 'zfs'];

/** Returns whether a server, a program or an unknown party serves the file system. */
const isSlow = ({ fsType, device, mountPoint }: MountinfoEntry): boolean =>
  isRemoteType(fsType) || (mountPoint !== '/' && device.startsWith('0:') && !KERNEL_TYPES.includes(fsType));

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
  if (isIgnoredType(fsType) || PRIVATE.test(mountPoint)) return false;
  // A full /run keeps every service from starting.
  return fsType !== 'tmpfs' || mountPoint === '/run' || !/^\/(?:run|dev|proc|sys)(?:\/|$)/.test(mountPoint);
}

/** Prefers `/`, then the previous mount point, then the whole file system to a folder of it, then the shorter path. */
function isBetter(entry: MountinfoEntry, rival: MountinfoEntry, before: string | undefined): boolean {
  for (const first of ['/', before]) {
    if (rival.mountPoint === first) return false;
    if (entry.mountPoint === first) return true;
  }
  const whole = entry.root === '/';
  if (whole !== (rival.root === '/')) return whole;
  return entry.mountPoint.length < rival.mountPoint.length;
}
