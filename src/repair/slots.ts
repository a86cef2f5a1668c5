import { conflicts, type Claim } from '../gates/claims.js';

/** Largest number of concurrent actions of one scope. */
export const MAX_CONCURRENT = 4;

/** An action that runs, or waits for a slot. */
export interface SlotOwner {
  readonly component: string;
  readonly action: string;
}

/** Repair that another one waits for. */
export interface Blocker extends SlotOwner {
  /** Start time; `undefined` while it waits itself. */
  readonly since?: number | undefined;
}

interface Slot extends SlotOwner {
  readonly claim: Claim;
  /** Start time; `undefined` while it waits. */
  since?: number;
}

/** Runs actions concurrently as far as their claims allow; the others wait in a queue. */
export class Slots {
  readonly #now: () => number;
  readonly #running = new Set<Slot>();
  /** In the order of arrival, each with the function that lets it begin. */
  readonly #waiting = new Map<Slot, () => void>();
  #idle: (() => void)[] = [];
  readonly #needs = new Map<string, readonly SlotOwner[]>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Runs `work` when its claim is free, with `true` when it had to wait. */
  async take<T>(claim: Claim, owner: SlotOwner, work: (waited: boolean) => Promise<T>): Promise<T> {
    const slot: Slot = { ...owner, claim };
    const waited = !this.#isFree(claim, [...this.#waiting.keys()]);
    if (waited) await new Promise<void>((begin) => this.#waiting.set(slot, begin));
    else this.#begin(slot);
    try {
      return await work(waited);
    } finally {
      this.#running.delete(slot);
      this.#next();
    }
  }

  /** Waits until the repairs of what a component needs have ended. */
  async waitForNeeded(
    component: string,
    needed: readonly SlotOwner[],
    ended: Promise<unknown>,
  ): Promise<void> {
    if (needed.length === 0) return;
    this.#needs.set(component, needed);
    try {
      await ended;
    } finally {
      this.#needs.delete(component);
    }
  }

  /** Returns the repair that the one of a component waits for; `undefined` when it does not wait. */
  waitsFor(component: string): Blocker | undefined {
    const needed = this.#needs.get(component);
    if (needed) {
      const runs = [...this.#running].find((slot) => needed.some((one) => one.component === slot.component));
      return runs ?? needed[0];
    }
    const waits = [...this.#waiting.keys()];
    const index = waits.findIndex((slot) => slot.component === component);
    const waiting = waits[index];
    if (waiting === undefined) return undefined;
    const before = [...this.#running, ...waits.slice(0, index)];
    return before.find(({ claim }) => conflicts(claim, waiting.claim)) ?? before[0];
  }

  /** Resolves when nothing runs and nothing waits. */
  async idle(): Promise<void> {
    while (this.#running.size + this.#waiting.size > 0)
      await new Promise<void>((resolve) => (this.#idle = [...this.#idle, resolve]));
  }

  #begin(slot: Slot): void {
    slot.since = this.#now();
    this.#running.add(slot);
  }

  #next(): void {
    const still: Slot[] = [];
    for (const [slot, begin] of this.#waiting) {
      if (this.#isFree(slot.claim, still)) {
        this.#waiting.delete(slot);
        this.#begin(slot);
        begin();
      } else still.push(slot);
    }
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Returns whether a claim conflicts with nothing that runs or waits before it, so that nothing is overtaken. */
  #isFree(claim: Claim, before: readonly Slot[]): boolean {
    const running = [...this.#running];
    const beside = running.filter(({ claim: { scope } }) => scope === claim.scope);
    const blocked = [...running, ...before].some((slot) => conflicts(slot.claim, claim));
    return !blocked && beside.length < MAX_CONCURRENT;
  }
}
