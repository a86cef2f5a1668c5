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

/** The longest content of a lock, in bytes. */
const LARGEST = 4_096;
/** Time between two heartbeats. */
const BEAT_MS = 10_000;
/** Digits of the heartbeat: its length never changes, so it is written in place. */
const BEAT_DIGITS = 12;

const HELD = Symbol.for('@luminous-nix/self-healing/held-locks');
/** Locks in use in this thread, by token, in whichever copy of this library. What was dropped without `release` is not in use. */
const heldLocks = ((globalThis as { [HELD]?: Map<string, WeakRef<object>> })[HELD] ??= new Map());

/**
 * A lock in a file that a killed process cannot leave behind for ever: it says which process holds it and has a
 * heartbeat. Whoever finds the process gone may take it over, and so may who has watched a holder elsewhere long
 * enough without a heartbeat. Node has no `flock`.
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

  /** Makes sure, just before the state is written, that it is still held. */
  async check(): Promise<void> {
    const holder = parseHolder((await this.#read()) ?? '');
    if (holder?.token === this.#token) return;
    this.#letGo();
    throw this.#refusal(holder);
  }

  /** Changes the content of the lock, which others watch. Does nothing to a lock of somebody else. */
  beat(): Promise<void> {
    return (this.#beating = this.#beating.then(() => this.#writeBeat()).catch(() => undefined));
  }

  /** Lets go; does nothing when it is not held. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    if (!this.#held) return;
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
    // Neither the process nor the lock lives for the timer's sake.
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
      // A file has one holder for as long as it exists, so what is ours now stays ours in this handle.
      if (parseHolder(await startOf(handle))?.token !== this.#token) return;
      this.#beats += 1;
      await handle.write(this.#text(), 0);
    } finally {
      await handle.close();
    }
  }

  /** The content of the lock; `undefined` where there is none. Follows no link, and waits for nothing. */
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
    // Read back: somebody may have taken us for the dead holder in the meantime.
    if (isCreated && parseHolder((await this.#read()) ?? '')?.token === this.#token) {
      this.#hold();
      return true;
    }
    heldLocks.delete(this.#token);
    return false;
  }

  /** Links a draft into place, whole: a reader never sees a lock that is half written. */
  async #link(): Promise<boolean> {
    const draft = `${this.#path}.${crypto.randomUUID()}`;
    try {
      await createFile(draft, this.#text(), { flush: false });
      await link(draft, this.#path);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Who takes the lock at this moment sweeps what lies beside it.
      if (code === 'EEXIST' || (code === 'ENOENT' && (await this.#read()) !== undefined)) return false;
      throw error;
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** Renaming takes exactly one lock away; when it was not the dead one after all, it is put back. */
  async #setAside(dead: string): Promise<void> {
    if ((await this.#read()) !== dead) return;
    const aside = `${this.#path}.${crypto.randomUUID()}.dead`;
    await rename(this.#path, aside).catch(() => undefined);
    if ((await contentOf(aside)) !== dead) await link(aside, this.#path).catch(() => undefined);
    await rm(aside, { force: true });
  }

  /** Removes what takers left that were killed meanwhile. */
  async #sweep(): Promise<void> {
    for (const left of await leftoversOf(this.#path, ['', '.dead'])) {
      const holder = parseHolder((await contentOf(left)) ?? '');
      if (!holder || !this.#isTaking(holder)) await rm(left, { force: true }).catch(() => undefined);
    }
  }

  #isTaking(holder: Holder): boolean {
    const seen = seeProcess(holder.pid);
    return judgeHolder(holder, thisHolder(), { seen, isHeldHere: true }) !== 'dead';
  }

  #refusal(holder: Holder | undefined): SelfHealingError {
    const who = holder ? `another engine (process ${holder.pid}${placeOf(holder)})` : 'another engine';
    return new SelfHealingError('locked', `The lock ${this.#path} is held by ${who}: this one only observes`);
  }
}

/** Where a process id is to be looked for, if not here. */
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
