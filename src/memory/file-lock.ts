import { constants } from 'node:fs';
import { link, rename, rm, type FileHandle } from 'node:fs/promises';
import { SelfHealingError } from '../base/errors.js';
import {
  judgeHolder,
  OLD_MS,
  parseHolder,
  seeProcess,
  thisHolder,
  watchAfter,
  type Holder,
  type Watch,
} from './lock-holder.js';
import { createFile, leftoversOf, NotRegularError, openRegular, readStart } from './regular-file.js';

/** Largest content of a lock, in bytes. */
const LARGEST = 4_096;
/** Time between two heartbeats. */
const BEAT_MS = 10_000;
/** Digits of the heartbeat: of fixed length, so that it can be written in place. */
const BEAT_DIGITS = 12;

const HELD = Symbol.for('@luminous-nix/self-healing/held-locks');
/** Locks held in this thread, by token, for all copies of this library. A lock that was garbage-collected is not held. */
const heldLocks = ((globalThis as { [HELD]?: Map<string, WeakRef<object>> })[HELD] ??= new Map());

/**
 * Lock file with the id of its process and a heartbeat. Another process may take it over when the holder is gone or, if
 * the holder cannot be looked up from here, when its heartbeat has stopped for long enough. Node has no `flock`.
 */
export class FileLock {
  readonly #path: string;
  readonly #monotonic: () => number;
  readonly #token = crypto.randomUUID();
  #held = false;
  #watch: Watch | undefined;
  #beats = 0;
  #beating: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string, monotonic: () => number = () => performance.now()) {
    this.#path = path;
    this.#monotonic = monotonic;
  }

  /** Takes the lock. Rejects with code `locked` when a living process holds it. */
  async take(): Promise<void> {
    if (this.#held) return this.check();
    for (let tries = 0; tries < 5; tries += 1) {
      const text = await this.#read();
      const holder = text === undefined ? undefined : parseHolder(text);
      if (holder?.token === this.#token) return this.#hold();
      if (text !== undefined && holder && this.#isAlive(holder, text)) throw this.#refusal(holder);
      if (text !== undefined) await this.#setAside(text);
      if (await this.#create()) return this.#sweep();
    }
    throw this.#refusal(undefined);
  }

  /** Verifies that it is still held. Rejects with code `locked` if not. */
  async check(): Promise<void> {
    const holder = parseHolder((await this.#read()) ?? '');
    if (holder?.token === this.#token) return;
    this.#letGo();
    throw this.#refusal(holder);
  }

  /** Writes the next heartbeat, if the lock is still held. */
  beat(): Promise<void> {
    return (this.#beating = this.#beating.then(() => this.#writeBeat()).catch(() => undefined));
  }

  /** Releases it: removes the file if it is this one's, also if it was lost in between. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    try {
      await this.check().then(
        () => rm(this.#path, { force: true }),
        () => undefined,
      );
    } finally {
      this.#letGo();
    }
  }

  #hold(): void {
    this.#held = true;
    heldLocks.set(this.#token, new WeakRef(this));
    clearInterval(this.#timer);
    // The timer keeps neither the process nor the lock alive.
    const self = new WeakRef(this);
    const timer = setInterval(() => {
      const lock = self.deref();
      if (lock === undefined) clearInterval(timer);
      else void lock.beat();
    }, BEAT_MS);
    this.#timer = timer.unref();
  }

  #letGo(): void {
    this.#held = false;
    clearInterval(this.#timer);
    heldLocks.delete(this.#token);
  }

  #text(): string {
    const beat = String(this.#beats).padStart(BEAT_DIGITS, '0');
    return JSON.stringify({ ...thisHolder(), token: this.#token, beat });
  }

  async #writeBeat(): Promise<void> {
    if (!this.#held) return;
    const handle = await openRegular(this.#path, constants.O_RDWR);
    if (handle === undefined) return;
    try {
      // A lock file never changes its holder, so this handle stays ours.
      if (parseHolder(await startOf(handle))?.token !== this.#token) return;
      this.#beats += 1;
      await handle.write(this.#text(), 0);
    } finally {
      await handle.close();
    }
  }

  /** Reads the content of the lock; `undefined` if there is none. Follows no link and never blocks. */
  async #read(): Promise<string | undefined> {
    try {
      const handle = await openRegular(this.#path);
      return await (handle && startOf(handle).finally(() => handle.close()));
    } catch (error) {
      if (!(error instanceof NotRegularError)) throw error;
      const message = `The lock ${this.#path} cannot be used (${error.message}): this engine only observes`;
      throw new SelfHealingError('locked', message, { cause: error });
    }
  }

  #isAlive(holder: Holder, text: string): boolean {
    const isHeldHere = heldLocks.get(holder.token)?.deref() !== undefined;
    const verdict = judgeHolder(holder, thisHolder(), { seen: seeProcess(holder.pid), isHeldHere });
    if (verdict !== 'unknown') return verdict === 'alive';
    this.#watch = watchAfter(this.#watch, text, this.#monotonic());
    return this.#watch.unchangedMs < OLD_MS;
  }

  async #create(): Promise<boolean> {
    heldLocks.set(this.#token, new WeakRef(this));
    const isCreated = await this.#link().catch((error: unknown) => {
      heldLocks.delete(this.#token);
      throw error;
    });
    // Read back: another process may have mistaken this lock for the dead one.
    if (isCreated && parseHolder((await this.#read()) ?? '')?.token === this.#token) {
      this.#hold();
      return true;
    }
    heldLocks.delete(this.#token);
    return false;
  }

  /** Writes a draft and links it into place, so that no reader sees a partial lock. */
  async #link(): Promise<boolean> {
    const draft = `${this.#path}.${crypto.randomUUID()}`;
    try {
      await createFile(draft, this.#text(), { flush: false });
      await link(draft, this.#path);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A process that just took the lock may have swept the draft.
      if (code === 'EEXIST' || (code === 'ENOENT' && (await this.#read()) !== undefined)) return false;
      throw error;
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** Removes the dead lock. Renames it first, and puts it back if it was replaced in between. */
  async #setAside(dead: string): Promise<void> {
    if ((await this.#read()) !== dead) return;
    const aside = `${this.#path}.${crypto.randomUUID()}.dead`;
    await rename(this.#path, aside).catch(() => undefined);
    if ((await contentOf(aside)) !== dead) await link(aside, this.#path).catch(() => undefined);
    await rm(aside, { force: true });
  }

  /** Removes drafts left by killed processes. */
  async #sweep(): Promise<void> {
    for (const left of await leftoversOf(this.#path, ['', '.dead'])) {
      const holder = parseHolder((await contentOf(left)) ?? '');
      const seen = holder && { seen: seeProcess(holder.pid), isHeldHere: true };
      if (seen && judgeHolder(holder, thisHolder(), seen) !== 'dead') continue;
      await rm(left, { force: true }).catch(() => undefined);
    }
  }

  #refusal(holder: Holder | undefined): SelfHealingError {
    const who = holder ? `another engine (process ${holder.pid}${placeOf(holder)})` : 'another engine';
    return new SelfHealingError('locked', `The lock ${this.#path} is held by ${who}: this one only observes`);
  }
}

/** Describes where the holder runs, if not here. */
function placeOf({ machine, pidns, bootId }: Holder): string {
  const me = thisHolder();
  if (bootId !== me.bootId && machine !== undefined && machine !== me.machine) return ' on another machine';
  return pidns !== undefined && pidns !== me.pidns ? ' in another pid namespace' : '';
}

async function contentOf(path: string): Promise<string | undefined> {
  const handle = await openRegular(path).catch(() => undefined);
  return handle && startOf(handle).finally(() => handle.close());
}

const startOf = async (handle: FileHandle): Promise<string> => (await readStart(handle, LARGEST)).toString();
