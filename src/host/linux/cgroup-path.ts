import { readFileSync } from 'node:fs';
import type { MountinfoEntry } from './mountinfo.js';

/** A folder of a controller that limits this process: its own group, or one above it. */
export interface GroupFolder {
  /** Absolute path as the host sees it, `/sys/fs/cgroup/system.slice`. */
  readonly path: string;
  readonly version: 1 | 2;
}

/** Where `/proc/self/cgroup` says that the process lives. */
export interface OwnGroups {
  readonly v1Memory?: string;
  readonly v1Cpu?: string;
  readonly v2?: string;
}

/** Reads `/proc/self/cgroup`: lines of `id:controllers:path`; id 0 without controllers is version 2. */
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

/** Lists the folders from the process's own group up to where the hierarchy is mounted. */
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

/** The same for the groups that this process lives in; none where that cannot be read. */
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

/** Where version 1 counts what a folder of `cpu` has used: there, unless `cpuacct` is mounted apart, under the same path. */
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

/** The part of a group's path below the group that is mounted; nothing where the mount does not show it. */
function pathBelow(root: string, path: string): string | undefined {
  // Outside of the cgroup namespace: what is mounted here is not what limits this process.
  if (path.split('/').includes('..')) return undefined;
  if (root === '/') return path;
  if (path === root || path.startsWith(`${root}/`)) return path.slice(root.length);
  // A container shows its own group as the mount's root, whatever name the host knows it by.
  return '';
}
