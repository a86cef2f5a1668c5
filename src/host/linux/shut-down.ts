import { statSync } from 'node:fs';
import type { CountedMount } from './mounts-that-count.js';

/**
 * Whether a file system was shut down by the kernel after an error, and answers everything with EIO. The kernel lists
 * that in the options of ext4; of XFS it does not (6.18), and still tells how full it is. Only what cannot hang is asked.
 */
export function isShutDown({ fsType, path, remote }: CountedMount, root: string): boolean {
  if (fsType !== 'xfs' || remote) return false;
  try {
    statSync(typeof path === 'string' ? `${root}${path}` : Buffer.concat([Buffer.from(root), path]));
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EIO';
  }
}
