import { readFileSync } from 'node:fs';
import type { MountinfoEntry } from './mountinfo.js';

/** Folder of a control group that limits this process: its own group or an ancestor. */
export interface GroupFolder {
  /** Absolute path on the host: `/sys/fs/cgroup/system.slice`. */
  readonly path: string;
  readonly version: 1 | 2;
}

/** Control groups of this process, from `/proc/self/cgroup`. */
export interface OwnGroups {
  readonly v1Memory?: string;
  readonly v1Cpu?: string;
  readonly v2?: string;
}

/** Parses `/proc/self/cgroup`: lines of `id:controllers:path`; id 0 without controllers is version 2. */
export function parseOwnGroups(text: string): OwnGroups {
  const found: { v1Memory?: string; v1Cpu?: string; v2?: string } = {};
  for (const line of text.split('\n')) {
    const match = /^(\d+):([^:]*):(\/.*)$/.exec(line);
    if (!match) continue;
    const [, id, controllers, path] = match as unknown as [string, string, string, string];
    if (id === '0' && controllers === '') found.v2 ??= path;
    const names = controllers.split(',');
    if (names.includes('memory')) found.v1Memory ??= path;
    if (names.includes('cpu')) found.v1Cpu ??= path;
  }
  return found;
}

/** Lists the folders from the group of the process up to where the hierarchy is mounted. */
export function groupFolders(
  entries: readonly MountinfoEntry[],
  own: OwnGroups,
  controller: 'memory' | 'cpu' = 'memory',
): GroupFolder[] {
  const v2 = entries.find((entry) => entry.fsType === 'cgroup2');
  const v1 = v1Mount(entries, controller);
  const v1Path = controller === 'memory' ? own.v1Memory : own.v1Cpu;
  return [
    ...(v2 && own.v2 !== undefined ? upwards(v2, own.v2, 2) : []),
    ...(v1 && v1Path !== undefined ? upwards(v1, v1Path, 1) : []),
  ];
}

/** Lists the folders of the control groups of this process; none if `/proc/self/cgroup` cannot be read. */
export function ownFolders(
  entries: readonly MountinfoEntry[],
  root: string,
  controller?: 'memory' | 'cpu',
): GroupFolder[] {
  try {
    const own = parseOwnGroups(readFileSync(`${root}/proc/self/cgroup`, 'utf8'));
    return groupFolders(entries, own, controller);
  } catch {
    return [];
  }
}

const v1Mount = (entries: readonly MountinfoEntry[], controller: string): MountinfoEntry | undefined =>
  entries.find(
    ({ fsType, superOptions }) => fsType === 'cgroup' && superOptions.split(',').includes(controller),
  );

/** Returns the folder of `cpuacct.usage` in version 1: `folder`, or the same path below `cpuacct` if mounted apart. */
export function v1UsageFolder(entries: readonly MountinfoEntry[], folder: string): string {
  const cpu = v1Mount(entries, 'cpu');
  const usage = v1Mount(entries, 'cpuacct');
  return cpu && usage && cpu.mountPoint !== usage.mountPoint
    ? `${usage.mountPoint}${folder.slice(cpu.mountPoint.length)}`
    : folder;
}

function upwards(mount: MountinfoEntry, path: string, version: 1 | 2): GroupFolder[] {
  const below = pathBelow(mount.root, path);
  if (below === undefined) return [];
  const names = below.split('/').filter(Boolean);
  const folders: GroupFolder[] = [];
  for (let depth = names.length; depth >= 0; depth--) {
    folders.push({ path: [mount.mountPoint, ...names.slice(0, depth)].join('/'), version });
  }
  return folders;
}

/** Returns the path of a group relative to the mounted group; `undefined` if it is outside of the mount. */
function pathBelow(root: string, path: string): string | undefined {
  // Outside of the cgroup namespace: the groups mounted here do not limit this process.
  if (path.split('/').includes('..')) return undefined;
  if (root === '/') return path;
  if (path === root || path.startsWith(`${root}/`)) return path.slice(root.length);
  // In a container the mount's root is the container's group, whatever its path on the host.
  return '';
}
