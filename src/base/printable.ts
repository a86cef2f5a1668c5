/** Control characters, line and paragraph separators, halves of characters. */
const CONTROLS = String.raw`\p{Cc}\p{Zl}\p{Zp}\p{Cs}`;
/** Invisible characters, those that reverse the direction of a text among them. Joiners and variants are part of words. */
const INVISIBLE = String.raw`(?!\u200c|\u200d|[\ufe00-\ufe0f])[\p{Cf}\p{Default_Ignorable_Code_Point}]`;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const escaped = (character: string): string =>
  SHORT[character] ??
  Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');

/** Whether a text has only printable ASCII: then nothing has to be compiled to look at it. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

let odd: RegExp | undefined;

/**
 * Returns a text as one line that is safe wherever it is shown: in a terminal, a journal, a page, a label. Control
 * characters (C0, C1, U+2028, U+2029), halves of characters and invisible characters (bidirectional controls among
 * them) become visible escapes: `\n`, `\u001b`, `\u202e`. Idempotent.
 *
 * Every exit of a text calls it, so that no source has to: names of units, mount points and checks, lines of journals
 * and reasons for a pause are chosen by others.
 */
export const printable = (text: string): string =>
  isPlain(text) ? text : text.replace((odd ??= new RegExp(`[${CONTROLS}]|${INVISIBLE}`, 'gu')), escaped);

/** Returns a text of several lines, each of them printable. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** Returns JSON whose strings are printable. It means the same: whoever parses it gets the characters back. */
export const printableJson = (value: unknown, indent?: number): string =>
  // A newline outside of strings is layout; inside of them JSON.stringify has escaped it.
  printableLines(JSON.stringify(value, undefined, indent));

/**
 * Returns plain data in which every string and every key is printable, for a renderer that joins lines itself. A
 * string under the key `text` keeps its newlines: it was made of lines that are printable.
 */
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
