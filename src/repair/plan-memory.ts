import type { Clock } from '../base/clock.js';
import type { Issue } from '../model/issue.js';
import type { HealingAction } from '../model/plan.js';
import type { Planned } from './judge.js';

/** Age in milliseconds up to which a plan is used again. */
const REUSED_MS = 5_000;

/**
 * Keeps plans of a monitor that led to no repair. While an issue stays the same, its next cycles judge the same plan
 * again, because a new one reads the host. A plan is never carried out from here.
 */
export class PlanMemory {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #kept = new Map<
    string,
    { readonly component: string; readonly planned: Planned; readonly at: number }
  >();
  /** Digests of the plans that were announced last, by component and check. */
  readonly #announced = new Map<string, Map<string | undefined, string>>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Returns the plan of an action for an issue, if it is young. */
  find(issue: Issue, action: HealingAction): Planned | undefined {
    const kept = this.#kept.get(keyOf(issue, action));
    return kept && this.#isYoung(kept.at) ? kept.planned : undefined;
  }

  keep(issue: Issue, action: HealingAction, planned: Planned): void {
    for (const [key, { at }] of this.#kept) if (!this.#isYoung(at)) this.#kept.delete(key);
    const { component } = issue;
    this.#kept.set(keyOf(issue, action), { component, planned, at: this.#clock.monotonic() });
  }

  /** Returns whether a plan of a dry run differs from the one that was announced last for this issue. */
  isNew({ component, check }: Issue, digest: string): boolean {
    const announced = this.#announced.get(component) ?? new Map<string | undefined, string>();
    const isNew = announced.get(check) !== digest;
    this.#announced.set(component, announced.set(check, digest));
    return isNew;
  }

  /** Forgets a component whose issue has ended. */
  forget(component: string): void {
    this.#announced.delete(component);
    for (const [key, kept] of this.#kept) if (kept.component === component) this.#kept.delete(key);
  }

  #isYoung(at: number): boolean {
    return this.#clock.monotonic() - at < REUSED_MS;
  }
}

const keyOf = ({ component, check, severity }: Issue, action: HealingAction): string =>
  JSON.stringify([component, check, severity, action.action, action.parameters]);
