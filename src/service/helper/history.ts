import {
  CHANGES_GENERATION,
  NO_GENERATIONS,
  runningOf,
  systemOf,
  type GenerationChange,
  type GenerationHistory,
  type Generations,
  type SystemRecord,
  type UnitRecord,
} from '../../memory/generations.js';
import type { Guards } from '../../model/guards.js';
import type { NixosReading } from '../../model/nixos-reading.js';
import { isUnknown, unknown, type Reading } from '../../model/reading.js';
import { isUnitName } from '../../model/unit-name.js';
import { utc } from '../../base/format.js';
import type { HelperAct } from './limits.js';

/** Allowed difference between recorded and read times: clocks are slewed, file times are coarse. */
const SLACK_MS = 60_000;
/** Number of units of a system that are used, the same as an engine remembers. */
const UNITS = 400;
const LONGEST_WORDS = 200;

/** Claims and readings that a history is derived from. */
export interface HistorySources {
  /** Record of an engine, which is unprivileged and may lie. */
  readonly claimed: Reading<Generations>;
  /** Reading by the helper itself. */
  readonly nixos: Reading<NixosReading>;
  /** Acts of the helper, with times by the present wall clock. */
  readonly acts: readonly HelperAct[];
  readonly evidence: Guards['evidence'];
  /** Wall clock, in milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Returns the history that root plans with: the engine's record as far as root's own readings confirm it, or none with
 * the reason. The last change is taken from the helper's own book only. Pure.
 */
export function historyFrom(facts: HistorySources): GenerationHistory {
  const { now, acts, nixos } = facts;
  const lastChange = lastChangeOf(acts, nixos);
  const believed = believe(facts);
  return isUnknown(believed)
    ? { generations: { ...NO_GENERATIONS, lastChange }, now, wallAheadMs: 0, missing: believed.unknown }
    : { generations: { ...believed, lastChange }, now, wallAheadMs: 0 };
}

/** Returns the helper's last change while its result is running. A rollback of a change is not itself rolled back. */
function lastChangeOf(acts: readonly HelperAct[], nixos: Reading<NixosReading>): GenerationChange | null {
  const last = acts.findLast(
    ({ action, refused }) => CHANGES_GENERATION.includes(action) && refused === undefined,
  );
  if (last?.generation === undefined || last.undo === true || isUnknown(nixos)) return null;
  const { from, to } = last.generation;
  const { running } = nixos;
  if (isUnknown(running) || (to !== null && to !== running.path)) return null;
  return { at: last.at, action: last.action, from, to };
}

function believe({ claimed, nixos, evidence, now }: HistorySources): Reading<Generations> {
  if (isUnknown(claimed)) return claimed;
  if (isUnknown(nixos)) return nixos;
  const { running, generations, switchedAt } = nixos;
  if (isUnknown(running)) return running;
  if (isUnknown(generations)) return generations;
  if (isUnknown(switchedAt)) return switchedAt;
  const record = claimed.running === running.path ? runningOf(claimed) : undefined;
  if (record === undefined) return unknown('the record is about another system than the running one');
  const { previous } = record;
  const linked = generations.filter(({ path }) => path === previous).map(({ linkedAt }) => linkedAt);
  // A path that root has not found itself is never read: an attacker who writes the record could choose it.
  if (previous === null || previous === running.path || linked.length === 0)
    return unknown('the system before this one, by the record, is not a kept generation');
  if (Math.abs(record.enteredAt - switchedAt) > SLACK_MS || switchedAt > now + SLACK_MS) {
    return unknown(`the record does not go with the switch at ${utc(switchedAt)}, by the link of what runs`);
  }
  const before = systemOf(claimed, previous);
  return {
    running: running.path,
    systems: {
      [running.path]: { ...entered(record, switchedAt, now), previous },
      ...(before && { [previous]: left(before, Math.min(...linked), switchedAt, evidence) }),
    },
    lastChange: null,
    repeat: null,
  };
}

/** Limits the times of the running system: it was entered when root reads it was, and nothing failed before. */
const entered = (record: SystemRecord, enteredAt: number, now: number): SystemRecord => ({
  ...cut(record),
  enteredAt,
  units: units(record, (unit) => ({
    ...unit,
    failedAt: between(enteredAt, unit.failedAt, Math.max(enteredAt, now)),
  })),
});

/** Limits the times of the previous system to those between its creation and the switch. */
const left = (
  record: SystemRecord,
  madeAt: number,
  leftAt: number,
  { healthyMs }: Guards['evidence'],
): SystemRecord => ({
  ...cut(record),
  previous: null,
  units: units(record, (unit) => ({
    ...unit,
    healthy: unit.healthy && leftAt - madeAt >= healthyMs,
    activeSince: between(madeAt, unit.activeSince, leftAt),
    activeUntil: between(madeAt, unit.activeUntil, leftAt),
  })),
});

const between = (from: number, at: number | null, to: number): number | null =>
  at === null ? null : Math.min(Math.max(at, from), to);

const cut = (record: SystemRecord): SystemRecord => ({
  ...record,
  bad: record.bad && { ...record.bad, why: record.bad.why.slice(0, LONGEST_WORDS) },
});

const units = (
  record: SystemRecord,
  change: (unit: UnitRecord) => UnitRecord,
): Readonly<Record<string, UnitRecord>> =>
  Object.fromEntries(
    Object.entries(record.units)
      .filter(([name]) => isUnitName(name))
      .slice(0, UNITS)
      .map(([name, unit]) => [name, change(unit)]),
  );
