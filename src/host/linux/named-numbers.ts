import { ascii, NEWLINE, SPACE, TAB, type Digits } from './digits.js';

const COLON = 58;
const NOWHERE = -1;

interface Wanted {
  readonly name: Uint8Array;
  readonly slot: number;
}

/**
 * Reads numbers by name from lines such as `MemTotal:  123 kB` or `inactive_file 123`. Remembers the position of each
 * line, because it rarely changes from one text to the next.
 */
export class NamedNumbers {
  /** Numbers in the order of the names; −1 for a missing one. Overwritten by each `parse`. */
  readonly values: Float64Array;
  #wanted: readonly Wanted[];
  #byFirstByte = new Array<readonly Wanted[] | undefined>(256).fill(undefined);
  #lineOf: Int32Array;
  #column: number;

  /** Column 1 is the first number after the name. */
  constructor(names: readonly string[], column = 1) {
    this.values = new Float64Array(names.length);
    this.#lineOf = new Int32Array(names.length).fill(NOWHERE);
    this.#column = column;
    this.#wanted = names.map((text, slot) => ({ name: ascii(text), slot }));
    for (const wanted of this.#wanted) {
      const first = wanted.name[0]!;
      this.#byFirstByte[first] = [...(this.#byFirstByte[first] ?? []), wanted];
    }
  }

  /** Parses at least the first `needed` names; each starts at most one line of the text. */
  parse(text: Digits, needed = this.values.length): Float64Array {
    if (!this.#parseAsBefore(text, needed)) this.#search(text);
    return this.values;
  }

  /** Reads the lines at their last positions. Returns `false` if one of them has moved. */
  #parseAsBefore(text: Digits, needed: number): boolean {
    for (let slot = 0; slot < needed; slot++) {
      const wanted = this.#wanted[slot]!;
      const line = this.#lineOf[wanted.slot]!;
      if (line === NOWHERE || line >= text.end) return false;
      if (line > 0 && text.bytes[line - 1] !== NEWLINE) return false;
      text.position = line;
      if (!this.#take(wanted, text)) return false;
    }
    return true;
  }

  /** Searches all lines until every name is found. */
  #search(text: Digits): void {
    this.values.fill(-1);
    this.#lineOf.fill(NOWHERE);
    text.position = 0;
    let missing = this.values.length;
    if (text.end === 0) return;
    do {
      const line = text.position;
      const candidates = this.#byFirstByte[text.bytes[line]!];
      if (candidates === undefined) continue;
      for (const wanted of candidates) {
        if (this.values[wanted.slot]! >= 0 || !this.#take(wanted, text)) continue;
        this.#lineOf[wanted.slot] = line;
        if (--missing === 0) return;
        break;
      }
    } while (text.nextLine());
  }

  /** Reads this name and its number at the position. Returns `false`, and does not move, if they are not there. */
  #take({ name, slot }: Wanted, text: Digits): boolean {
    const line = text.position;
    if (text.skip(name)) {
      const after = text.peek();
      if (after === COLON) text.position++;
      let value = after === COLON || after === SPACE || after === TAB ? text.integer() : -1;
      for (let column = 1; column < this.#column && value >= 0; column++) value = text.integer();
      this.values[slot] = value;
      if (value >= 0) return true;
    }
    text.position = line;
    return false;
  }
}
