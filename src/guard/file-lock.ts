import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { SelfHealingError } from '../errors.js';
import { bootId } from '../host/boot-id.js';

/** Who holds a lock. A process id alone would be taken for its successor after a restart of the host. */
interface Holder {
  readonly pid: number;
  /** When that process began, by the kernel's count; empty where the platform does not tell. */
  readonly began: string;
  readonly bootId: string;
  readonly token: string;
}

/**
 * A lock in a file that a killed process cannot leave behind for ever: it says which process holds it, and whoever
 * finds that process gone may take it over. Node has no `flock`.
 */
export class FileLock {
  readonly #path: string;
  readonly #token = crypto.randomUUID();
  #held = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Takes the lock. Rejects with code `locked` when a living process holds it. */
  async take(): Promise<void> {
    if (this.#held) return this.check();
    for (let tries = 0; tries < 5; tries += 1) {
      const text = await readFile(this.#path, 'utf8').catch(() => undefined);
      const holder = text === undefined ? undefined : parse(text);
      if (holder?.token === this.#token) {
        this.#held = true;
        return;
      }
      if (holder && (await isAlive(holder))) throw this.#refusal(holder);
      if (text !== undefined) await this.#setAside(text);
      if (await this.#create()) return;
    }
    throw this.#refusal(undefined);
  }

  /** Makes sure, just before the state is written, that it is still held. */
  async check(): Promise<void> {
    const holder = parse(await readFile(this.#path, 'utf8').catch(() => ''));
    if (holder?.token === this.#token) return;
    this.#held = false;
    throw this.#refusal(holder);
  }

  /** Lets go; does nothing when it is not held. */
  async release(): Promise<void> {
    if (!this.#held) return;
    await this.check().then(
      () => rm(this.#path, { force: true }),
      () => undefined,
    );
    this.#held = false;
  }

  async #create(): Promise<boolean> {
    const began = await beganAt(process.pid);
    const holder: Holder = { pid: process.pid, began, bootId: bootId(), token: this.#token };
    // Linked into place whole: a reader never sees a lock that is half written.
    const draft = `${this.#path}.${this.#token}`;
    await writeFile(draft, JSON.stringify(holder), { mode: 0o600 });
    try {
      await link(draft, this.#path);
      this.#held = true;
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** Renaming takes exactly one lock away; when it was not the dead one after all, it is put back. */
  async #setAside(dead: string): Promise<void> {
    const aside = `${this.#path}.${this.#token}.dead`;
    await rename(this.#path, aside).catch(() => undefined);
    const taken = await readFile(aside, 'utf8').catch(() => dead);
    if (taken !== dead) await link(aside, this.#path).catch(() => undefined);
    await rm(aside, { force: true });
  }

  #refusal(holder: Holder | undefined): SelfHealingError {
    const who = holder ? `another engine (process ${holder.pid})` : 'another engine';
    return new SelfHealingError('locked', `The lock ${this.#path} is held by ${who}: this one only observes`);
  }
}

function parse(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    const whole = typeof holder?.pid === 'number' && typeof holder.token === 'string';
    return whole ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, began, bootId: boot }: Holder): Promise<boolean> {
  if (boot !== bootId()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return began === (await beganAt(pid));
}

/** Field 22 of `/proc/PID/stat`; the name in field 2 may hold anything, so it is counted from its last bracket. */
async function beganAt(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
