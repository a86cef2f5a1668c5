/** Nesting limit. */
const DEEPEST = 8;
/** Matches a string, and the colon after it if it is a key. In valid JSON a quote outside a string begins one. */
const STRINGS = /"(?:[^"\\]|\\.)*"(\s*:)?/g;

/**
 * Parses unambiguous JSON. Beyond what `JSON.parse` refuses, it refuses invalid UTF-8, duplicate keys, and nesting deeper
 * than 8. Throws an `Error` whose message is half a sentence.
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error('it is not UTF-8');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('it is not JSON');
  }
  let keys = 0;
  for (const [, colon] of text.matchAll(STRINGS)) if (colon !== undefined) keys += 1;
  if (keys !== countKeys(value, DEEPEST)) throw new Error('a key comes twice');
  return value;
}

function countKeys(value: unknown, deepest: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (deepest === 0) throw new Error(`it nests deeper than ${DEEPEST}`);
  const inside = Object.values(value).reduce<number>((sum, entry) => sum + countKeys(entry, deepest - 1), 0);
  return inside + (Array.isArray(value) ? 0 : Object.keys(value).length);
}
