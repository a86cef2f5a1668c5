import type { Guards } from '../model/guards.js';
import type { Storm } from './state.js';

/** Services that are counted together: listed ones, unlisted ones, or checks of the host program. */
export interface StormGroup {
  /** Steady time at which each bad one became bad. */
  readonly badSince: readonly number[];
  /** Number of bad ones that make a storm. */
  readonly atLeast: number;
}

/**
 * Updates the storm. It begins when enough services of a group became bad within a short time, and ends when none is bad,
 * or when few are and no new failure has occurred for long enough. If they became bad long ago, single repairs are
 * allowed from the start.
 */
export function stormAfter(
  storm: Storm | null,
  groups: readonly StormGroup[],
  now: number,
  { storm: guard }: Pick<Guards, 'storm'>,
): Storm | null {
  const badSince = groups.flatMap((group) => group.badSince);
  if (storm !== null) {
    const calm = stormWait(storm, now, { storm: guard }) === 0;
    const few = groups.every((group) => group.badSince.length < group.atLeast);
    if (badSince.length === 0 || (calm && few)) return null;
    const lastFailure = Math.max(storm.lastFailure, ...badSince);
    return lastFailure === storm.lastFailure ? storm : { ...storm, lastFailure };
  }
  const last = groups.flatMap((group) => lastOfCluster(group, guard.withinMs) ?? []);
  return last.length === 0 ? null : { since: now, lastFailure: Math.max(...last) };
}

/** Returns the time of the last failure of the latest cluster of `atLeast` failures within `withinMs`. */
function lastOfCluster({ badSince, atLeast }: StormGroup, withinMs: number): number | undefined {
  const sorted = [...badSince].sort((a, b) => b - a);
  return sorted.find((last, index) => {
    const first = sorted[index + atLeast - 1];
    return first !== undefined && last - first < withinMs;
  });
}

/** Returns how long a storm still blocks all repairs; 0 when single repairs are allowed. */
export const stormWait = ({ lastFailure }: Storm, now: number, { storm }: Pick<Guards, 'storm'>): number =>
  Math.max(0, lastFailure + storm.calmMs - now);
