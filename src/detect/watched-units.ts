import type { UnitReading } from '../model/unit.js';

/** A unit, or a pattern of units, that somebody wants to be running. */
export interface WatchedUnit {
  /** With its suffix: `nginx.service`, `worker@*.service`. */
  readonly unit: string;
  /**
   * Start it again whenever it is down, unless a person is known to have stopped it: also where the journal cannot be
   * read, where it is disabled, and where a socket would start it. Default `false`.
   */
  readonly keepRunning?: boolean;
  /** Allow its restart when memory runs out. Default `false`. */
  readonly restartForMemory?: boolean;
}

/** What was listed, by full name or pattern. */
export type WatchedUnits = ReadonlyMap<string, WatchedUnit>;

/** The names that a unit may be listed by. */
export type Named = Pick<UnitReading, 'id' | 'names'> & { readonly memberOf?: readonly string[] };

/** Whether a name of the `services` option is a pattern. */
export const isPattern = (name: string): boolean => /[*?[]/.test(name);

/** The full names that were listed. */
export const listedNames = (watched: WatchedUnits): readonly string[] =>
  [...watched.keys()].filter((name) => !isPattern(name));

/** The patterns that were listed. */
export const listedPatterns = (watched: WatchedUnits): readonly string[] =>
  [...watched.keys()].filter(isPattern);

/** Whether a name matches a pattern as systemd's own do. A pattern never matches a target. */
export function matchesPattern(name: string, pattern: string): boolean {
  return !name.endsWith('.target') && expressionOf(pattern).test(name);
}

/**
 * What a unit was listed with: by any of its names, by a pattern, or through the unit that it is a member of. Of
 * several entries the wishes add up. `undefined` where it was not listed.
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

/** Two entries for one unit: the first one's name, and what either wants. */
export const withBothWishes = (one: WatchedUnit, other: WatchedUnit): WatchedUnit => ({
  unit: one.unit,
  ...(one.keepRunning || other.keepRunning ? { keepRunning: true } : {}),
  ...(one.restartForMemory || other.restartForMemory ? { restartForMemory: true } : {}),
});

const expressions = new Map<string, RegExp>();
const MOST_KEPT = 1_000;

/** As fnmatch(3) without escapes: `*`, `?`, `[abc]`, `[!abc]`. */
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
