import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isInACommandLine, isRunning } from './processes.js';

const prefix = 'luminous-test-host';
/** Not that of `TMPDIR`: a host mounts its own `/run` over one in there, and each caller would see other leftovers. */
const parent = '/tmp';

/** Returns a name for a host, its folder and its control groups, with the id of this process. */
export function newHostName(): string {
  return `${prefix}-${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** Folder with the mounts of a host. */
export function hostFolder(name: string): string {
  return join(parent, name);
}

/** Returns everything that can be found of a host outside of it; nothing after it was closed. */
export function findTraces(name: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const loops = readdirSync('/sys/block').map((device) => `/sys/block/${device}/loop/backing_file`);
  return [
    ...namedFolders().filter((folder) => basename(folder) === name),
    ...mounts.filter((mount) => mount.includes(name)),
    ...loops.filter((file) => contentOf(file).includes(name)),
    ...(isInACommandLine(name) ? [`a process with ${name} in its command line`] : []),
  ];
}

/** Removes what hosts of earlier runs left behind because even their keeper was killed. */
export function removeLeftovers(): void {
  for (const folder of namedFolders()) {
    const name = basename(folder);
    const owner = /^luminous-test-host-(\d+)-/.exec(name)?.[1];
    if (owner === undefined || isRunning(Number(owner)) || isInACommandLine(name)) continue;
    removeEmptyTree(folder);
  }
}

function namedFolders(): string[] {
  const parents = [parent, ...controlGroupHierarchies()];
  return parents.flatMap((folder) => subfolders(folder).filter((path) => basename(path).startsWith(prefix)));
}

function controlGroupHierarchies(): string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return mounts
    .map((line) => line.split(' '))
    .flatMap(([, path, type]) => (/^cgroup2?$/.test(type ?? '') ? [path ?? ''] : []));
}

/** Control groups contain files that cannot be removed one by one, and disappear with them. */
function removeEmptyTree(folder: string): void {
  for (const child of subfolders(folder)) removeEmptyTree(child);
  try {
    rmdirSync(folder);
  } catch {
    // Not empty: then it belongs to another process; or another test run was faster.
  }
}

function subfolders(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
