import type { UnitCause } from '../../model/unit-circumstances.js';
import type { UnitFacts } from './unit-facts.js';
import type { UnitRecord } from './unit-records.js';

/** Which unit another one is down because of; its state is read anew each time. */
export type FoundCause = Pick<UnitCause, 'kind' | 'unit'>;

/** What a cause is found by. */
export interface CauseFacts {
  readonly factsOf: (unit: string) => UnitFacts | undefined;
  /** What PID 1 wrote about a unit, oldest first; empty where the journal cannot be read. */
  readonly recordsOf: (unit: string) => readonly UnitRecord[];
}

/** Units that go down together do so within this time of each other, in milliseconds. */
const TOGETHER_MS = 5_000;
/** An end is written down within this time before or after it, in milliseconds. */
const WRITTEN_WITHIN_MS = 20;
/** A chain of causes is followed so far. */
const LONGEST_CHAIN = 4;

const isDown = ({ activeState }: UnitFacts): boolean =>
  activeState === 'inactive' || activeState === 'failed';
const isUp = ({ activeState }: UnitFacts): boolean => activeState === 'active' || activeState === 'reloading';
const isNear = (one: number, other: number): boolean => Math.abs(one - other) <= TOGETHER_MS;

/** Units that every unit depends on and that do not fail, and those that a stop of the system starts. */
const isNoCause = (name: string): boolean =>
  name.endsWith('.slice') || name === '-.mount' || (name.endsWith('.target') && BOOT_TARGETS.includes(name));
const BOOT_TARGETS = ['sysinit.target', 'basic.target', 'shutdown.target', 'umount.target'];

/** The names of the units whose facts tell why a unit is down. */
export function candidatesOf({ links }: UnitFacts): readonly string[] {
  const rivals = links.conflicts.filter((name) => !name.endsWith('.target'));
  return [...links.dependsOn, ...rivals].filter((name) => !isNoCause(name));
}

/** The units whose records help to tell: what it depends on, and itself. */
export const recordsWanted = (unit: UnitFacts, factsOf: CauseFacts['factsOf']): readonly string[] => [
  unit.id,
  ...dependenciesOf(unit, factsOf).map(({ id }) => id),
];

/**
 * Finds the unit that another one is down because of. `stopped` tells whether a stop job ended its last run; a unit
 * that was not stopped, or was stopped for no other unit, has none.
 */
export function causeOf(unit: UnitFacts, stopped: boolean | undefined, facts: CauseFacts): FoundCause | null {
  if (!isDown(unit)) return null;
  const dependency = failedStart(unit, facts);
  if (dependency) return dependency;
  if (stopped === false || (stopped === undefined && unit.activeState === 'failed')) return null;
  return stopCauseOf(unit, unit.links, facts, LONGEST_CHAIN) ?? rivalOf(unit, facts);
}

const dependenciesOf = ({ links }: UnitFacts, factsOf: CauseFacts['factsOf']): readonly UnitFacts[] =>
  links.dependsOn.filter((name) => !isNoCause(name)).flatMap((name) => factsOf(name) ?? []);

/** Whether the end of one unit's run lies within the end of the other's. */
function wentDownTogether({ links: own }: UnitFacts, { links: other, id }: UnitFacts): boolean {
  if (own.exitedAt === 0) return false;
  if (other.exitedAt === 0) return id.endsWith('.device') && isNear(own.exitedAt, other.downAt);
  const end = Math.max(other.exitedAt, other.downAt);
  return own.exitedAt >= other.exitedAt - TOGETHER_MS && own.exitedAt <= end + TOGETHER_MS;
}

