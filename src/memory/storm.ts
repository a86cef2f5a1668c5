import type { Guards } from '../model/guards.js';
import type { Storm } from './state.js';

/** Services that are judged together: those that are listed, or those that are not, or checks of the host program. */
export interface StormGroup {
  /** Since when each of them that is bad now has been bad, in steady time. */
  readonly badSince: readonly number[];
  /** So many of them make a storm. */
  readonly atLeast: number;
}

/**
 * One step of watching for a storm: it begins when enough services of a group turned bad within a short time of each
 * other, lasts while new ones do, and ends when none is bad any more, or when it is calm and few are. A group that
 * turned bad long ago begins it in its calm phase.
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

/** The last of so many failures that lie within a time of each other, the latest such cluster; or `undefined`. */
function lastOfCluster({ badSince, atLeast }: StormGroup, withinMs: number): number | undefined {
  const sorted = [...badSince].sort((a, b) => b - a);
  return sorted.find((last, index) => {
    const first = sorted[index + atLeast - 1];
    return first !== undefined && last - first < withinMs;
  });
}

/** How long a storm still forbids every repair; 0 when single repairs may be tried. */
export const stormWait = ({ lastFailure }: Storm, now: number, { storm }: Pick<Guards, 'storm'>): number =>
  Math.max(0, lastFailure + storm.calmMs - now);
