import type { ComponentVerdict } from '../model/issue.js';

/** Collects verdicts into a frozen list, which is the one before while every verdict is. */
export class VerdictList {
  #before: readonly ComponentVerdict[] = Object.freeze([]);
  /** Made at the first difference: mostly there is none. */
  #next: ComponentVerdict[] | undefined;
  #length = 0;

  /** What stood last time in the place of the verdict to come. */
  get last(): ComponentVerdict | undefined {
    return this.#before[this.#length];
  }

  begin(): void {
    this.#next = undefined;
    this.#length = 0;
  }

  add(verdict: ComponentVerdict): void {
    if (this.#next === undefined && this.last !== verdict) this.#next = this.#before.slice(0, this.#length);
    this.#next?.push(verdict);
    this.#length += 1;
  }

  end(): readonly ComponentVerdict[] {
    if (this.#next === undefined && this.#length < this.#before.length)
      this.#next = this.#before.slice(0, this.#length);
    if (this.#next !== undefined) this.#before = Object.freeze(this.#next);
    this.#next = undefined;
    return this.#before;
  }
}
