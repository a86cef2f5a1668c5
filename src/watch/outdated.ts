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
    const look = (this.#order += 1);
    this.#underWay.add(look);
    let outdated: ReadonlySet<string>;
    let verdicts: readonly ComponentVerdict[];
    try {
      verdicts = await looked;
    } finally {
      outdated = this.#end(look);
    }
    if (outdated.size === 0) return { verdicts, isOutdated: () => false };
    const isOutdated = (component: string): boolean => outdated.has(component);
    const reason = 'it was read again or repaired while this look was under way';
    const current = verdicts.map((verdict) =>
      isOutdated(verdict.component) ? { ...verdict, status: 'unknown' as const, reason } : verdict,
    );
    return { verdicts: current, isOutdated };
  }

  /** Ends a look. Returns the components that are outdated for it. */
  #end(look: number): ReadonlySet<string> {
    this.#underWay.delete(look);
    const outdated = [...this.#changed].filter(([, at]) => at > look).map(([component]) => component);
    const oldest = Math.min(...this.#underWay);
    for (const [component, at] of this.#changed) if (at < oldest) this.#changed.delete(component);
    return new Set(outdated);
  }
}
