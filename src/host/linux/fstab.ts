import { readFileSync } from 'node:fs';
import { unescaped } from './mountinfo.js';

/** Returns whether /etc/fstab mounts a place read-only; false where it cannot be read. */
export function isReadOnlyInFstab(root: string, mountPoint: string): boolean {
  let text: string;
  try {
    text = readFileSync(`${root}/etc/fstab`, 'latin1');
  } catch {
    return false;
  }
  return text.split('\n').some((line) => {
    const [source = '#', place = '', , options = ''] = line.trim().split(/\s+/);
    return (
      !source.startsWith('#') &&
      withoutSlash(unescaped(place)) === mountPoint &&
      options.split(',').includes('ro')
    );
  });
}

const withoutSlash = (path: string): string => (path.length > 1 ? path.replace(/\/+$/, '') : path);
