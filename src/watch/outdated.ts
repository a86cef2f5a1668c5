import type { Looked } from '../detect/detector.js';
import type { ComponentVerdict } from '../model/issue.js';

/**
 * Keeps the components that were read again or repaired during a look: its verdicts on them are outdated. Costs nothing
 * while looks are synchronous.
 */
export class Outdated {
  readonly #underWay = new Set<number>();
  readonly #changed = new Map<string, number>();
  #order = 0;

  /** Begins a look. Returns its number. */
  begin(): number {
    this.#order += 1;
    this.#underWay.add(this.#order);
    return this.#order;
  }

  /** Marks a component as read again or repaired. */
  changed(component: string): void {
    if (this.#underWay.size === 0) return;
    this.#order += 1;
    this.#changed.set(component, this.#order);
  }

  /** Waits for a look. Its verdicts on outdated components must clear nothing. */
  async whenDone(looked: Looked): Promise<{
    readonly verdicts: readonly ComponentVerdict[];
    readonly isOutdated: (component: string) => boolean;
  }> {
    const look = this.begin();
    let isOutdated: ((component: string) => boolean) | undefined;
    let verdicts: readonly ComponentVerdict[];
    try {
      verdicts = await looked;
    } finally {
      isOutdated = this.end(look);
    }
    if (isOutdated === undefined) return { verdicts, isOutdated: () => false };
    const outdated = isOutdated;
    const reason = 'it was read again or repaired while this look was under way';
    const current = verdicts.map((verdict) =>
      outdated(verdict.component) ? { ...verdict, status: 'unknown' as const, reason } : verdict,
    );
    return { verdicts: current, isOutdated: outdated };
  }

  /** Ends a look. Returns a function that tells whether a component is outdated; `undefined` where none is. */
  end(look: number): ((component: string) => boolean) | undefined {
    this.#underWay.delete(look);
    if (this.#changed.size === 0) return undefined;
    const since = new Set([...this.#changed].filter(([, at]) => at > look).map(([component]) => component));
    const oldest = Math.min(...this.#underWay);
    for (const [component, at] of this.#changed) if (at < oldest) this.#changed.delete(component);
    return since.size === 0 ? undefined : (component) => since.has(component);
  }
}
