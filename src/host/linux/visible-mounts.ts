import type { MountinfoEntry } from './mountinfo.js';

/** Leaves out what a path lookup no longer reaches: mounts that later ones were put on top of. */
export function visibleEntries(entries: readonly MountinfoEntry[]): MountinfoEntry[] {
  const lastAt = new Map<string, number>();
  /** By parent: where each path was mounted on last. */
  const children = new Map<number, Map<string, number>>();
  const indexOf = new Map<number, number>();
  entries.forEach(({ id, parent, mountPoint }, index) => {
    lastAt.set(mountPoint, index);
    const own = children.get(parent);
    if (own) own.set(mountPoint, index);
    else children.set(parent, new Map([[mountPoint, index]]));
    indexOf.set(id, index);
  });
  /** A later mount on the same parent, on a folder above this one. */
  const isBuried = ({ parent, mountPoint }: MountinfoEntry, index: number): boolean => {
    const siblings = children.get(parent)!;
    if (siblings.size === 1) return false;
    for (let above = folderAbove(mountPoint); above; above = folderAbove(above)) {
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

/** The folder that holds a path; empty for `/`. */
export const folderAbove = (path: string): string =>
  path === '/' ? '' : path.slice(0, path.lastIndexOf('/')) || '/';
