import type { UnitRelations } from '../../model/unit-relations.js';
import { sinceEpoch } from './systemd-clock.js';
import type { UnitCircumstances } from '../../model/unit-circumstances.js';
import type { UnitReading } from '../../model/unit.js';

/** Facts about a unit from its properties; the rest of a {@link UnitReading} comes from the journal and earlier readings. */
export interface UnitFacts extends Omit<
  UnitReading,
  keyof UnitCircumstances | 'recentRestarts' | 'dailyRestarts' | 'restartsAfterSuccess' | 'stoppedByJob'
> {
  readonly links: UnitLinks;
}

/** Dependencies of a unit, and times of its last run. */
export interface UnitLinks {
  /** `BindsTo=`, `Requires=` (which `RequiresMountsFor=` adds to), `Requisite=` and `PartOf=`. */
  readonly dependsOn: readonly string[];
  /** `BindsTo=`: they stop the unit however they end, the others only by a stop or restart job. */
  readonly boundTo: readonly string[];
  /** `BindsTo=`, `Requires=` and `Requisite=`. */
  readonly needsToStart: readonly string[];
  readonly partOf: readonly string[];
  readonly consistsOf: readonly string[];
  /** `Conflicts=` and `ConflictedBy=`. */
  readonly conflicts: readonly string[];
  /** `RequiredBy=`, `RequisiteOf=`, `BoundBy=` and `ConsistsOf=`. */
  readonly dependents: readonly string[];
  /** `WantedBy=`, `RequiredBy=`, `BoundBy=`, `UpheldBy=` and `TriggeredBy=`. */
  readonly startedBy: readonly string[];
  /** Times at which it last began to start, left the active state, and was down: monotonic milliseconds; 0 for never. */
  readonly upAt: number;
  readonly exitedAt: number;
  readonly downAt: number;
}

export interface UnitsFacts {
  /** One entry per requested name, in that order. */
  readonly asked: readonly UnitFacts[];
  /** Units that are failed or waiting for their next automatic restart. */
  readonly troubled: readonly UnitFacts[];
  /** Loaded units that match a pattern, without targets. */
  readonly matched: readonly UnitFacts[];
}

export interface UnitsRequest extends StateRequest {
  /** Units by name, with or without `.service`. */
  readonly names: readonly string[];
  /** Also find loaded units that match these patterns. */
  readonly patterns?: readonly string[] | undefined;
  /** Also find failing units that are not named. */
  readonly discover: boolean;
  /** Reuses the reading made just before for the units that it contains. Default `false`. */
  readonly beside?: boolean | undefined;
  /** Reads the named units even if no change was signalled. Default `false`. */
  readonly fresh?: boolean | undefined;
}

