import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { vi } from 'vitest';

const CALLS = ['link', 'lstat', 'mkdir', 'open', 'readdir', 'rename', 'rm'] as const;
const HANDLE_CALLS = ['close', 'read', 'stat', 'sync', 'write', 'writeFile'] as const;
const CHANGES = /^(link|rename|rm|sync|write|writeFile) /;

type Call = (...given: unknown[]) => Promise<unknown>;
interface Hook {
  readonly when: 'before' | 'after';
  readonly step: string;
  /** Number of the occurrence that it is for; 0 for all. */
  readonly nth: number;
  readonly act: () => unknown;
  seen: number;
}

/** The functions of the file system as they are, for what another process does during a test. */
export const real = { ...fs };

export const failing = (code: string): Promise<never> =>
  Promise.reject(Object.assign(new Error(`${code}: said the kernel`), { code }));

/**
 * Watches what is done in a folder: the steps are those of the real file system, such as `rename state.json.*.tmp
 * state.json`, with `*` for ids and times. Lets something happen just before or after a step; what throws there is the
 * result of the step. Ends with {@link endSteps}.
 */
export class Steps {
  readonly list: string[] = [];
  /** Number of steps that have begun and not ended. */
  running = 0;
  /** Largest number of steps at one time. */
  atOnce = 0;
  /** Number of open files. */
  open = 0;
  readonly #hooks: Hook[] = [];
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    for (const name of CALLS) {
      const call = real[name] as unknown as Call;
      vi.spyOn(fs as unknown as Record<string, Call>, name).mockImplementation(async (...given) => {
        if (!String(given[0]).startsWith(folder)) return call(...given);
        const paths = name === 'link' || name === 'rename' ? given.slice(0, 2) : given.slice(0, 1);
        const step = [name, ...paths.map((path) => this.#shown(String(path)))].join(' ');
        const result = await this.#run(step, () => call(...given));
        return name === 'open' ? this.#watched(result as FileHandle, String(given[0])) : result;
      });
    }
    syncBuiltinESMExports();
  }

  /** Steps that change something on the disk. */
  get changes(): string[] {
    return this.list.filter((step) => CHANGES.test(step));
  }

  before(step: string, act: () => unknown, nth = 1): void {
    this.#hooks.push({ when: 'before', step, act, nth, seen: 0 });
  }

  after(step: string, act: () => unknown, nth = 1): void {
    this.#hooks.push({ when: 'after', step, act, nth, seen: 0 });
  }

  async #run(step: string, act: () => Promise<unknown>): Promise<unknown> {
    for (const hook of this.#due('before', step)) await hook();
    this.list.push(step);
    this.running += 1;
    this.atOnce = Math.max(this.atOnce, this.running);
    const result = await act().finally(() => (this.running -= 1));
    for (const hook of this.#due('after', step)) await hook();
    return result;
  }

  #due(when: Hook['when'], step: string): (() => unknown)[] {
    const hooks = this.#hooks.filter((hook) => hook.when === when && hook.step === step);
    for (const hook of hooks) hook.seen += 1;
    return hooks.filter(({ nth, seen }) => nth === 0 || nth === seen).map(({ act }) => act);
  }

  #watched(handle: FileHandle, path: string): FileHandle {
    this.open += 1;
    for (const name of HANDLE_CALLS) {
      const call = (handle[name] as unknown as Call).bind(handle);
      const watched: Call = async (...given) => {
        const result = await this.#run(`${name} ${this.#shown(path)}`, () => call(...given));
        if (name === 'close') this.open -= 1;
        return result;
      };
      Object.assign(handle, { [name]: watched });
    }
    return handle;
  }

  #shown(path: string): string {
    if (path === this.#folder) return '.';
    return basename(path)
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, '*')
      .replace(/unreadable-\d+$/, 'unreadable-*');
  }
}

export function endSteps(): void {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
}
