/**
 * Knows which components were read again or repaired while a look was under way: what that look says of them is older
 * than what is known. Costs nothing while looks answer at once.
 */
export class Outdated {
  readonly #underWay = new Set<number>();
  readonly #changed = new Map<string, number>();
  #order = 0;

  /** Begins a look. Returns its place in the order of things. */
  begin(): number {
    this.#order += 1;
    this.#underWay.add(this.#order);
    return this.#order;
  }

  /** A component was read again, or its repair has ended. */
  changed(component: string): void {
    if (this.#underWay.size === 0) return;
    this.#order += 1;
    this.#changed.set(component, this.#order);
  }

  /** Ends a look. Returns whether what it says of a component is outdated; `undefined` where nothing is. */
  end(look: number): ((component: string) => boolean) | undefined {
    this.#underWay.delete(look);
    if (this.#changed.size === 0) return undefined;
    const since = new Set([...this.#changed].filter(([, at]) => at > look).map(([component]) => component));
    const oldest = Math.min(...this.#underWay);
    for (const [component, at] of this.#changed) if (at < oldest) this.#changed.delete(component);
    return since.size === 0 ? undefined : (component) => since.has(component);
  }
}
