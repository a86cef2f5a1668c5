import type { DocumentNode, ValueNode } from '@humanwhocodes/momoa';
import { lazy } from '../../base/lazy.js';
import { nameOf, type Mistake, type Place } from './rule.js';

const momoa = lazy(() => import('@humanwhocodes/momoa'));

/** A line and a column, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A parsed JSON text, with the position of each value. */
export interface Source {
  readonly value: unknown;
  /** Keys that stand twice in one object: only one of them can be meant. */
  readonly twice: readonly Mistake[];
  readonly positionOf: (place: Place) => Position;
}

export interface SyntaxMistake extends Position {
  readonly sentence: string;
}

/**
 * Reads JSON with the position of every value; comments and trailing commas are allowed, for people write it.
 * By `@humanwhocodes/momoa`, the reader that ESLint has for JSON: `JSON.parse` tells no positions and hides
 * keys that stand twice.
 */
export async function readSource(text: string): Promise<Source | SyntaxMistake> {
  const { parse } = await momoa();
  let document: DocumentNode;
  try {
    document = parse(text, { mode: 'jsonc', allowTrailingCommas: true });
  } catch (error) {
    return syntaxMistake(error);
  }
  const positions = new Map<string, Position>();
  const twice: Mistake[] = [];
  const valueAt = (node: ValueNode, place: Place): unknown => {
    const key = JSON.stringify(place);
    if (!positions.has(key)) positions.set(key, node.loc.start);
    if (node.type === 'Array')
      return node.elements.map(({ value }, index) => valueAt(value, [...place, index]));
    if (node.type === 'Object') {
      const seen = new Set<string>();
      const entries = node.members.map(({ name, value }) => {
        const inner = [...place, name.type === 'String' ? name.value : name.name];
        const word = String(inner.at(-1));
        if (seen.has(word)) twice.push({ place: inner, sentence: `\`${nameOf(inner)}\` stands here twice` });
        seen.add(word);
        positions.set(JSON.stringify(inner), name.loc.start);
        return [word, valueAt(value, inner)] as const;
      });
      // Makes own properties, also of a key called `__proto__`.
      return Object.fromEntries(entries);
    }
    return 'value' in node ? node.value : null;
  };
  const value = valueAt(document.body, []);
  const positionOf = (place: Place): Position =>
    positions.get(JSON.stringify(place)) ??
    (place.length === 0 ? { line: 1, column: 1 } : positionOf(place.slice(0, -1)));
  return { value, twice, positionOf };
}

/** Tokens of momoa, by their characters. */
const SIGNS: Readonly<Record<string, string>> = {
  LBrace: '`{`',
  RBrace: '`}`',
  LBracket: '`[`',
  RBracket: '`]`',
  Comma: '`,`',
  Colon: '`:`',
};

function syntaxMistake(error: unknown): SyntaxMistake {
  const { message, line = 1, column = 1 } = error as Error & Partial<Position>;
  const sentence = message
    .replace(/\s*\(\d+:\d+\)\.?$/, '')
    .replace(/ found\.?$/, '')
    .replace(/token (\w+)/, (_, token: string) => SIGNS[token] ?? token.toLowerCase());
  return { line, column, sentence };
}
