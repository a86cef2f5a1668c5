/** Control characters, line and paragraph separators, lone surrogates. */
const CONTROLS = String.raw`\p{Cc}\p{Zl}\p{Zp}\p{Cs}`;
/** Invisible characters, including bidirectional controls; joiners and variation selectors are allowed. */
const INVISIBLE = String.raw`(?!\u200c|\u200d|[\ufe00-\ufe0f])[\p{Cf}\p{Default_Ignorable_Code_Point}]`;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const escaped = (character: string): string =>
  SHORT[character] ??
  character.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Printable ASCII, for which the large expression need not be compiled. */
const PLAIN = /^[ -~]*$/;
let odd: RegExp | undefined;

/**
 * Returns a text as one line that is safe to show in a terminal, journal, page or label. Control characters (C0, C1,
 * U+2028, U+2029), lone surrogates and invisible characters (bidirectional controls included) become visible escapes:
 * `\n`, `\u001b`, `\u202e`. Idempotent.
 *
 * Called wherever text leaves the program, because names of units, mounts and checks, journal lines and pause reasons
 * are untrusted.
 */
export const printable = (text: string): string =>
  PLAIN.test(text) ? text : text.replace((odd ??= new RegExp(`[${CONTROLS}]|${INVISIBLE}`, 'gu')), escaped);

/** Makes each line of a text printable. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** Returns JSON whose strings are printable; parsing it gives the original characters. */
export const printableJson = (value: unknown, indent?: number): string =>
  // Newlines inside strings are escaped by JSON.stringify; the others are layout.
  printableLines(JSON.stringify(value, undefined, indent));

/** Makes every string and key of plain data printable. A string under the key `text` keeps its newlines. */
export function printableData<T>(value: T): T {
  return made(value) as T;

  function made(given: unknown, key = ''): unknown {
    if (typeof given === 'string') return key === 'text' ? printableLines(given) : printable(given);
    if (Array.isArray(given)) return given.map((item) => made(item));
    if (typeof given !== 'object' || given === null || given instanceof Date) return given;
    return Object.fromEntries(
      Object.entries(given).map(([name, item]) => [printable(name), made(item, name)]),
    );
  }
}
