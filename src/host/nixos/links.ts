import { lstatSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';

/** As many links as the kernel follows. */
const MOST_LINKS = 40;

/**
 * The real path below `root` of a path, or nothing where it leads nowhere. Unlike `realpath`, an absolute link
 * leads to a place below `root` too, so that a copied tree, or another container's, reads as it does inside.
 * Throws where a folder on the way cannot be looked into.
 */
export function realPath(root: string, path: string): string | undefined {
  const rest = partsOf(path).reverse();
  let real = '';
  for (let links = 0; rest.length > 0;) {
    const part = rest.pop()!;
    if (part === '..') {
      real = real.slice(0, Math.max(0, real.lastIndexOf('/')));
      continue;
    }
    const next = `${real}/${part}`;
    const stat = lstatSync(`${root}${next}`, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isSymbolicLink()) {
      real = next;
      continue;
    }
    if (++links > MOST_LINKS) return undefined;
    const target = readlinkSync(`${root}${next}`);
    if (target.startsWith('/')) real = '';
    rest.push(...partsOf(target).reverse());
  }
  return real === '' ? '/' : real;
}

/** The name that a link leads to, without the folder; nothing where there is no such link. */
export function linkName(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isSymbolicLink() ? posix.basename(readlinkSync(path)) : undefined;
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');
