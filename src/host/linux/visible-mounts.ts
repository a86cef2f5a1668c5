import type { MountinfoEntry } from './mountinfo.js';

/** Returns the mounts that a path lookup reaches: not those hidden by a later mount on top of them. */
export function visibleEntries(entries: readonly MountinfoEntry[]): MountinfoEntry[] {
  const lastAt = new Map<string, number>();
  /** By parent: index of the last mount on each path. */
  const children = new Map<number, Map<string, number>>();
  const indexOf = new Map<number, number>();
  entries.forEach(({ id, parent, mountPoint }, index) => {
    lastAt.set(mountPoint, index);
    const own = children.get(parent);
    if (own) own.set(mountPoint, index);
    else children.set(parent, new Map([[mountPoint, index]]));
    indexOf.set(id, index);
  });
  /** Returns whether a later mount on the same parent covers a folder above this one. */
  const isBuried = ({ parent, mountPoint }: MountinfoEntry, index: number): boolean => {
    const siblings = children.get(parent)!;
    if (siblings.size === 1) return false;
    for (let above = parentFolder(mountPoint); above; above = parentFolder(above)) {
      if ((siblings.get(above) ?? -1) > index) return true;
    }
    return false;
  };
  const known = new Map<number, boolean>();
  const isReachable = (start: number): boolean => {
    const passed = new Set<number>();
    let answer = true;
    for (let index: number | undefined = start; index !== undefined && !passed.has(index);) {
      const before = known.get(index);
      if (before !== undefined) {
        answer = before;
        break;
      }
      const entry: MountinfoEntry = entries[index]!;
      passed.add(index);
      if (isBuried(entry, index)) {
        answer = false;
        break;
      }
      index = indexOf.get(entry.parent);
    }
    for (const index of passed) known.set(index, answer);
    return answer;
  };
  return entries.filter(
    (entry, index) =>
      lastAt.get(entry.mountPoint) === index && !entry.mountPoint.endsWith('//deleted') && isReachable(index),
  );
}

/** Returns the folder that contains a path; empty for `/`. */
export const parentFolder = (path: string): string =>
  path === '/' ? '' : path.slice(0, path.lastIndexOf('/')) || '/';
