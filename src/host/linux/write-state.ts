import type { WriteReading } from '../../model/snapshot.js';
import type { ErrorCount } from './error-count.js';
import { isImageType } from './fs-types.js';
import { readOnlyWord, type MountinfoEntry } from './mountinfo.js';

/** What a file system is judged by, beside its line in the table of mounts. */
export interface WriteSources {
  /** The errors that ext4 counts; `undefined` for other types. */
  readonly errors: ErrorCount | undefined;
  /** Whether /etc/fstab mounts a place read-only. */
  readonly isReadOnlyInFstab: (mountPoint: string) => boolean;
}

/**
 * Whether a file system lost its writability. Only the options of the file system itself tell: those of the mount say
 * `ro` inside a service with `ProtectSystem=strict`, too. What was `ro` when it was first read is so by design, also
 * after it was writable for a while: composefs, a Raspberry Pi with a read-only root, a `/boot` that a hook opens.
 */
export class WriteState {
  current: WriteReading;
  readonly #sources: WriteSources;
  readonly #wasWritable: boolean;
  /** Whether it was `ro` at first, after an error since the host booted: an earlier run of this program saw it go. */
  readonly #brokeBefore: boolean;
  #entry: MountinfoEntry;
  /** Errors at the first reading, and now; `undefined` until they could be read. */
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

  /** Whether this is the same file system as that of an entry. */
  is({ device, fsType, source }: MountinfoEntry): boolean {
    const own = this.#entry;
    return own.device === device && own.fsType === fsType && own.source === source;
  }

  /** Takes its line in a table of mounts that has changed. */
  follow(entry: MountinfoEntry): void {
    this.#entry = entry;
    this.current = this.#judge();
  }

  /** Takes in what the table of mounts does not tell: whether it answers with errors only, and how many were counted. */
  look(isShutDown: boolean): void {
    const errors = this.#sources.errors?.read() ?? this.#errors;
    if (errors === this.#errors && isShutDown === this.#isShutDown) return;
    this.#isShutDown = isShutDown;
    this.#errors = errors;
    // Less than before: it was checked and repaired.
    if (errors !== undefined) this.#firstErrors = Math.min(this.#firstErrors ?? errors, errors);
    this.current = this.#judge();
  }

  close(): void {
    this.#sources.errors?.close();
  }

  #judge(): WriteReading {
    const { mountPoint, source, fsType, superOptions } = this.#entry;
    const about = `${mountPoint} (${source}, ${fsType})`;
    if (isImageType(fsType)) return design(`${about} is an image, made to be read only`);
    if (this.#isShutDown)
      return bad(`${about} takes no writes: the kernel shut it down, and answers with I/O errors`);
    const word = readOnlyWord(superOptions);
    if (word !== undefined && word !== 'ro')
      return bad(`${about} is read-only: the kernel gives its state as \`${word}\``);
    const [first = 0, count = 0] = [this.#firstErrors, this.#errors];
    const errors = count === 1 ? '1 error' : `${count} errors`;
    if (count > first) {
      const since = first > 0 ? `, ${first} of them before it was first read` : '';
      const now = word === undefined ? 'can still be written' : 'is read-only';
      return bad(`${about} ${now}, and the kernel has counted ${errors} in it${since}`);
    }
    if (word === undefined) return Object.freeze({ status: 'ok', reason: `${about} can be written` });
    if (this.#brokeBefore)
      return bad(`${about} is read-only, and the kernel has counted ${errors} in it since the host booted`);
    if (!this.#wasWritable) return design(`${about} is read-only by design: it was when it was first read`);
    if (this.#sources.isReadOnlyInFstab(mountPoint))
      return design(`${about} is read-only by design: /etc/fstab says \`ro\``);
    return bad(`${about} became read-only: it could be written when it was first read`);
  }
}

const bad = (reason: string): WriteReading => Object.freeze({ status: 'bad', reason });
const design = (reason: string): WriteReading => Object.freeze({ status: 'by-design', reason });
