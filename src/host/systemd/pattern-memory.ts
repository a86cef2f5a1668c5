import type { DbusCalls } from './dbus-calls.js';
import { MAX_AGE_MS } from './known-units.js';
import type { Mark, SignalWatch } from './signal-watch.js';

const MAX_PATTERNS = 100;

/**
 * Returns a function that finds the primary names of the loaded units that match patterns, without targets, and remembers
 * them until a unit is loaded or unloaded. With `recent`, a remembered result is enough.
 */
export function createPatternMemory(watch: SignalWatch, now: () => number) {
  const known = new Map<string, { readonly names: readonly string[]; readonly mark: Mark; at: number }>();
  return async (
    patterns: readonly string[],
    calls: DbusCalls,
    recent: boolean,
  ): Promise<readonly string[]> => {
    if (patterns.length === 0) return [];
    const key = patterns.join(' ');
    const last = known.get(key);
    const holds = last !== undefined && watch.namesHoldSince(last.mark) && now() - last.at < MAX_AGE_MS;
    if (recent && holds) return last.names;
    const [mark, at] = [watch.mark([]), now()];
    const listed = await calls.matching(patterns);
    const names = listed.map(({ id }) => id).filter((id) => !id.endsWith('.target'));
    if (known.size >= MAX_PATTERNS) known.clear();
    known.set(key, { names, mark, at });
    return names;
  };
}
