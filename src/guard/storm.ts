import type { Guards } from './guards.js';
import type { Storm } from './state.js';

/** What the weather is made of. */
export interface StormReading {
  /** How many services are listed. */
  readonly listed: number;
  /** Since when each listed service that is bad now has been bad. */
  readonly badSince: readonly number[];
}

/**
 * One step of watching for a storm: it begins when more than a share of the listed services turn bad within a
 * short time, lasts while new ones do, and ends when none of them is bad any more, or when it is calm and few are.
 */
export function stormAfter(
  storm: Storm | null,
  { listed, badSince }: StormReading,
  now: number,
  { storm: guard }: Guards,
): Storm | null {
  const lately = badSince.filter((since) => since > now - guard.withinMs);
  if (storm !== null) {
    const calm = stormWait(storm, now, { storm: guard }) === 0;
    if (badSince.length === 0 || (calm && badSince.length <= guard.share * listed)) return null;
    const lastFailure = Math.max(storm.lastFailure, ...badSince);
    return lastFailure === storm.lastFailure ? storm : { ...storm, lastFailure };
  }
  const begins = listed >= guard.services && lately.length > guard.share * listed;
  return begins ? { since: now, lastFailure: Math.max(...lately) } : null;
}

/** How long a storm still forbids every repair; 0 when single repairs may be tried. */
export const stormWait = ({ lastFailure }: Storm, now: number, { storm }: Pick<Guards, 'storm'>): number =>
  Math.max(0, lastFailure + storm.calmMs - now);
