import type { UnitCause } from '../../model/unit-circumstances.js';
import { isRunEnd, type JournalRecord } from './journal-records.js';
import { isInactive, type UnitFacts } from './unit-facts.js';

/** Unit that caused another one to go down. Its state is read each time. */
export type FoundCause = Pick<UnitCause, 'kind' | 'unit'>;

export interface CauseSources {
  readonly factsOf: (unit: string) => UnitFacts | undefined;
  /** Returns the journal records of a unit, oldest first; empty if the journal cannot be read. */
  readonly recordsOf: (unit: string) => readonly JournalRecord[];
}

/** Result of the last jobs of a unit that is down; `undefined` if unknown. */
export interface LastJobs {
  /** True if a stop job ended its last run. */
  readonly stopped: boolean | undefined;
  /** True if its last job was a start that failed because of a dependency. */
  readonly startFailed: boolean | undefined;
}

/** Maximum time between units that go down together, in milliseconds. */
const TOGETHER_MS = 5_000;
/** Maximum time between the end of a run and its record, in milliseconds. */
const WRITTEN_WITHIN_MS = 20;
const MAX_CHAIN = 4;

const isUp = ({ activeState }: UnitFacts): boolean => activeState === 'active' || activeState === 'reloading';
const isNear = (one: number, other: number): boolean => Math.abs(one - other) <= TOGETHER_MS;

/** Returns whether a unit is never a cause: every unit depends on it, or a shutdown starts it. */
const isExcluded = (name: string): boolean =>
  name.endsWith('.slice') || name === '-.mount' || BOOT_TARGETS.includes(name);
const BOOT_TARGETS = ['sysinit.target', 'basic.target', 'shutdown.target', 'umount.target'];

/** Returns the names of units that may have caused a unit to go down; none if its jobs are known to exclude it. */
export function candidatesOf(unit: UnitFacts, jobs: LastJobs): readonly string[] {
  if (!mayBeStopped(unit, jobs)) return mayHaveFailedToStart(unit, jobs) ? neededBy(unit) : [];
  const { dependsOn, conflicts } = unit.links;
  return [...dependsOn, ...conflicts.filter((name) => !name.endsWith('.target'))].filter(
    (name) => !isExcluded(name),
  );
}

/** Returns the names of units whose records are needed: of the unit for a start, of its dependencies for a stop. */
export const recordsWanted = (
  unit: UnitFacts,
  jobs: LastJobs,
  factsOf: CauseSources['factsOf'],
): readonly string[] => [
  ...(mayHaveFailedToStart(unit, jobs) ? [unit.id] : []),
  ...(mayBeStopped(unit, jobs) ? dependenciesOf(unit, factsOf).map(({ id }) => id) : []),
];

/** Finds the unit that caused another one to go down. Returns `null` if nobody stopped it, or not because of another unit. */
export function causeOf(unit: UnitFacts, jobs: LastJobs, facts: CauseSources): FoundCause | null {
  if (!isInactive(unit)) return null;
  const dependency = mayHaveFailedToStart(unit, jobs) ? failedStart(unit, jobs, facts) : null;
  if (dependency) return dependency;
  if (!mayBeStopped(unit, jobs)) return null;
  return stopCauseOf(unit, unit.links, facts, MAX_CHAIN) ?? conflictOf(unit, facts);
}

/** Returns whether a stop may have ended the last run: a failed unit was probably not stopped. */
const mayBeStopped = (
  { activeState }: UnitFacts,
  { stopped = activeState !== 'failed' }: LastJobs,
): boolean => stopped;

const mayHaveFailedToStart = (unit: UnitFacts, { startFailed = true }: LastJobs): boolean =>
  startFailed && neededBy(unit).length > 0;

/** Returns the names of units without which this one does not start. */
const neededBy = ({ links }: UnitFacts): readonly string[] =>
  links.needsToStart.filter((name) => !isExcluded(name));

const dependenciesOf = ({ links }: UnitFacts, factsOf: CauseSources['factsOf']): readonly UnitFacts[] =>
  links.dependsOn.filter((name) => !isExcluded(name)).flatMap((name) => factsOf(name) ?? []);

/** Returns whether a unit's run ended while the other unit went down. */
function wentDownTogether({ links: own }: UnitFacts, { links: other, id }: UnitFacts): boolean {
  if (own.exitedAt === 0) return false;
  if (other.exitedAt === 0) return id.endsWith('.device') && isNear(own.exitedAt, other.downAt);
  const end = Math.max(other.exitedAt, other.downAt);
  return own.exitedAt >= other.exitedAt - TOGETHER_MS && own.exitedAt <= end + TOGETHER_MS;
}

