const NEWLINE = 10;
const SPACE = 32;
const TAB = 9;
const POINT = 46;
const ZERO = 48;
const NINE = 57;

/** Number of digits of a 64-bit number. */
const MOST_DIGITS = 20;
const POWERS_OF_TEN = Array.from({ length: MOST_DIGITS + 1 }, (_, exponent) => Number(`1e${exponent}`));

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

  /**
   * Skips blanks and reads an unsigned integer. Returns −1 if there is none, or one of more than 20 digits. Above 2^53
   * the last digits are rounded.
   */
  integer(): number {
    const { bytes, end } = this;
    let at = this.position;
    while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
    const from = at;
    let value = 0;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte < ZERO || byte > NINE) break;
      value = value * 10 + (byte - ZERO);
    }
    this.position = at;
    return at === from || at - from > MOST_DIGITS ? -1 : value;
  }

  /** Reads a number such as `12.34` or `12`. Returns −1 if there is none. */
  decimal(): number {
    const whole = this.integer();
    if (whole < 0 || this.position >= this.end || this.bytes[this.position] !== POINT) return whole;
    const from = this.position + 1;
    const { bytes, end } = this;
    let at = from;
    let value = whole;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte < ZERO || byte > NINE) break;
      value = value * 10 + (byte - ZERO);
    }
    this.position = at;
    const places = at - from;
    // A single division of two exact numbers rounds like `Number('12.34')`.
    return places > MOST_DIGITS ? -1 : value / POWERS_OF_TEN[places]!;
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
