import { readlinkSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import type { MountinfoEntry } from './mountinfo.js';

/**
 * Returns the kernel's name of the block device of a file system: `sda1`; `dm-0` for `/dev/mapper/root`. It is looked up
 * by device number, and by path for a file system that has no block device number (btrfs).
 */
export function blockNameOf(
  { device, source }: Pick<MountinfoEntry, 'device' | 'source'>,
  root: string,
): string {
  for (const find of [
    () => readlinkSync(`${root}/sys/dev/block/${device}`),
    () => realpathSync(`${root}${source}`),
  ]) {
    try {
      return basename(find());
    } catch {
      // Try the next source.
    }
  }
  return basename(source);
}
