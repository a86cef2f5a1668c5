import type { Effects, StartedUnit, TouchedUnit } from '../model/effects.js';
import type { UnitRelations } from '../model/unit-relations.js';

/** Kind of a systemd job. */
export type Verb = 'start' | 'restart' | 'reload' | 'stop';

/** One job of a plan. */
export interface PlannedJob {
  readonly verb: Verb;
  /** Full name of the unit. */
  readonly unit: string;
}

const UP = ['active', 'reloading', 'refreshing'];
const DOWN = ['inactive', 'failed'];
/** systemd drops a start job for a unit that is up, and what hangs on that job alone. */
const isUp = ({ activeState }: UnitRelations): boolean => UP.includes(activeState);
/** systemd drops a stop job for a unit that is down. */
const isDown = ({ activeState }: UnitRelations): boolean => DOWN.includes(activeState);

/**
 * Finds what the jobs of a plan do to other units, by the rules of systemd's `transaction.c`:
 *
 * - A start starts what the unit requires, binds to, wants and upholds, and stops what conflicts with any of these;
 *   it does not go on behind a unit that is up. `Requisite=` starts nothing: it only refuses. No dependent is touched.
 * - A stop stops the running units of `RequiredBy`, `RequisiteOf`, `BoundBy`, `ConsistsOf` and `PropagatesStopTo`.
 *   `StopPropagatedFrom` is the other end of the last one.
 * - A restart restarts the running dependents, each of which starts and stops others as a start of it would.
 * - A reload goes to `PropagatesReloadTo`.
 *
 * Pure. The facts come from `factsOf`; the full names of units that it does not have are in `missing`, which is empty
 * when the effects are complete.
 */
export function effectsOf(
  jobs: readonly PlannedJob[],
  factsOf: (unit: string) => UnitRelations | undefined,
): { readonly effects: Effects; readonly missing: readonly string[] } {
  const missing = new Set<string>();
  const facts = (names: readonly string[]): UnitRelations[] =>
    names.flatMap((name) => {
      const found = factsOf(name);
      if (found === undefined) missing.add(name);
      return found?.loadState === 'loaded' ? [found] : [];
    });
  const targets = facts(jobs.map(({ unit }) => unit));
  const { touched, touchedIfUp, started } = walked(jobs, facts);
  const mayRun = [...started.values(), ...[...touched.values()].map(({ unit }) => unit)];

  const onFailure = startedLater('onFailure', mayRun, facts);
  const onSuccess = startedLater('onSuccess', mayRun, facts);
  const emergency = [
    ...mayRun.flatMap(emergenciesOf),
    ...[onFailure, onSuccess].flatMap(({ units, touched: later }) => [
      ...units.flatMap(emergenciesOf),
      ...[...later.values()].map(({ unit }) => `${unit.id}: stopped if OnFailure= or OnSuccess= applies`),
    ]),
  ];
  const own = new Set(targets.map(({ id }) => id));
  const effects = Object.freeze({
    touches: listOf([...touched.values()].filter(({ unit }) => !own.has(unit.id)).map(touchedUnit)),
    touchesIfUp: sortedUnique(
      [...touchedIfUp.values()].filter(({ id }) => !own.has(id)).flatMap(({ names }) => names),
    ),
    starts: listOf([...started.values()].filter(({ id }) => !own.has(id)).map(startedUnit)),
    onFailure: sortedUnique(onFailure.units.map(({ id }) => id)),
    onSuccess: sortedUnique(onSuccess.units.map(({ id }) => id)),
    emergency: sortedUnique(emergency),
  });
  return { effects, missing: [...missing].sort() };
}

interface Touch {
  readonly unit: UnitRelations;
  readonly how: TouchedUnit['how'];
}

interface Walk {
  readonly touched: ReadonlyMap<string, Touch>;
  /** Units that systemd drops the job for because they are down. */
  readonly touchedIfUp: ReadonlyMap<string, UnitRelations>;
  readonly started: ReadonlyMap<string, UnitRelations>;
}

type FactsOf = (names: readonly string[]) => readonly UnitRelations[];

