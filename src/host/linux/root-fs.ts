import { unknown } from '../reading.js';
import type { SystemReading } from '../snapshot.js';
import { isImageType } from './fs-types.js';
import type { MountTable } from './mount-table.js';
import { readOnlyWord, type MountinfoEntry } from './mountinfo.js';

/**
 * Whether the file system on `/` went read-only. Only the options of the file system itself tell: those of
 * the mount say `ro` inside a service with `ProtectSystem=strict`, too. An image was never meant to be written, and
 * neither was what is plainly `ro` when it is first read (`wasReadOnly` is undefined then, or true): composefs, a Raspberry
 * Pi with a read-only root.
 */
export function rootFsOf(
  entries: readonly MountinfoEntry[],
  wasReadOnly: boolean | undefined,
): SystemReading['rootfs'] {
  // A later mount on / hides the earlier ones.
  const root = entries.findLast(({ mountPoint }) => mountPoint === '/');
  if (root === undefined) return unknown('the table of mounts does not show what is mounted on /');
  const about = `/ (${root.source}, ${root.fsType})`;
  if (isImageType(root.fsType))
    return { readOnly: false, reason: `${about} is an image, made to be read only` };
  const word = readOnlyWord(root.superOptions);
  if (word === undefined) return { readOnly: false, reason: `${about} can be written` };
  if (word === 'ro' && wasReadOnly !== false)
    return { readOnly: false, reason: `${about} is read-only by design: it was when it was first read` };
  return { readOnly: true, reason: `${about} is read-only: the kernel gives its state as \`${word}\`` };
}

/** Whether the file system on `/` says `ro`; undefined where that is not known. */
function saysReadOnly(entries: readonly MountinfoEntry[]): boolean | undefined {
  const root = entries.findLast(({ mountPoint }) => mountPoint === '/');
  return root && readOnlyWord(root.superOptions) === 'ro';
}

/** Gives the last answer again for as long as the table of mounts is the same. */
export class RootFs {
  #table: MountTable;
  #version = -1;
  /** What it said when it was first read. */
  #wasReadOnly: boolean | undefined;
  #answer: SystemReading['rootfs'] = unknown('the table of mounts was not read yet');

  constructor(table: MountTable) {
    this.#table = table;
  }

  read(): SystemReading['rootfs'] {
    const { entries, version, reason } = this.#table;
    if (version !== this.#version) {
      this.#version = version;
      this.#wasReadOnly ??= saysReadOnly(entries);
      this.#answer = Object.freeze(
        reason ? unknown(`the mounts are not known: ${reason}`) : rootFsOf(entries, this.#wasReadOnly),
      );
    }
    return this.#answer;
  }
}
