import {
  neededSystems,
  runningOf,
  systemOf,
  unitOf,
  type Generations,
  type SystemObservation,
  type SystemRecord,
  type UnitRecord,
  type UnitObservation,
} from './generations.js';
import type { Guards } from '../model/guards.js';

/** Number of systems kept, the last seen first. */
const SYSTEMS = 16;
/** Number of units kept for the running and the previous system. */
const UNITS = 400;

const NEVER_READ: UnitRecord = Object.freeze({
  run: '',
  activeSince: null,
  activeUntil: null,
  healthy: false,
  failedAt: null,
  failing: false,
});

/** Records an observation of the running system. */
export function noteSystem(
  generations: Generations,
  look: SystemObservation,
  now: number,
  evidence: Guards['evidence'],
): Generations {
  const before = systemOf(generations, look.system);
  const record =
    before !== undefined && generations.running === look.system ? before : enter(generations, look, now);
  const unseen = Math.max(0, now - record.seenAt);
  const previous = systemOf(generations, record.previous);
  const units: Record<string, UnitRecord> = { ...record.units };
  let newlyFailed = false;
  for (const seen of look.units) {
    const was = unitOf(record, seen.name);
    const next = noteUnit(was ?? NEVER_READ, seen, now, evidence);
    // A unit that failed before the switch is not newly failed.
    const unread = (was?.activeUntil ?? was?.failedAt ?? null) === null;
    const inherited = unread && unitOf(previous, seen.name)?.failing === true;
    newlyFailed ||= next.failing && !was?.failing && !inherited;
    units[seen.name] = next;
  }
  // After a gap in the observation, the quiet time restarts.
  const quietSince = newlyFailed || unseen >= evidence.healthyMs ? now : record.quietSince;
  const good = now - quietSince >= evidence.lastGoodMs;
  const next: SystemRecord = {
    ...record,
    seenAt: now,
    blindMs: Math.max(record.blindMs, unseen),
    quietSince,
    good: record.good || good,
    bad: good ? null : record.bad,
    units,
  };
  return pruned({
    ...generations,
    running: look.system,
    systems: { ...generations.systems, [look.system]: next },
  });
}

/** Returns the record of a system that was just entered. */
function enter(
  generations: Generations,
  { system, switchedAt }: SystemObservation,
  now: number,
): SystemRecord {
  const left = runningOf(generations);
  // The switch cannot precede the last observation of the other system, even if the clock jumped.
  const earliest = left?.seenAt ?? Math.min(switchedAt ?? now, now);
  const enteredAt = Math.max(earliest, Math.min(switchedAt ?? earliest, now));
  const before = systemOf(generations, system);
  const units = Object.entries(before?.units ?? {}).map(
    ([name, { healthy }]) => [name, { ...NEVER_READ, healthy }] as const,
  );
  return {
    previous: generations.running,
    enteredAt,
    seenAt: enteredAt,
    blindMs: 0,
    quietSince: enteredAt,
    good: before?.good ?? false,
    bad: before?.bad ?? null,
    units: Object.fromEntries(units),
  };
}

function noteUnit(
  record: UnitRecord,
  { run, state }: UnitObservation,
  now: number,
  { healthyMs }: Guards['evidence'],
): UnitRecord {
  switch (state) {
    case 'changing':
      return record;
    case 'failing':
      return {
        ...record,
        activeSince: null,
        activeUntil: null,
        failing: true,
        failedAt: record.failedAt ?? now,
      };
    case 'down':
      return { ...record, activeSince: null, activeUntil: null, failing: false };
    case 'active': {
      const activeSince = record.run === run && record.activeSince !== null ? record.activeSince : now;
      const healthy = record.healthy || now - activeSince >= healthyMs;
      return { ...record, run, activeSince, activeUntil: now, failing: false, healthy };
    }
    default:
      return state satisfies never;
  }
}

/** Marks a system that must not be entered without approval. */
export function markBad(generations: Generations, path: string, at: number, why: string): Generations {
  const unseen = { previous: null, enteredAt: at, seenAt: at, blindMs: 0, quietSince: at, units: {} };
  const record = systemOf(generations, path) ?? unseen;
  return pruned({
    ...generations,
    systems: { ...generations.systems, [path]: { ...record, good: false, bad: { at, why } } },
  });
}

/** Drops what is no longer needed, because the whole state is written each time. */
function pruned(generations: Generations): Generations {
  const { running, systems } = generations;
  const previous = runningOf(generations)?.previous;
  const needed = new Set(neededSystems(generations));
  const kept = Object.entries(systems)
    .sort(
      ([one, a], [other, b]) => Number(needed.has(other)) - Number(needed.has(one)) || b.seenAt - a.seenAt,
    )
    .slice(0, SYSTEMS)
    .map(([path, record]) => {
      const units = path === running || path === previous ? fewUnits(record.units) : {};
      return [path, { ...record, units }] as const;
    });
  return { ...generations, systems: Object.fromEntries(kept) };
}

function fewUnits(units: SystemRecord['units']): SystemRecord['units'] {
  const all = Object.entries(units);
  if (all.length <= UNITS) return units;
  return Object.fromEntries(
    all.sort(([, one], [, other]) => lastRead(other) - lastRead(one)).slice(0, UNITS),
  );
}

const lastRead = ({ activeUntil, failing, failedAt }: UnitRecord): number =>
  failing ? Infinity : (activeUntil ?? failedAt ?? 0);