/** Follows the jobs to every job that systemd adds to them. Each unit is visited once for each kind of job. */
function walked(jobs: readonly PlannedJob[], facts: FactsOf): Walk {
  const touched = new Map<string, Touch>();
  const touchedIfUp = new Map<string, UnitRelations>();
  const started = new Map<string, UnitRelations>();
  const seen = new Set<string>();
  const queue = jobs.flatMap(({ verb, unit }) => facts([unit]).map((one) => ({ verb, one, asked: true })));
  const add = (verb: Verb, names: readonly string[]): void => {
    for (const one of facts(names)) queue.push({ verb, one, asked: false });
  };
  const touch = (unit: UnitRelations, how: Touch['how']): void => {
    // A stop is what is left of a restart or reload of the same unit.
    if (how === 'stopped' || !touched.has(unit.id)) touched.set(unit.id, { unit, how });
  };
  for (const { verb, one, asked } of queue) {
    const key = `${verb} ${one.id}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (!asked && verb !== 'start' && isDown(one)) touchedIfUp.set(one.id, one);
    if (!asked && isNoop(verb, one)) continue;
    if (verb === 'start') started.set(one.id, one);
    else touch(one, HOW[verb]);
    if (verb === 'start' || verb === 'restart') {
      add('start', [...one.requires, ...one.bindsTo, ...one.wants, ...one.upholds]);
      add('stop', [...one.conflicts, ...one.conflictedBy]);
    }
    if (verb === 'stop' || verb === 'restart') {
      add(verb, [...one.requiredBy, ...one.requisiteOf, ...one.boundBy, ...one.consistsOf]);
      add('stop', one.propagatesStopTo);
    }
    if (verb === 'reload') add('reload', one.propagatesReloadTo);
  }
  return { touched, touchedIfUp, started };
}

const HOW = { restart: 'restarted', reload: 'reloaded', stop: 'stopped' } as const;

/** Returns whether systemd drops such a job when it was added to a transaction. */
function isNoop(verb: Verb, unit: UnitRelations): boolean {
  if (verb === 'start') return isUp(unit);
  return isDown(unit) || (verb === 'reload' && !unit.canReload);
}

/** Returns the effects of a later start of what these units name. */
function startedLater(how: 'onFailure' | 'onSuccess', units: readonly UnitRelations[], facts: FactsOf) {
  const first = facts([...new Set(units.flatMap((unit) => unit[how]))]);
  const jobs = first.map(({ id }) => ({ verb: 'start' as const, unit: id }));
  const { touched, started } = walked(jobs, facts);
  return { touched, units: [...started.values()] };
}

/** Returns the emergency actions of one unit. */
function emergenciesOf(unit: UnitRelations): string[] {
  const actions = [
    ['SuccessAction', unit.successAction],
    ['FailureAction', unit.failureAction],
    ['StartLimitAction', unit.startLimitAction],
    ['JobTimeoutAction', unit.jobTimeoutAction],
  ] as const;
  const modes = [
    ['OnFailureJobMode', unit.onFailureJobMode, unit.onFailure],
    ['OnSuccessJobMode', unit.onSuccessJobMode, unit.onSuccess],
  ] as const;
  return [
    ...actions.filter(([, value]) => value !== '' && value !== 'none').map(words(unit)),
    ...modes.filter(([, value, units]) => value === 'isolate' && units.length > 0).map(words(unit)),
  ];
}

const words =
  ({ id }: UnitRelations) =>
  ([name, value]: readonly [string, string, ...unknown[]]): string =>
    `${id}: ${name}=${value}`;

/** Units that every boot reaches, and that start what early boot is made of. */
const BOOT_TARGETS = [
  ...['sysinit.target', 'basic.target', 'sockets.target', 'timers.target', 'paths.target', 'slices.target'],
  ...['local-fs.target', 'local-fs-pre.target', 'remote-fs.target', 'swap.target', 'cryptsetup.target'],
];

const touchedUnit = ({ unit, how }: Touch): TouchedUnit =>
  Object.freeze({ id: unit.id, names: unit.names, how, refuseManualStart: unit.refuseManualStart });

const startedUnit = (unit: UnitRelations): StartedUnit =>
  Object.freeze({ id: unit.id, names: unit.names, atBoot: isStartedAtBoot(unit) });

/**
 * Returns whether every boot starts a unit anyway: one that early boot wants, or a oneshot that this boot has tried. A
 * daemon is excluded: if this boot started it and it does not run, it was stopped since.
 */
function isStartedAtBoot({ id, type, triedThisBoot, wantedBy, requiredBy }: UnitRelations): boolean {
  if (id.endsWith('.service') && type !== 'oneshot') return false;
  const by = [...wantedBy, ...requiredBy];
  return triedThisBoot || by.some((unit) => BOOT_TARGETS.includes(unit) || /\.(mount|swap)$/.test(unit));
}

const listOf = <T extends { readonly id: string }>(units: readonly T[]): readonly T[] =>
  Object.freeze([...units].sort((one, other) => (one.id < other.id ? -1 : 1)));

const sortedUnique = (all: readonly string[]): readonly string[] => Object.freeze([...new Set(all)].sort());
