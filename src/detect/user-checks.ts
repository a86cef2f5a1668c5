import { realClock } from '../base/clock.js';
import { SNAPSHOT_PARTS, type Snapshot, type SnapshotPart } from '../model/snapshot.js';
import type { ComponentVerdict } from '../model/issue.js';
import { isPending } from '../base/pending.js';
import { DEFAULT_CHECK_TIMEOUT_MS, expectCheck, type Check } from './check.js';
import { CheckRunner } from './user-check.js';
import { Due } from './due.js';

/** Options for one run of the checks of the host program. */
export interface UserCheckRun {
  /** Component to read. Default: all. */
  readonly component?: string | undefined;
  readonly fresh?: boolean | undefined;
  readonly recent?: boolean | undefined;
  readonly skip?: ((component: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const NO_VERDICTS: readonly ComponentVerdict[] = Object.freeze([]);

/** Checks of the host program, by name. */
export class UserChecks {
  readonly #runners = new Map<string, CheckRunner>();
  readonly #dues = new Map<string, Due>();
  readonly #monotonic: () => number;
  #longestMs = 0;

  /** @param monotonic Returns the steady time, in milliseconds. Default: that of this machine. */
  constructor(monotonic: () => number = () => realClock.monotonic()) {
    this.#monotonic = monotonic;
  }

  /** Longest time limit of a check, in milliseconds. */
  get longestMs(): number {
    return this.#longestMs;
  }

  get names(): readonly string[] {
    return [...this.#runners.keys()];
  }

  /** Adds a check and returns its name. Throws when the check is invalid or one of the names is taken. */
  add(check: Check, taken: readonly string[]): string {
    const added = expectCheck(check, [...taken, ...this.names]);
    this.#runners.set(added.name, new CheckRunner(added));
    this.#longestMs = Math.max(this.#longestMs, added.timeoutMs ?? DEFAULT_CHECK_TIMEOUT_MS);
    if (added.every !== undefined) this.#dues.set(added.name, new Due(added.every));
    return added.name;
  }

  /** Returns the runner of a check. */
  runner(name: string): CheckRunner | undefined {
    return this.#runners.get(name);
  }

  /** Returns the names of the checks of a component. */
  namesFor(component: string): readonly string[] {
    if (this.#runners.size === 0) return [];
    return this.names.filter((name) => this.#runners.get(name)?.check.component === component);
  }

  /** Returns the parts of the snapshot that a check reads; none for an unknown name. */
  partsOf(name: string): readonly SnapshotPart[] {
    const runner = this.#runners.get(name);
    return runner ? (runner.check.parts ?? SNAPSHOT_PARTS) : [];
  }

  /** Runs the named checks, synchronously where each of them is. */
  run(
    names: readonly string[],
    snapshot: Snapshot,
    { component, fresh, recent, skip, signal }: UserCheckRun,
  ): readonly ComponentVerdict[] | Promise<readonly ComponentVerdict[]> {
    if (this.#runners.size === 0) return NO_VERDICTS;
    const whileBusy = fresh ? 'rerun' : component === undefined ? 'skip' : 'share';
    const verdicts = names.flatMap((name) => {
      const runner = this.#runners.get(name);
      if (runner === undefined || skip?.(runner.check.component)) return [];
      const due = this.#dues.get(name);
      if (due === undefined) return runner.run(snapshot, signal, whileBusy);
      const now = this.#monotonic();
      const last = recent && component === undefined ? due.lastAt(now) : undefined;
      return last ?? due.keep(runner.run(snapshot, signal, whileBusy), now);
    });
    return verdicts.some(isPending)
      ? Promise.all(verdicts.map(async (verdict) => verdict))
      : (verdicts as readonly ComponentVerdict[]);
  }
}
