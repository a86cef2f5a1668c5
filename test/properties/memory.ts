const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Proved repair, and what counts again if it relapses. */
export interface Fix {
  readonly at: number;
  readonly action: string;
  readonly check: string | undefined;
  readonly strikes: number;
  readonly probation: boolean;
  readonly gained: boolean;
}

/** Record of one component. */
export interface Memory {
  readonly backoff: ReadonlyMap<
    string,
    { readonly count: number; readonly since: number; readonly until: number }
  >;
  readonly strikes: number;
  readonly relapses: number;
  readonly fix: Fix | null;
  readonly openUntil: number | null;
  readonly openings: readonly number[];
  readonly humanSince: number | null;
  readonly healthySince: number | null;
  /** Last cycle in which it was ok. */
  readonly wellAt: number;
}

const FRESH: Memory = {
  ...{ backoff: new Map(), strikes: 0, relapses: 0, fix: null, openUntil: null },
  ...{ openings: [], humanSince: null, healthySince: null, wellAt: -1 },
};

/** Recorded repair. */
export interface Recorded {
  readonly component: string;
  readonly action: string;
  readonly at: number;
  readonly fixed: boolean;
  readonly check: string | undefined;
  readonly gained: boolean;
}

/** Second implementation of backoff, breaker, relapse and lasting health, from the default numbers. */
export class Memories {
  readonly seen: { openings: number; humans: number };
  #all = new Map<string, Memory>();
  #cautious = false;

  constructor(seen: Memories['seen']) {
    this.seen = seen;
  }

  of(component: string): Memory {
    return this.#all.get(component) ?? { ...FRESH, openUntil: this.#cautious ? -1 : null };
  }

  well(component: string, now: number): void {
    const memory = this.of(component);
    const { healthySince } = memory;
    if (healthySince === null) return this.#set(component, { healthySince: now, wellAt: now });
    if (now - healthySince >= DAY) this.#all.set(component, { ...FRESH, healthySince, wellAt: now });
    else if (now - healthySince >= 10 * MINUTE)
      this.#set(component, { backoff: new Map(), strikes: 0, relapses: 0, openUntil: null, wellAt: now });
    else this.#set(component, { wellAt: now });
  }

  ill(component: string): void {
    if (this.of(component).healthySince !== null) this.#set(component, { healthySince: null });
  }

  acted({ component, action, at, fixed, check, gained }: Recorded): void {
    const memory = this.of(component);
    const { strikes, openUntil } = memory;
    const probation = openUntil !== null && openUntil <= at;
    const fix = fixed ? { at, action, check, strikes, probation, gained } : null;
    // A cycle and the end of a repair may have the same time.
    const healthySince = memory.wellAt === at ? at : null;
    this.#set(component, { healthySince, fix, backoff: this.#longer(memory, action, at, fixed) });
    if (fixed) this.#set(component, { strikes: 0, openUntil: null });
    else this.#strike(component, strikes, at, probation);
  }

  /** Returns the function that reverts it. */
  refused(component: string, action: string, at: number): () => void {
    const { backoff } = this.of(component);
    this.#set(component, { backoff: this.#longer(this.of(component), action, at, false) });
    return () => this.#set(component, { backoff });
  }

  /** Returns whether an issue that opens now makes a repair relapse. */
  relapses(component: string, check: string | undefined, severity: number, now: number): boolean {
    const { fix } = this.of(component);
    return fix !== null && fix.check === check && severity >= 2 && now - fix.at <= 10 * MINUTE;
  }

  /** Counts the relapse. Returns the function that reverts it. */
  relapsed(component: string, now: number): () => void {
    const before = this.of(component);
    const { fix, relapses, backoff } = before;
    if (fix === null) return () => undefined;
    const entry = backoff.get(fix.action);
    const again = new Map(backoff);
    if (entry) {
      const wait = Math.min(10 * MINUTE, MINUTE * 2 ** (entry.count - 1));
      again.set(fix.action, { ...entry, until: Math.max(entry.until, entry.since + wait) });
    }
    this.#set(component, { fix: null, relapses: relapses + 1, backoff: again });
    const early = now - fix.at < Math.min(10 * MINUTE, MINUTE * 2 ** relapses);
    if (early && !fix.gained) this.#strike(component, fix.strikes, now, fix.probation);
    return () => this.#all.set(component, before);
  }

  reset(component: string): void {
    this.#all.set(component, FRESH);
  }

  /** A new engine has had no cycle yet. */
  restarted(): void {
    for (const component of this.#all.keys()) this.#set(component, { healthySince: null, wellAt: -1 });
  }

  /** Everything is lost, and caution applies. */
  lost(): void {
    this.#all.clear();
    this.#cautious = true;
  }

  #set(component: string, change: Partial<Memory>): void {
    this.#all.set(component, { ...this.of(component), ...change });
  }

  #longer({ backoff }: Memory, action: string, at: number, fixed: boolean): Memory['backoff'] {
    const count = backoff.get(action)?.count ?? 0;
    const steps = fixed ? count - 1 : count;
    const wait = steps < 0 ? 0 : Math.min(10 * MINUTE, MINUTE * 2 ** steps);
    return new Map([...backoff, [action, { count: count + 1, since: at, until: at + wait }]]);
  }

  #strike(component: string, before: number, at: number, probation: boolean): void {
    const strikes = before + 1;
    this.#set(component, { strikes });
    if (!probation && strikes % 3 !== 0) return;
    const memory = this.of(component);
    const openings = [...memory.openings.filter((one) => one > at - DAY), at];
    this.seen.openings += 1;
    this.#set(component, { openings, openUntil: at + HOUR });
    if (openings.length < 5) return;
    this.seen.humans += 1;
    this.#set(component, { humanSince: memory.humanSince ?? at });
  }
}
