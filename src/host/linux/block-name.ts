import { readlinkSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import type { MountinfoEntry } from './mountinfo.js';

/**
 * Name of the block device below a file system as the kernel has it: `sda1`; `dm-0` for `/dev/mapper/root`. By its number,
 * and by its path where it has none of its own, as a btrfs.
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
      // The next way.
    }
  }
  return basename(source);
}
