import type { WriteReading } from '../../model/snapshot.js';
import type { ErrorCount } from './error-count.js';
import { isImageType } from './fs-types.js';
import { readOnlyWord, type MountinfoEntry } from './mountinfo.js';

/** Sources of the write state, beside the table of mounts. */
export interface WriteSources {
  /** Error counter of ext4; `undefined` for other types. */
  readonly errors: ErrorCount | undefined;
  readonly isReadOnlyInFstab: (mountPoint: string) => boolean;
}

/**
 * Detects a file system that became read-only. It uses the options of the file system only, because those of the mount
 * are `ro` inside a service with `ProtectSystem=strict` too. A file system that is `ro` at the first reading is so by
 * design, also after it was writable for a while: composefs, a Raspberry Pi with a read-only root, a `/boot` that a hook
 * remounts.
 */
export class WriteState {
  current: WriteReading;
  readonly #sources: WriteSources;
  readonly #wasWritable: boolean;
  /** True if it was `ro` at the first reading because of an error since boot. */
  readonly #brokeBefore: boolean;
  #entry: MountinfoEntry;
  /** Errors at the first reading, and now; `undefined` until they can be read. */
  #firstErrors: number | undefined;
  #errors: number | undefined;
  #isShutDown = false;

  constructor(entry: MountinfoEntry, sources: WriteSources) {
    const { errors } = sources;
    this.#entry = entry;
    this.#sources = sources;
    this.#wasWritable = readOnlyWord(entry.superOptions) !== 'ro';
    this.#errors = this.#firstErrors = errors?.read();
    this.#brokeBefore =
      !this.#wasWritable && this.#errors !== undefined && this.#errors > 0 && errors!.areOfThisBoot();
    this.current = this.#judge();
  }

  /** Returns whether an entry is of this file system. */
  is({ device, fsType, source }: MountinfoEntry): boolean {
    const own = this.#entry;
    return own.device === device && own.fsType === fsType && own.source === source;
  }

  /** Takes over the entry of a table that has changed. */
  follow(entry: MountinfoEntry): void {
    this.#entry = entry;
    this.current = this.#judge();
  }

  /** Reads the error counter again. `isShutDown`: all calls fail with EIO. */
  update(isShutDown: boolean): void {
    const errors = this.#sources.errors?.read() ?? this.#errors;
    if (errors === this.#errors && isShutDown === this.#isShutDown) return;
    this.#isShutDown = isShutDown;
    this.#errors = errors;
    // The counter fell: the file system was checked and repaired.
    if (errors !== undefined) this.#firstErrors = Math.min(this.#firstErrors ?? errors, errors);
    this.current = this.#judge();
  }

  close(): void {
    this.#sources.errors?.close();
  }

  #judge(): WriteReading {
    const { mountPoint, source, fsType, superOptions } = this.#entry;
    const about = `${mountPoint} (${source}, ${fsType})`;
    if (isImageType(fsType)) return design(`${about} is an image, read-only by design`);
    if (this.#isShutDown)
      return bad(
        `${about} cannot be written: the kernel shut it down, and every access fails with an I/O error`,
      );
    const word = readOnlyWord(superOptions);
    if (word !== undefined && word !== 'ro')
      return bad(`${about} is read-only: the kernel reports its state as \`${word}\``);
    const [first = 0, count = 0] = [this.#firstErrors, this.#errors];
    const errors = count === 1 ? '1 error' : `${count} errors`;
    if (count > first) {
      const since = first > 0 ? `, ${first} of them before the first reading` : '';
      const now = word === undefined ? 'can still be written' : 'is read-only';
      return bad(`${about} ${now}, and the kernel has counted ${errors} in it${since}`);
    }
    if (word === undefined) return Object.freeze({ status: 'ok', reason: `${about} can be written` });
    if (this.#brokeBefore)
      return bad(`${about} is read-only, and the kernel has counted ${errors} in it since the host booted`);
    if (!this.#wasWritable) return design(`${about} is read-only by design: it was so at the first reading`);
    if (this.#sources.isReadOnlyInFstab(mountPoint))
      return design(`${about} is read-only by design: /etc/fstab contains \`ro\``);
    return bad(`${about} became read-only: it could be written at the first reading`);
  }
}

const bad = (reason: string): WriteReading => Object.freeze({ status: 'bad', reason });
const design = (reason: string): WriteReading => Object.freeze({ status: 'by-design', reason });
