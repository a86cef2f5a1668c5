/** Actions that change the running system; of these there may be few a day. */
export const CHANGES_GENERATION: readonly string[] = ['rollback_generation', 'rebuild_system'];

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

/** The record as plans need it. */
export interface GenerationHistory {
  readonly generations: Generations;
  /** Steady time, in milliseconds. */
  readonly now: number;
  /** What the wall clock is ahead of the steady time, in milliseconds. */
  readonly wallAheadMs: number;
  /** Why nothing is on record, where there might be something. */
  readonly missing?: string;
}

/** Nothing on record, for plans. */
export const NO_HISTORY: GenerationHistory = Object.freeze({
  generations: NO_GENERATIONS,
  now: 0,
  wallAheadMs: 0,
});

/** A unit as it was read just now. `changing` is systemd's business, and tells nothing. */
export interface UnitObservation {
  readonly name: string;
  readonly run: string;
  readonly state: 'active' | 'failing' | 'down' | 'changing';
}

/** One look at the running system. */
export interface SystemObservation {
  /** Place in the store of the system that runs. */
  readonly system: string;
  /** When it was switched to, in steady time; `null` when that could not be read. */
  readonly switchedAt: number | null;
  readonly units: readonly UnitObservation[];
}

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