/** `run`: that of the unit which all this is about. What ended before it began, or after it was over, is not its cause. */
function stopCauseOf(
  unit: UnitFacts,
  run: UnitFacts['links'],
  facts: CauseFacts,
  depth: number,
): FoundCause | null {
  if (depth === 0) return null;
  for (const other of dependenciesOf(unit, facts.factsOf)) {
    // One that was restarted since has another run by now, but its record stays.
    const records = facts.recordsOf(other.id).filter(({ at }) => isNear(at, unit.links.exitedAt));
    if (!wentDownTogether(unit, other) && !records.some(isEnd)) continue;
    const wasStopped = records.some(
      ({ kind, job, result }) => kind === 'job' && job === 'stop' && result === 'done',
    );
    if (!wasStopped) {
      const kind = takesAlong(unit, other) ? endWithin(run, other, records) : undefined;
      if (kind) return { kind, unit: other.id };
      if (isPlace(other.id) && isDown(other)) {
        return stopCauseOf(other, run, facts, depth - 1) ?? { kind: 'vanished', unit: other.id };
      }
    }
    const deeper = stopCauseOf(other, run, facts, depth - 1);
    if (deeper) return deeper;
  }
  return null;
}

/** A device, or what is mounted from one. */
const isPlace = (name: string): boolean => /\.(device|mount)$/.test(name);

/** A run that ended by itself: it failed, or it ended well although nobody stopped it. */
const isEnd = ({ kind }: UnitRecord): boolean => kind === 'failed' || kind === 'succeeded';

/** Whether one unit stops another by ending by itself: a mount or a device does so through a job of systemd's. */
const takesAlong = ({ links }: UnitFacts, { id, names }: UnitFacts): boolean =>
  [id, ...names].some((name) => links.boundTo.includes(name) || isPlace(name));

/** How a unit ended by itself during the run of another one: a person may have stopped that one a moment before or after. */
function endWithin(
  { upAt, exitedAt: downSince }: UnitFacts['links'],
  { activeState, links: { exitedAt } }: UnitFacts,
  records: readonly UnitRecord[],
): 'failed' | 'ended' | undefined {
  const wordOf = (record: UnitRecord | undefined) =>
    record && (record.kind === 'failed' ? 'failed' : 'ended');
  const isWithin = (at: number): boolean => at >= upAt && at <= downSince;
  const ends = records.filter(isEnd);
  // It is written a moment before or after the state changes.
  const isOfLast = ({ at }: UnitRecord): boolean => exitedAt !== 0 && at >= exitedAt - WRITTEN_WITHIN_MS;
  if (exitedAt !== 0 && isWithin(exitedAt))
    return wordOf(ends.find(isOfLast)) ?? (activeState === 'failed' ? 'failed' : undefined);
  // It ended again since. Of the earlier end only its record is left, which is written a little later.
  const before = ends.filter((record) => !isOfLast(record));
  return wordOf(before.findLast(({ at }) => isWithin(at - WRITTEN_WITHIN_MS) || isWithin(at)));
}

/** A start that was the last job of the unit, and ended because another unit could not be started. */
function failedStart(unit: UnitFacts, { factsOf, recordsOf }: CauseFacts): FoundCause | null {
  const last = recordsOf(unit.id).findLast(({ kind }) => kind === 'job');
  if (last?.job !== 'start' && last?.job !== 'restart') return null;
  if (last.result !== 'dependency' || last.at < unit.links.exitedAt) return null;
  const needed = unit.links.needsToStart
    .filter((name) => !isNoCause(name))
    .flatMap((name) => factsOf(name) ?? []);
  const missing = needed.find((other) => !isUp(other));
  const latest = [...needed].sort((one, other) => other.links.upAt - one.links.upAt)[0];
  const cause = missing ?? latest;
  return cause ? { kind: 'dependency', unit: cause.id } : null;
}

/** A unit that conflicts with it, and that was started as it was stopped. */
function rivalOf({ links }: UnitFacts, { factsOf }: CauseFacts): FoundCause | null {
  if (links.exitedAt === 0) return null;
  const rivals = links.conflicts
    .filter((name) => !name.endsWith('.target'))
    .flatMap((name) => factsOf(name) ?? []);
  const rival = rivals.find((other) => !isDown(other) && isNear(other.links.upAt, links.exitedAt));
  return rival ? { kind: 'conflict', unit: rival.id } : null;
}
