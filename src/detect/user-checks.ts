import { realClock } from '../base/clock.js';
import { SNAPSHOT_PARTS, type Snapshot, type SnapshotPart } from '../model/snapshot.js';
import type { ComponentVerdict } from '../model/issue.js';
import { isPending } from '../base/pending.js';
import { DEFAULT_CHECK_TIMEOUT_MS, expectCheck, type Check } from './check.js';
import type { InspectRequest } from './detector-port.js';
import { CheckRunner } from './user-check.js';
import { Due } from './due.js';

/** Checks of one look that may be waited for at once before the others start one after the other. */
const AT_ONCE = 10;
/** Time between two starts after that, in milliseconds: 1,000 checks start within 5 s. */
const APART_MS = 5;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Returns the longest time in which a look starts so many checks, in milliseconds. */
export const longestStartMs = (checks: number): number => Math.max(0, checks - AT_ONCE) * APART_MS;

/**
 * Returns the share of its interval after which a check runs for the second time, over 0 up to 1. The first of all has
 * the whole of it. However many there are, their shares lie evenly: each is a golden section further than the one before.
 */
export const shareOfFirstInterval = (index: number): number => 1 - ((index * GOLDEN) % 1);

type Started = ComponentVerdict | Promise<ComponentVerdict>;

const allOf = async (all: readonly Started[]): Promise<readonly ComponentVerdict[]> =>
  Promise.all(all.map(async (one) => one));

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

  /** Longest time that a look at all checks may take, in milliseconds: the longest limit of one, after all have started. */
  get longestMs(): number {
    return this.#longestMs + longestStartMs(this.#runners.size);
  }

  get names(): readonly string[] {
    return [...this.#runners.keys()];
  }

  /** Adds a check and returns its name. Throws when the check is invalid or one of the names is taken. */
  add(check: Check, taken: readonly string[]): string {
    const added = expectCheck(check, [...taken, ...this.names]);
    this.#runners.set(added.name, new CheckRunner(added));
    this.#longestMs = Math.max(this.#longestMs, added.timeoutMs ?? DEFAULT_CHECK_TIMEOUT_MS);
    if (added.every !== undefined)
      this.#dues.set(added.name, new Due(added.every, shareOfFirstInterval(this.#dues.size)));
    return added.name;
  }

  /** Returns the runner of a check. */
  runner(name: string): CheckRunner | undefined {
    return this.#runners.get(name);
  }

  /** Returns the names of the checks of a component. */
  namesFor(component: string): readonly string[] {
    return this.names.filter((name) => this.#runners.get(name)?.check.component === component);
  }

  /** Returns the parts of the snapshot that a check reads; none for an unknown name. */
  partsOf(name: string): readonly SnapshotPart[] {
    const runner = this.#runners.get(name);
    return runner ? (runner.check.parts ?? SNAPSHOT_PARTS) : [];
  }

  /** Returns the last verdict of a check that is not due; `undefined` if it has to run. */
  known(name: string): ComponentVerdict | undefined {
    return this.#dues.get(name)?.lastAt(this.#monotonic());
  }

  /**
   * Runs the named checks, synchronously where each of them is. Of many asynchronous ones the first start at once and the
   * others one after the other: all together would keep this program, and the servers they ask, too busy to answer.
   */
  run(
    names: readonly string[],
    snapshot: Snapshot,
    request: InspectRequest,
  ): readonly ComponentVerdict[] | Promise<readonly ComponentVerdict[]> {
    const runners = names.flatMap((name) => {
      const runner = this.#runners.get(name);
      return runner === undefined || request.skip?.(runner.check.component) ? [] : [runner];
    });
    const verdicts: Started[] = [];
    let underWay = 0;
    for (const [index, runner] of runners.entries()) {
      if (underWay >= AT_ONCE) return this.#runSpread(verdicts, runners.slice(index), snapshot, request);
      const verdict = this.#runOne(runner, snapshot, request);
      if (isPending(verdict)) underWay += 1;
      verdicts.push(verdict);
    }
    return underWay > 0 ? allOf(verdicts) : (verdicts as readonly ComponentVerdict[]);
  }

  async #runSpread(
    started: readonly Started[],
    others: readonly CheckRunner[],
    snapshot: Snapshot,
    request: InspectRequest,
  ): Promise<readonly ComponentVerdict[]> {
    const verdicts = [...started];
    let wait = true;
    for (const runner of others) {
      // A check that is aborted while it starts reports that itself.
      if (wait) await realClock.sleep(APART_MS, request.signal).catch(() => undefined);
      const verdict = this.#runOne(runner, snapshot, request);
      // A synchronous check needs no pause after it.
      wait = isPending(verdict);
      verdicts.push(verdict);
    }
    return allOf(verdicts);
  }

  #runOne(
    runner: CheckRunner,
    snapshot: Snapshot,
    { component, fresh, recent, signal }: InspectRequest,
  ): Started {
    const due = this.#dues.get(runner.check.name);
    if (due === undefined) return runner.run(snapshot, signal, fresh);
    const now = this.#monotonic();
    const last = recent && component === undefined ? due.lastAt(now) : undefined;
    return last ?? due.keep(runner.run(snapshot, signal, fresh), now);
  }
}
