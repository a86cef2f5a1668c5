import type { Guards } from './guards.js';

/** How one unit fared while one system ran. Times are steady, in milliseconds. */
export interface UnitRecord {
  /** Identifies the run in which it was last read active; empty where systemd knows none. */
  readonly run: string;
  /** First reading of that run as active; `null` when it was not active when last read. */
  readonly activeSince: number | null;
  /** Last reading of that run as active. */
  readonly activeUntil: number | null;
  /** Whether, in this system, one run of it was active for long enough to count as healthy. */
  readonly healthy: boolean;
  /** First reading of it failing since this system was entered last; `null` when there was none. */
  readonly failedAt: number | null;
  /** Whether it was failing when last read. */
  readonly failing: boolean;
}

/** One system, by its place in the store, as it fared on this host. */
export interface SystemRecord {
  /** The system that ran before it, by this very record; `null` when nothing was on record then. */
  readonly previous: string | null;
  /** When it was entered last. */
  readonly enteredAt: number;
  /** When it was last seen to run. */
  readonly seenAt: number;
  /** The longest time since it was entered in which nobody looked. */
  readonly blindMs: number;
  /** Since when no unit has newly failed in it while somebody looked. */
  readonly quietSince: number;
  /** Whether it once ran for long enough without a newly failed unit. */
  readonly good: boolean;
  /** Why it must not be entered unseen, and since when; `null` when nothing is known against it. */
  readonly bad: { readonly at: number; readonly why: string } | null;
  /** By full unit name. Kept for the running system and the one before it. */
  readonly units: Readonly<Record<string, UnitRecord>>;
}

/** The last change of the running system that this library made. */
export interface GenerationChange {
  readonly at: number;
  readonly action: string;
  readonly from: string;
  /** `null` for a rebuild: what it leads to is known only afterwards. */
  readonly to: string | null;
}

/** The durable record of systems and of the health of units in them. */
export interface Generations {
  /** The system that ran when somebody looked last; `null` on a host that is not known to run NixOS. */
  readonly running: string | null;
  readonly systems: Readonly<Record<string, SystemRecord>>;
  readonly lastChange: GenerationChange | null;
  /** A system whose switch was interrupted, and may be run once more. */
  readonly repeat: string | null;
}

/** Nothing on record. */
export const NO_GENERATIONS: Generations = Object.freeze({
  running: null,
  systems: {},
  lastChange: null,
  repeat: null,
});

/** A unit as it was read just now. `changing` is systemd's business, and tells nothing. */
export interface UnitSeen {
  readonly name: string;
  readonly run: string;
  readonly state: 'active' | 'failing' | 'down' | 'changing';
}

/** One look at the running system. */
export interface Look {
  /** Place in the store of the system that runs. */
  readonly system: string;
  /** When it was switched to, in steady time; `null` when that could not be read. */
  readonly switchedAt: number | null;
  readonly units: readonly UnitSeen[];
}

/** So many systems are remembered, the last seen first, … */
const SYSTEMS = 16;
/** … and so many units of each of the two whose units count. */
const UNITS = 400;

const NEVER_READ: UnitRecord = Object.freeze({
  run: '',
  activeSince: null,
  activeUntil: null,
  healthy: false,
  failedAt: null,
  failing: false,
});

/** What is on record of a system; `undefined` when nothing is. */
export const systemOf = (generations: Generations, path: string | null): SystemRecord | undefined =>
  path !== null && Object.hasOwn(generations.systems, path) ? generations.systems[path] : undefined;

/** What is on record of a unit in a system; `undefined` when nothing is. */
export const unitOf = (system: SystemRecord | undefined, unit: string): UnitRecord | undefined =>
  system !== undefined && Object.hasOwn(system.units, unit) ? system.units[unit] : undefined;

/** The running system, as it is on record. */
export const runningOf = (generations: Generations): SystemRecord | undefined =>
  systemOf(generations, generations.running);

/** Units of the running system that were failing when they were last read. */
export const failingUnits = (generations: Generations): string[] =>
  Object.entries(runningOf(generations)?.units ?? {})
    .filter(([, { failing }]) => failing)
    .map(([name]) => name);

/** Writes a look at the running system into the record. */
export function noteSystem(
  generations: Generations,
  look: Look,
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
    // What failed before the switch did not fail newly in this system.
    const unread = (was?.activeUntil ?? was?.failedAt ?? null) === null;
    const inherited = unread && unitOf(previous, seen.name)?.failing === true;
    newlyFailed ||= next.failing && !was?.failing && !inherited;
    units[seen.name] = next;
  }
  // What happened while nobody looked is not known: the time without a new failure begins anew.
  const quietSince = newlyFailed || unseen >= evidence.healthyMs ? now : record.quietSince;
  const good = now - quietSince >= evidence.lastGoodMs;
  const next: SystemRecord = {
    ...record,
    seenAt: now,
    blindMs: Math.max(record.blindMs, unseen),
    quietSince,
    good: record.good || good,
    // It has proved itself since.
    bad: good ? null : record.bad,
    units,
  };
  return pruned({
    ...generations,
    running: look.system,
    systems: { ...generations.systems, [look.system]: next },
  });
}

/** A system begins to run, for the first time or again. */
function enter(generations: Generations, { system, switchedAt }: Look, now: number): SystemRecord {
  const left = runningOf(generations);
  // The switch was made after the other one was last seen, whatever a clock that jumped says of it.
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
  { run, state }: UnitSeen,
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

/** Remembers why a system must not be entered unseen. */
export function markBad(generations: Generations, path: string, at: number, why: string): Generations {
  const record = systemOf(generations, path) ?? { ...UNSEEN, enteredAt: at, seenAt: at, quietSince: at };
  return pruned({
    ...generations,
    systems: { ...generations.systems, [path]: { ...record, good: false, bad: { at, why } } },
  });
}

const UNSEEN: SystemRecord = Object.freeze({
  previous: null,
  enteredAt: 0,
  seenAt: 0,
  blindMs: 0,
  quietSince: 0,
  good: false,
  bad: null,
  units: {},
});

/** Remembers a change of the running system that was made. */
export const noteChange = (generations: Generations, lastChange: GenerationChange): Generations => ({
  ...generations,
  lastChange,
  repeat: null,
});

/** The last system that ran for long enough without a newly failed unit; `null` when none is on record. */
export function lastGood({ systems }: Generations): string | null {
  const good = Object.entries(systems).filter(([, record]) => record.good && record.bad === null);
  return good.sort(([, one], [, other]) => other.seenAt - one.seenAt)[0]?.[0] ?? null;
}

/** Systems that may be needed to go back to: they are never deleted to make room. */
export function neededSystems(generations: Generations): string[] {
  const { running, lastChange } = generations;
  const needed = [
    running,
    runningOf(generations)?.previous,
    lastGood(generations),
    lastChange?.from,
    lastChange?.to,
  ];
  return [...new Set(needed)].filter((path) => typeof path === 'string');
}

/** Keeps what may still be asked about: the state is written whole each time. */
function pruned(generations: Generations): Generations {
  const { running, systems } = generations;
  const previous = runningOf(generations)?.previous ?? null;
  const needed = new Set(neededSystems(generations));
  const kept = Object.entries(systems)
    .sort(
      ([one, a], [other, b]) => Number(needed.has(other)) - Number(needed.has(one)) || b.seenAt - a.seenAt,
    )
    .slice(0, SYSTEMS)
    .map(([path, record]) => {
      const units = path === running || path === previous ? fewUnits(record.units) : {};
      return [path, units === record.units ? record : { ...record, units }] as const;
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
