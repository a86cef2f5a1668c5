import type { DbusCalls } from './dbus-calls.js';
import type { Mark, Watch } from './dbus-watch.js';
import { MAX_AGE_MS } from './known-units.js';

const MOST_KEPT = 100;

/** Finds the loaded units that match patterns, and remembers them while no unit is loaded or unloaded. */
export interface PatternMemory {
  /** Primary names of the units, without targets. With `recent`, the last answer will do while it may hold. */
  find(
    patterns: readonly string[],
    calls: Pick<DbusCalls, 'matching'>,
    recent: boolean,
  ): Promise<readonly string[]>;
}

/** Makes the memory of one connection. */
export function createPatternMemory(watch: Watch, now: () => number): PatternMemory {
  const known = new Map<string, { readonly names: readonly string[]; readonly mark: Mark; at: number }>();
  return {
    async find(patterns, calls, recent) {
      if (patterns.length === 0) return [];
      const key = patterns.join(' ');
      const last = known.get(key);
      const holds = last !== undefined && watch.namesHoldSince(last.mark) && now() - last.at < MAX_AGE_MS;
      if (recent && holds) return last.names;
      const [mark, at] = [watch.mark([]), now()];
      const listed = await calls.matching(patterns);
      const names = listed.map(({ id }) => id).filter((id) => !id.endsWith('.target'));
      if (known.size >= MOST_KEPT) known.clear();
      known.set(key, { names, mark, at });
      return names;
    },
  };
}
