import { readFileSync } from 'node:fs';

/** Returns the id of this boot of the host; empty where the platform has none. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
