import type { ComponentVerdict } from '../model/issue.js';

/** Collects verdicts into a frozen list: the previous list itself while every verdict is the same. */
export class VerdictList {
  #before: readonly ComponentVerdict[] = Object.freeze([]);
  /** Created at the first difference. */
  #next: ComponentVerdict[] | undefined;
  #length = 0;

  /** Verdict that the previous list has at the next place. */
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
    return this.#before;
  }
}
