import { NIX_STORE } from '../model/built-in-checks.js';
import { isAmong, mountOf } from '../detect/disk.js';
import { isUnknown } from '../model/reading.js';
import type { MountReading, Snapshot } from '../model/snapshot.js';
import type { Block } from '../model/plan.js';
import { unavailable } from './on-service.js';

/**
 * Refuses a path that is not, or no longer, a mount point: freeing space on the file system around it would not help.
 * The store and the folders that contain it need not be mount points.
 */
export function goneMount(path: string, mounts: Snapshot['mounts']): Block | undefined {
  const holdsStore = `${NIX_STORE}/`.startsWith(path === '/' ? path : `${path}/`);
  if (isUnknown(mounts) || holdsStore || isAmong(mounts, path)) return undefined;
  return unavailable(`The mount ${path} is gone, or is not one that is looked at: nothing is done for it`);
}

/** Returns the file system of the path, or a block if the store is on another one. */
export function storeMount(path: string, mounts: Snapshot['mounts']): MountReading | Block {
  if (isUnknown(mounts)) return unavailable(`The mounts are not known: ${mounts.unknown}`);
  const mount = mountOf(path, mounts);
  if (mount === undefined || mount.device !== mountOf(NIX_STORE, mounts)?.device) {
    return unavailable(`The Nix store is not on the file system of ${path}`);
  }
  return mount;
}
