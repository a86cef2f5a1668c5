import { readFileSync } from 'node:fs';

/** Returns the text of a file without white space around it; empty where it cannot be read. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Returns the id of this boot of the host; empty where the platform has none. */
export const bootId = (): string => textOf('/proc/sys/kernel/random/boot_id');
