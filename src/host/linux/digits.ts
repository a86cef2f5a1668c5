export const NEWLINE = 10;
export const SPACE = 32;
export const TAB = 9;
const POINT = 46;
const ZERO = 48;
const NINE = 57;

/** Number of digits of a 64-bit number. */
const MOST_DIGITS = 20;
const POWERS_OF_TEN = Array.from({ length: MOST_DIGITS + 1 }, (_, exponent) => Number(`1e${exponent}`));

export const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE;

/** Reads numbers from bytes, one after the other, without allocating memory. */
export class Digits {
  bytes: Uint8Array = new Uint8Array(0);
  position = 0;
  end = 0;

  /** Starts at `position` in the first `length` of these bytes. */
  over(bytes: Uint8Array, length: number, position = 0): this {
    this.bytes = bytes;
    this.position = position;
    this.end = Math.min(length, bytes.length);
    return this;
  }

  /** Returns the byte at the position; −1 at the end. */
  peek(): number {
    return this.position < this.end ? this.bytes[this.position]! : -1;
  }

  /**
   * Skips blanks and reads an unsigned integer. Returns −1 if there is none, or one of more than 20 digits. Above 2^53
   * the last digits are rounded.
   */
  integer(): number {
    const { bytes, end } = this;
    let from = this.position;
    while (from < end && (bytes[from] === SPACE || bytes[from] === TAB)) from++;
    this.position = from;
    const value = this.#append(0);
    const places = this.position - from;
    return places === 0 || places > MOST_DIGITS ? -1 : value;
  }

  /** Reads a number such as `12.34` or `12`. Returns −1 if there is none. */
  decimal(): number {
    const whole = this.integer();
    if (whole < 0 || this.peek() !== POINT) return whole;
    const from = ++this.position;
    const value = this.#append(whole);
    const places = this.position - from;
    // A single division of two exact numbers rounds like `Number('12.34')`.
    return places > MOST_DIGITS ? -1 : value / POWERS_OF_TEN[places]!;
  }

  /** Reads the digits at the position, as further digits of `value`. */
  #append(value: number): number {
    const { bytes, end } = this;
    let at = this.position;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (!isDigit(byte)) break;
      value = value * 10 + (byte - ZERO);
    }
    this.position = at;
    return value;
  }

  /** Moves to the start of the next line. Returns `false` at the end of the bytes. */
  nextLine(): boolean {
    const { bytes, end } = this;
    let at = this.position;
    while (at < end && bytes[at] !== NEWLINE) at++;
    this.position = at + 1;
    return at + 1 < end;
  }

  /** Moves past `text` if it is at the position. Returns whether it was. */
  skip(text: Uint8Array): boolean {
    const { bytes, position } = this;
    if (position + text.length > this.end) return false;
    for (let i = 0; i < text.length; i++) if (bytes[position + i] !== text[i]) return false;
    this.position = position + text.length;
    return true;
  }
}

/** Returns the bytes of an ASCII word, for `skip`. */
export const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
