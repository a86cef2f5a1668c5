/** Actions that change the running system, limited per day. */
export const CHANGES_GENERATION: readonly string[] = ['rollback_generation', 'rebuild_system'];

/** History of one unit under one system. Times are steady, in milliseconds. */
export interface UnitRecord {
  /** Invocation id when it was last read active; may be empty. */
  readonly run: string;
  /** First reading of that run as active; `null` if it was not active at the last reading. */
  readonly activeSince: number | null;
  /** Last reading of that run as active. */
  readonly activeUntil: number | null;
  /** `true` once a run in this system was active for long enough. */
  readonly healthy: boolean;
  /** First failing reading since this system was last entered; `null` if none. */
  readonly failedAt: number | null;
  /** State at the last reading. */
  readonly failing: boolean;
}

/** History of one system on this host. */
export interface SystemRecord {
  /** System that ran before it; `null` if not recorded. */
  readonly previous: string | null;
  /** Time when it was last entered. */
  readonly enteredAt: number;
  /** Time of the last observation. */
  readonly seenAt: number;
  /** Longest time without observation since it was entered, in milliseconds. */
  readonly blindMs: number;
  /** Start of the observed time without a newly failed unit. */
  readonly quietSince: number;
  /** `true` once it ran for long enough without a newly failed unit. */
  readonly good: boolean;
  /** Set if it must not be entered without approval: time and reason. */
  readonly bad: { readonly at: number; readonly why: string } | null;
  /** By full unit name. Kept for the running system and the one before it. */
  readonly units: Readonly<Record<string, UnitRecord>>;
}

/** Last change of the running system by this library. */
export interface GenerationChange {
  readonly at: number;
  readonly action: string;
  readonly from: string;
  /** `null` for a rebuild, whose result is known only afterwards. */
  readonly to: string | null;
}

/** Record of systems and of the health of their units. */
export interface Generations {
  /** System at the last observation; `null` on a host that is not known to run NixOS. */
  readonly running: string | null;
  readonly systems: Readonly<Record<string, SystemRecord>>;
  readonly lastChange: GenerationChange | null;
  /** System whose switch was interrupted and may be retried once. */
  readonly repeat: string | null;
}

export const NO_GENERATIONS: Generations = Object.freeze({
  running: null,
  systems: {},
  lastChange: null,
  repeat: null,
});

/** Record of generations for plans. */
export interface GenerationHistory {
  readonly generations: Generations;
  /** Steady time, in milliseconds. */
  readonly now: number;
  /** Wall clock minus steady time, in milliseconds. */
  readonly wallAheadMs: number;
  /** File of the record, if there is one. */
  readonly path?: string | undefined;
  /** Why the record is empty, if it should not be. */
  readonly missing?: string;
}

export const NO_HISTORY: GenerationHistory = Object.freeze({
  generations: NO_GENERATIONS,
  now: 0,
  wallAheadMs: 0,
});

/** Current state of a unit. `changing`: in transition, which is ignored. */
export interface UnitObservation {
  readonly name: string;
  readonly run: string;
  readonly state: 'active' | 'failing' | 'down' | 'changing';
}

/** One observation of the running system. */
export interface SystemObservation {
  /** Store path. */
  readonly system: string;
  /** Steady time of the switch to it; `null` if unknown. */
  readonly switchedAt: number | null;
  readonly units: readonly UnitObservation[];
}

export const systemOf = (generations: Generations, path: string | null): SystemRecord | undefined =>
  path !== null && Object.hasOwn(generations.systems, path) ? generations.systems[path] : undefined;

export const unitOf = (system: SystemRecord | undefined, unit: string): UnitRecord | undefined =>
  system !== undefined && Object.hasOwn(system.units, unit) ? system.units[unit] : undefined;

export const runningOf = (generations: Generations): SystemRecord | undefined =>
  systemOf(generations, generations.running);

/** Returns the units of the running system that failed at their last reading. */
export const failingUnits = (generations: Generations): string[] =>
  Object.entries(runningOf(generations)?.units ?? {})
    .filter(([, { failing }]) => failing)
    .map(([name]) => name);

export function lastGood({ systems }: Generations): string | null {
  const good = Object.entries(systems).filter(([, record]) => record.good && record.bad === null);
  return good.sort(([, one], [, other]) => other.seenAt - one.seenAt)[0]?.[0] ?? null;
}

/** Returns the systems that a rollback may need and that are therefore never deleted. */
export function neededSystems(generations: Generations): string[] {
  const { from, to } = generations.lastChange ?? {};
  const { running } = generations;
  const needed = [running, runningOf(generations)?.previous, lastGood(generations), from, to];
  return [...new Set(needed)].filter((path) => typeof path === 'string');
}