/** `run` is that of the unit whose cause is searched: an end outside of that run is not its cause. */
function stopCauseOf(
  unit: UnitFacts,
  run: UnitFacts['links'],
  facts: CauseSources,
  depth: number,
): FoundCause | null {
  if (depth === 0) return null;
  for (const other of dependenciesOf(unit, facts.factsOf)) {
    // A unit that was restarted since has a new run, but its record remains.
    const records = facts.recordsOf(other.id).filter(({ at }) => isNear(at, unit.links.exitedAt));
    if (!wentDownTogether(unit, other) && !records.some(isRunEnd)) continue;
    const wasStopped = records.some(
      ({ kind, job, result }) => kind === 'job' && job === 'stop' && result === 'done',
    );
    if (!wasStopped) {
      const kind = stopsWith(unit, other) ? endWithin(run, other, records) : undefined;
      if (kind) return { kind, unit: other.id };
      if (isMountOrDevice(other.id) && isInactive(other)) {
        return stopCauseOf(other, run, facts, depth - 1) ?? { kind: 'vanished', unit: other.id };
      }
    }
    const deeper = stopCauseOf(other, run, facts, depth - 1);
    if (deeper) return deeper;
  }
  return null;
}

/** Returns whether a unit is a device or a mount. */
const isMountOrDevice = (name: string): boolean => /\.(device|mount)$/.test(name);

/** Returns whether the end of `other` stops a unit: `BindsTo=`, or a mount or device, for which systemd adds a job. */
const stopsWith = ({ links }: UnitFacts, { names }: UnitFacts): boolean =>
  names.some((name) => links.boundTo.includes(name) || isMountOrDevice(name));

/** Returns how a unit ended by itself during the run of another one, which may have been stopped manually around that time. */
function endWithin(
  { upAt, exitedAt: downSince }: UnitFacts['links'],
  { activeState, links: { exitedAt } }: UnitFacts,
  records: readonly JournalRecord[],
): 'failed' | 'ended' | undefined {
  const kindOf = (record: JournalRecord | undefined) =>
    record && (record.kind === 'failed' ? 'failed' : 'ended');
  const isWithin = (at: number): boolean => at >= upAt && at <= downSince;
  const ends = records.filter(isRunEnd);
  const isOfLast = ({ at }: JournalRecord): boolean => exitedAt !== 0 && at >= exitedAt - WRITTEN_WITHIN_MS;
  if (exitedAt !== 0 && isWithin(exitedAt))
    return kindOf(ends.find(isOfLast)) ?? (activeState === 'failed' ? 'failed' : undefined);
  // It has ended again since. The earlier end is known by its record only, which is written slightly later.
  const before = ends.filter((record) => !isOfLast(record));
  return kindOf(before.findLast(({ at }) => isWithin(at - WRITTEN_WITHIN_MS) || isWithin(at)));
}

/** Finds the dependency that made the last start job of a unit fail. */
function failedStart(
  unit: UnitFacts,
  { startFailed }: LastJobs,
  { factsOf, recordsOf }: CauseSources,
): FoundCause | null {
  if (startFailed === undefined && !isFailedStart(unit, recordsOf(unit.id))) return null;
  const needed = neededBy(unit).flatMap((name) => factsOf(name) ?? []);
  const missing = needed.find((other) => !isUp(other));
  const latest = [...needed].sort((one, other) => other.links.upAt - one.links.upAt)[0];
  const cause = missing ?? latest;
  return cause ? { kind: 'dependency', unit: cause.id } : null;
}

function isFailedStart({ links }: UnitFacts, records: readonly JournalRecord[]): boolean {
  const last = records.findLast(({ kind }) => kind === 'job');
  const isStart = last?.job === 'start' || last?.job === 'restart';
  return isStart && last.result === 'dependency' && last.at >= links.exitedAt;
}

/** Finds a conflicting unit that was started when this one was stopped. */
function conflictOf({ links }: UnitFacts, { factsOf }: CauseSources): FoundCause | null {
  if (links.exitedAt === 0) return null;
  const conflicts = links.conflicts
    .filter((name) => !name.endsWith('.target'))
    .flatMap((name) => factsOf(name) ?? []);
  const conflict = conflicts.find((other) => !isInactive(other) && isNear(other.links.upAt, links.exitedAt));
  return conflict ? { kind: 'conflict', unit: conflict.id } : null;
}
