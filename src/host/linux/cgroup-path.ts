import { readFileSync } from 'node:fs';
import type { MountinfoEntry } from './mountinfo.js';

type Version = 1 | 2;

/** Folder of a control group that limits this process: its own group or an ancestor. */
export interface GroupFolder {
  /** Absolute path on the host: `/sys/fs/cgroup/system.slice`. */
  readonly path: string;
  readonly version: Version;
}

/**
 * Lists the folders of the control groups of this process, from its own group up to where the hierarchy is mounted; none
 * if `/proc/self/cgroup` cannot be read.
 */
export function ownFolders(
  entries: readonly MountinfoEntry[],
  root: string,
  controller: 'memory' | 'cpu' = 'memory',
): GroupFolder[] {
  const own = ownPaths(root, controller);
  const mounts = {
    2: entries.find(({ fsType }) => fsType === 'cgroup2'),
    1: v1Mount(entries, controller),
  };
  return ([2, 1] as const).flatMap((version) => {
    const [mount, path] = [mounts[version], own[version]];
    return mount && path !== undefined ? upwards(mount, path, version) : [];
  });
}

/** Parses `/proc/self/cgroup`: lines of `id:controllers:path`; id 0 without controllers is version 2. */
function ownPaths(root: string, controller: string): Partial<Record<Version, string>> {
  const found: Partial<Record<Version, string>> = {};
  let text: string;
  try {
    text = readFileSync(`${root}/proc/self/cgroup`, 'utf8');
  } catch {
    return found;
  }
  for (const line of text.split('\n')) {
    const [, id, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    if (id === '0' && controllers === '') found[2] ??= path;
    if (controllers.split(',').includes(controller)) found[1] ??= path;
  }
  return found;
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

function upwards(mount: MountinfoEntry, path: string, version: Version): GroupFolder[] {
  const names = pathBelow(mount.root, path)?.split('/').filter(Boolean);
  if (names === undefined) return [];
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
