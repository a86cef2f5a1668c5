import type { UnitReading } from '../model/unit.js';

/** A listed unit, or pattern of units. */
export interface WatchedUnit {
  /** With its suffix: `nginx.service`, `worker@*.service`. */
  readonly unit: string;
  /**
   * Start it whenever it is down, unless a person is known to have stopped it; also if the journal cannot be read, if it
   * is disabled, or if a socket would start it. Default `false`.
   */
  readonly keepRunning?: boolean;
  /** Allows its restart when memory runs out. Default `false`. */
  readonly restartForMemory?: boolean;
}

/** Listed units, by full name or pattern. */
export type WatchedUnits = ReadonlyMap<string, WatchedUnit>;

/** Names by which a unit can be listed. */
export type Named = Pick<UnitReading, 'id' | 'names'> & { readonly memberOf?: readonly string[] };

/** Returns whether a name of the `services` option is a pattern. */
export const isPattern = (name: string): boolean => /[*?[]/.test(name);

/** Returns the listed full names. */
export const listedNames = (watched: WatchedUnits): readonly string[] =>
  [...watched.keys()].filter((name) => !isPattern(name));

/** Returns the listed patterns. */
export const listedPatterns = (watched: WatchedUnits): readonly string[] =>
  [...watched.keys()].filter(isPattern);

/** Returns whether a name matches a pattern, as in systemctl. A pattern never matches a target. */
export function matchesPattern(name: string, pattern: string): boolean {
  return !name.endsWith('.target') && expressionOf(pattern).test(name);
}

/**
 * Returns the entry of a unit: by any of its names, by a pattern, or through the unit that it is a member of. Several
 * entries are merged. `undefined` if it is not listed.
 */
export function watchedAs(
  { id, names, memberOf = [] }: Named,
  watched: WatchedUnits,
): WatchedUnit | undefined {
  const own = [...new Set([id, ...names])];
  const found = [...own, ...memberOf].flatMap((name) => watched.get(name) ?? []);
  for (const [pattern, entry] of watched) {
    if (isPattern(pattern) && own.some((name) => matchesPattern(name, pattern))) found.push(entry);
  }
  return found.length === 0 ? undefined : found.reduce(withBothWishes);
}

/** Merges two entries for one unit. */
export const withBothWishes = (one: WatchedUnit, other: WatchedUnit): WatchedUnit => ({
  unit: one.unit,
  ...(one.keepRunning || other.keepRunning ? { keepRunning: true } : {}),
  ...(one.restartForMemory || other.restartForMemory ? { restartForMemory: true } : {}),
});

const expressions = new Map<string, RegExp>();
const MOST_KEPT = 1_000;

/** Matches as fnmatch(3) without escapes: `*`, `?`, `[abc]`, `[!abc]`. */
function expressionOf(pattern: string): RegExp {
  const known = expressions.get(pattern);
  if (known) return known;
  const source = pattern.replace(/\[[!^]?\]?[^\]]*\]|[\s\S]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part.length > 1)
      return `[${part
        .slice(1, -1)
        .replace(/^!/, '^')
        .replace(/[\\[\]]/g, '\\$&')}]`;
    return part.replace(/[.*+?^${}()|[\]\\]/, '\\$&');
  });
  const made = new RegExp(`^${source}$`, 's');
  if (expressions.size >= MOST_KEPT) expressions.clear();
  expressions.set(pattern, made);
  return made;
}