export interface StateRequest {
  /** Allows the last result if no change was signalled since and it is not too old. Default `false`. */
  readonly recent?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Source of unit data: D-Bus or `systemctl`. Its methods reject if systemd cannot be reached. */
export interface UnitSource {
  /** Reads units by their full names. */
  readUnits(request: UnitsRequest): Promise<UnitsFacts>;
  /** Reads active states by full name, in that order; empty for a unit that is not loaded. */
  states(names: readonly string[], signal?: AbortSignal): Promise<readonly string[]>;
  /** Reads the number of tasks of these services, in that order; 0 without task accounting. */
  tasks(services: readonly string[], signal?: AbortSignal): Promise<readonly number[]>;
  /** Incremented on every signalled change; `NaN`, which equals nothing, while there are no signals. */
  readonly version?: number;
  /** True if the changes of all units are signalled, and not only of those that were read. */
  readonly followsAll?: boolean;
  /** Returns whether a stop job ended the last run of a unit; `undefined` if unknown. */
  stopped?(unit: UnitFacts): boolean | undefined;
  /** Returns whether the last job of a unit that is down was a start that failed because of a dependency; `undefined` if unknown. */
  startFailed?(unit: UnitFacts): boolean | undefined;
  readState(signal?: AbortSignal): Promise<string>;
  /** Lists the full names of the active services. */
  activeServices(signal?: AbortSignal): Promise<readonly string[]>;
  /** Reads the relations of units, by full name and in that order. */
  relations(units: readonly string[], signal?: AbortSignal): Promise<readonly UnitRelations[]>;
  close(): void;
}

/** Properties of a unit, from any source. A missing one is empty, `false` or 0. */
export interface UnitProperties {
  readonly text: (name: string) => string;
  readonly words: (name: string) => readonly string[];
  readonly flag: (name: string) => boolean;
  readonly count: (name: string) => number;
  /** Time in milliseconds since the epoch, 0 for never. */
  readonly moment: (name: string) => number;
  /** Time span in milliseconds, `Infinity` for no limit. */
  readonly span: (name: string) => number;
}

/** Facts that are not in the properties of the unit. */
export interface RelatedFacts {
  /** Type of the current job, or empty. */
  readonly job: string;
  readonly stateOf: (unit: string) => string;
  readonly dragsAlong: readonly string[];
}

/** Active states and sub-states of failing units. systemd 254 added the last. */
export const FAILING_STATES: readonly string[] = ['failed', 'auto-restart', 'auto-restart-queued'];

export const isFailing = ({ activeState, subState }: Pick<UnitFacts, 'activeState' | 'subState'>): boolean =>
  FAILING_STATES.includes(activeState) || FAILING_STATES.includes(subState);

export const isInactive = ({ activeState }: UnitFacts): boolean =>
  activeState === 'inactive' || activeState === 'failed';

/** Properties that list the units that are stopped with a unit. */
export const DRAG_PROPERTIES = [
  'RequiredBy',
  'BoundBy',
  'ConsistsOf',
  'RequisiteOf',
  'PropagatesStopTo',
] as const;

/** Returns the units that are stopped with a unit directly. */
export const dragsOf = ({ words }: UnitProperties): readonly string[] =>
  merged(...DRAG_PROPERTIES.map(words));

/** Properties of every unit that {@link unitFacts} reads. */
export const UNIT_PROPERTIES = [
  ...['Id', 'Names', 'LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'Transient', 'CanReload'],
  ...['InvocationID', 'ActiveEnterTimestamp', 'ConditionResult', 'ConditionTimestamp', 'Job', 'LoadError'],
  ...['InactiveEnterTimestampMonotonic', 'InactiveExitTimestampMonotonic', 'ActiveExitTimestampMonotonic'],
  ...['StateChangeTimestampMonotonic', 'NeedDaemonReload', 'TriggeredBy', 'Triggers'],
  ...['WantedBy', 'UpheldBy', 'Requires', 'Requisite', 'BindsTo', 'PartOf', 'Conflicts', 'ConflictedBy'],
  ...['After', ...DRAG_PROPERTIES],
] as const;

/** Properties of services that {@link unitFacts} reads. */
export const SERVICE_PROPERTIES = [
  ...['Type', 'Result', 'ExecMainStatus', 'ExecMainCode', 'NRestarts', 'RestartUSec', 'RemainAfterExit'],
] as const;

/** Returns the names of the timeout properties of a unit type, if it has any. */
export function timeoutProperties(id: string): { readonly start?: string; readonly stop?: string } {
  if (id.endsWith('.service')) return { start: 'TimeoutStartUSec', stop: 'TimeoutStopUSec' };
  if (/\.(socket|mount|swap)$/.test(id)) return { start: 'TimeoutUSec', stop: 'TimeoutUSec' };
  return id.endsWith('.scope') ? { stop: 'TimeoutStopUSec' } : {};
}

/** Converts the names and states of a unit. Throws if the properties are not those of a unit. */
export function identityOf(name: string, { text, words }: UnitProperties) {
  const [id, loadState, activeState] = [text('Id'), text('LoadState'), text('ActiveState')];
  if (id === '' || loadState === '' || activeState === '')
    throw new Error(`systemd returned no properties of ${name}`);
  const names = [id, ...merged(words('Names')).filter((other) => other !== id)];
  return { name, id, names, loadState, activeState };
}

/** Converts the properties of a unit. Throws if they are not those of a unit. */
export function unitFacts(name: string, properties: UnitProperties, related: RelatedFacts): UnitFacts {
  const { text, words, flag, count, moment, span } = properties;
  const identity = identityOf(name, properties);
  const { id, activeState } = identity;
  const service = id.endsWith('.service');
  const { start, stop } = timeoutProperties(id);
  return {
    ...identity,
    loadError: words('LoadError')[1] ?? '',
    needsReload: flag('NeedDaemonReload'),
    subState: text('SubState'),
    unitFileState: text('UnitFileState'),
    type: service ? text('Type') : '',
    result: service ? text('Result') : '',
    exitStatus: service ? count('ExecMainStatus') : 0,
    exitKind: (service ? EXIT_KINDS[count('ExecMainCode')] : undefined) ?? '',
    remainsAfterExit: service && flag('RemainAfterExit'),
    transient: flag('Transient'),
    canReload: flag('CanReload'),
    invocationId: text('InvocationID'),
    restarts: service ? count('NRestarts') : 0,
    restartDelayMs: service && Number.isFinite(span('RestartUSec')) ? span('RestartUSec') : 0,
    activeSince: moment('ActiveEnterTimestamp'),
    inactiveSince: sinceEpoch(count('InactiveEnterTimestampMonotonic')),
    transitionSince: sinceEpoch(count(BEGINNINGS[activeState] ?? '')),
    // `ConditionResult` is also `false` if the conditions were never tested.
    conditionMet: flag('ConditionResult') || moment('ConditionTimestamp') === 0,
    conditionAt: moment('ConditionTimestamp'),
    job: related.job,
    triggeredBy: merged(words('TriggeredBy')).map((unit) => ({
      name: unit,
      activeState: related.stateOf(unit),
    })),
    triggers: merged(words('Triggers')),
    wantedBy: merged(words('WantedBy'), words('RequiredBy')),
    dragsAlong: related.dragsAlong,
    requires: merged(words('Requires'), words('BindsTo')),
    needs: merged(words('Requires'), words('BindsTo'), words('After')),
    startTimeoutMs: start ? span(start) : Infinity,
    stopTimeoutMs: stop ? span(stop) : Infinity,
    links: linksOf(properties),
  };
}

/** By the code of `waitid`. */
const EXIT_KINDS: readonly UnitReading['exitKind'][] = ['', 'exited', 'killed', 'dumped'];

/** Property with the start time of a transition, by active state. */
const BEGINNINGS: Readonly<Record<string, string>> = {
  activating: 'InactiveExitTimestampMonotonic',
  deactivating: 'ActiveExitTimestampMonotonic',
  reloading: 'StateChangeTimestampMonotonic',
  refreshing: 'StateChangeTimestampMonotonic',
  maintenance: 'StateChangeTimestampMonotonic',
};

function linksOf({ words, count }: UnitProperties): UnitLinks {
  const needsToStart = merged(words('BindsTo'), words('Requires'), words('Requisite'));
  const milliseconds = (name: string): number => count(`${name}TimestampMonotonic`) / 1_000;
  return {
    dependsOn: merged(needsToStart, words('PartOf')),
    boundTo: merged(words('BindsTo')),
    needsToStart,
    partOf: merged(words('PartOf')),
    consistsOf: merged(words('ConsistsOf')),
    conflicts: merged(words('Conflicts'), words('ConflictedBy')),
    dependents: merged(...['RequiredBy', 'RequisiteOf', 'BoundBy', 'ConsistsOf'].map(words)),
    startedBy: merged(...['WantedBy', 'RequiredBy', 'BoundBy', 'UpheldBy', 'TriggeredBy'].map(words)),
    upAt: milliseconds('InactiveExit'),
    exitedAt: milliseconds('ActiveExit'),
    downAt: milliseconds('InactiveEnter'),
  };
}

/** Merges lists: each word once, in alphabetical order. */
export const merged = (...lists: readonly (readonly string[])[]): readonly string[] =>
  [...new Set(lists.flat())].sort();
