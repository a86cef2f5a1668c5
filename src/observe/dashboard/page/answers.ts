import type { Answer } from './sections/frame.js';

/** Time that an answer stays on the page, in milliseconds. */
const SHOWN_MS = 20_000;

/** Answers to presses on buttons, by the place of the button. */
export class Answers {
  readonly #answers = new Map<string, Answer & { readonly at: number }>();

  /** Shows an answer at a place: a section, a space and the key of an item. */
  set(place: string, answer: Answer): void {
    this.#answers.set(place, { ...answer, at: performance.now() });
  }

  /** Returns the answers of a section that are still shown, by the key of the item. */
  of(section: string): ReadonlyMap<string, Answer> {
    const found = new Map<string, Answer>();
    for (const [place, answer] of this.#answers) {
      if (performance.now() - answer.at > SHOWN_MS) this.#answers.delete(place);
      else if (place.startsWith(`${section} `)) found.set(place.slice(section.length + 1), answer);
    }
    return found;
  }
}
