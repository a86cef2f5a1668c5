import { type Bounds, LATEST, LONGEST_LIST } from './bounds.js';
import type { Generations, SystemRecord } from './generations.js';
import type { Guards } from '../model/guards.js';
import type { ComponentRecord } from './state.js';

/** Limit of all counters; larger values would make no difference. */
const MOST = 1_000;

/** Bounds the record of one component. An open breaker and `needs-human` are kept. */
export function boundRecord(
  record: ComponentRecord,
  path: string,
  bounds: Bounds,
  { backoff, breaker }: Guards,
): ComponentRecord {
  const orNull = (at: number | null, name: string): number | null =>
    at === null ? null : bounds.past(at, `${path}.${name}`);
  const longestMs = backoff.maxMs * (1 + backoff.jitter);
  // The next strike opens the breaker.
  const strikes = (count: number, where: string): number =>
    bounds.count(count, MOST * breaker.attempts, breaker.attempts - 1, where);
  const { fixed } = record;
  // If backoffs had to be dropped, single attempts are allowed until health has lasted.
  const isCut = Object.keys(record.backoff).length > LONGEST_LIST;
  const breakerUntil = record.breakerUntil ?? (isCut ? 0 : null);
  return {
    ...record,
    backoff: bounds.map(record.backoff, `${path}.backoff`, (entry, where) => {
      const since = bounds.past(entry.since, `${where}.since`);
      return {
        ...entry,
        since,
        count: bounds.count(entry.count, MOST, MOST, `${where}.count`),
        until: bounds.until(entry.until, longestMs, `${where}.until`, since),
      };
    }),
    failures: bounds.count(record.failures, MOST * breaker.attempts, breaker.attempts, `${path}.failures`),
    strikes: strikes(record.strikes, `${path}.strikes`),
    relapses: bounds.count(record.relapses, MOST, MOST, `${path}.relapses`),
    fixed: fixed && {
      ...fixed,
      at: bounds.past(fixed.at, `${path}.fixed.at`),
      strikes: strikes(fixed.strikes, `${path}.fixed.strikes`),
    },
    breakerUntil:
      breakerUntil === null ? null : bounds.until(breakerUntil, breaker.openMs, `${path}.breakerUntil`),
    openings: bounds.list(record.openings, `${path}.openings`, (at, where) => bounds.past(at, where)),
    needsHumanSince: orNull(record.needsHumanSince, 'needsHumanSince'),
    healthySince: orNull(record.healthySince, 'healthySince'),
  };
}

/** Bounds the record of systems. Evidence with impossible times is dropped; a system marked bad stays so. */
export function boundGenerations(generations: Generations, bounds: Bounds, now: number): Generations {
  const { lastChange } = generations;
  const path = 'generations';
  return {
    ...generations,
    systems: bounds.map(generations.systems, `${path}.systems`, (system, where) =>
      boundSystem(system, where, bounds, now),
    ),
    lastChange: lastChange && { ...lastChange, at: bounds.past(lastChange.at, `${path}.lastChange.at`) },
  };
}

function boundSystem(system: SystemRecord, path: string, bounds: Bounds, now: number): SystemRecord {
  const { enteredAt, seenAt, quietSince, blindMs, bad } = system;
  const known = { ...system, bad: bad && { ...bad, at: bounds.past(bad.at, `${path}.bad.at`) } };
  const isTrue = [enteredAt, seenAt, quietSince].every((at) => bounds.isPast(at));
  if (!isTrue || !(blindMs >= 0 && blindMs <= LATEST)) {
    bounds.note(path);
    return { ...known, enteredAt: now, seenAt: now, quietSince: now, blindMs: 0, good: false, units: {} };
  }
  const units = bounds.map(system.units, `${path}.units`, (unit, where) => {
    const times = [unit.activeSince, unit.activeUntil, unit.failedAt];
    return times.every((at) => at === null || bounds.isPast(at)) ? unit : bounds.note(where);
  });
  return { ...known, units };
}
