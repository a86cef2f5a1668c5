import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { codeOf } from '../linux/reason.js';

/** Limit of followed links, as in the kernel. */
const MOST_LINKS = 40;

/**
 * Returns the real path below `root` of a path; `undefined` if there is none. Unlike `realpath`, absolute links stay
 * below `root` too, so a copied tree or that of a container reads as it does inside. Throws if a folder of the path
 * cannot be read.
 */
export function realPath(root: string, path: string): string | undefined {
  try {
    return root === '' ? realpathSync.native(path) : realPathBelow(root, path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** Resolves links one by one, as the kernel does. */
function realPathBelow(root: string, path: string): string | undefined {
  const rest = partsOf(path).reverse();
  let real = '';
  for (let links = 0; rest.length > 0;) {
    const part = rest.pop()!;
    if (part === '..') {
      real = real.slice(0, Math.max(0, real.lastIndexOf('/')));
      continue;
    }
    const next = `${real}/${part}`;
    if (!lstatSync(`${root}${next}`).isSymbolicLink()) {
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

/** Returns the target of a link without its folder; `undefined` if there is no such link. */
export function linkName(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isSymbolicLink() ? posix.basename(readlinkSync(path)) : undefined;
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');
