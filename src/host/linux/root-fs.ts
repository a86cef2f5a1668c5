import { unknown } from '../reading.js';
import type { SystemReading } from '../snapshot.js';
import { isImageType } from './fs-types.js';
import type { MountTable } from './mount-table.js';
import { readOnlyWord, type MountinfoEntry } from './mountinfo.js';

/**
 * Whether the file system on `/` went read-only. Only the options of the file system itself tell: those of
 * the mount say `ro` inside a service with `ProtectSystem=strict`, too. An image was never meant to be written.
 */
export function rootFsOf(entries: readonly MountinfoEntry[]): SystemReading['rootfs'] {
  // A later mount on / hides the earlier ones.
  const root = entries.findLast(({ mountPoint }) => mountPoint === '/');
  if (root === undefined) return unknown('the table of mounts does not show what is mounted on /');
  const about = `/ (${root.source}, ${root.fsType})`;
  if (isImageType(root.fsType))
    return { readOnly: false, reason: `${about} is an image, made to be read only` };
  const word = readOnlyWord(root.superOptions);
  if (word === undefined) return { readOnly: false, reason: `${about} can be written` };
  return { readOnly: true, reason: `${about} is read-only: the kernel gives its state as \`${word}\`` };
}

/** Gives the last answer again for as long as the table of mounts is the same. */
export class RootFs {
  #table: MountTable;
  #version = -1;
  #answer: SystemReading['rootfs'] = unknown('the table of mounts was not read yet');

  constructor(table: MountTable) {
    this.#table = table;
  }

  read(): SystemReading['rootfs'] {
    const { entries, version, reason } = this.#table;
    if (version !== this.#version) {
      this.#version = version;
      this.#answer = Object.freeze(
        reason ? unknown(`the mounts are not known: ${reason}`) : rootFsOf(entries),
      );
    }
    return this.#answer;
  }
}
