import type { UnitRelations } from '../../model/unit-relations.js';
import { sinceEpoch } from './since-epoch.js';
import type { UnitCircumstances } from '../../model/unit-circumstances.js';
import type { UnitReading } from '../../model/unit.js';

/** What systemd itself tells of a unit; the rest of a {@link UnitReading} comes from us and from the journal. */
export interface UnitFacts extends Omit<
  UnitReading,
  keyof UnitCircumstances | 'recentRestarts' | 'dailyRestarts' | 'restartsAfterSuccess' | 'stoppedByJob'
> {
  readonly links: UnitLinks;
}

/** Which units a unit depends on, and when it went up and down: what its circumstances are found by. */
export interface UnitLinks {
  /** `BindsTo=`, `Requires=` (which `RequiresMountsFor=` adds to), `Requisite=` and `PartOf=`. */
  readonly dependsOn: readonly string[];
  /** `BindsTo=`: with them it is stopped however they end. The others stop it only when a job stops or restarts them. */
  readonly boundTo: readonly string[];
  /** `BindsTo=`, `Requires=` and `Requisite=`: without them it cannot be started. */
  readonly needsToStart: readonly string[];
  readonly partOf: readonly string[];
  readonly consistsOf: readonly string[];
  /** `Conflicts=` and `ConflictedBy=`. */
  readonly conflicts: readonly string[];
  /** Units that need this one: `RequiredBy=`, `RequisiteOf=`, `BoundBy=` and `ConsistsOf=`. */
  readonly dependents: readonly string[];
  /** Units that have it started: `WantedBy=`, `RequiredBy=`, `BoundBy=`, `UpheldBy=` and `TriggeredBy=`. */
  readonly startedBy: readonly string[];
  /** When it last began to start, stopped being active, and was down: monotonic, in milliseconds; 0 for never. */
  readonly upAt: number;
  readonly exitedAt: number;
  readonly downAt: number;
}

/** One answer of a route to systemd. */
export interface UnitsFacts {
  /** One entry for each name asked for, in that order. */
  readonly asked: readonly UnitFacts[];
  /** Units that are failed or waiting for their next automatic restart. */
  readonly troubled: readonly UnitFacts[];
  /** Loaded units that match a pattern, without targets. */
  readonly matched: readonly UnitFacts[];
}

/** What of systemd to read. */
export interface UnitsRequest extends StateRequest {
  /** Units by name, with or without `.service`. */
  readonly names: readonly string[];
  /** Also find loaded units that match these patterns. */
  readonly patterns?: readonly string[] | undefined;
  /** Also find units in trouble that nobody named. */
  readonly discover: boolean;
  /** The units belong to the reading that was made just before: its answer will do where it has them. Default `false`. */
  readonly beside?: boolean | undefined;
  /** Asks about the named units although no change of them was signalled. Default `false`. */
  readonly fresh?: boolean | undefined;
}

/** How to read it. */
export interface StateRequest {
  /** What systemd last told will do where no change was signalled since, and it is not too old. Default `false`. */
  readonly recent?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A route to systemd. Its methods reject when the route does not lead there now. */
export interface UnitSource {
  /** Reads units by their full names. */
  readUnits(request: UnitsRequest): Promise<UnitsFacts>;
  /** Active states by full name, in that order; empty for what is not loaded. One question for all. */
  states(names: readonly string[], signal?: AbortSignal): Promise<readonly string[]>;
  /** How many tasks the control groups of these services hold, in that order; 0 where that is not counted. */
  tasks(services: readonly string[], signal?: AbortSignal): Promise<readonly number[]>;
  /**
   * Another number whenever a unit that is heard of may have changed; `NaN`, which equals nothing, where that is not heard. Absent for a
   * route that hears nothing.
   */
  readonly version?: number;
  /** Whether the changes of all units are heard, and not only of those that were read. */
  readonly hearsAll?: boolean;
  /** Whether a stop job ended the last run of a unit, where the route has heard that; else `undefined`. */
  stopped?(unit: UnitFacts): boolean | undefined;
  readState(request?: StateRequest): Promise<string>;
  /** Full names of the services that are active. */
  activeServices(signal?: AbortSignal): Promise<readonly string[]>;
  /** Reads how units relate to others, by full name and in that order. */
  relations(units: readonly string[], signal?: AbortSignal): Promise<readonly UnitRelations[]>;
  close(): void;
}

/** A unit's properties, however they came here. What is missing is empty, `false` or 0. */
export interface UnitProperties {
  readonly text: (name: string) => string;
  readonly words: (name: string) => readonly string[];
  readonly flag: (name: string) => boolean;
  readonly count: (name: string) => number;
  /** A moment in milliseconds since the epoch, 0 for never. */
  readonly moment: (name: string) => number;
  /** A time span in milliseconds, `Infinity` for no limit. */
  readonly span: (name: string) => number;
}

/** What has to be looked up elsewhere than in the unit's own properties. */
export interface UnitSurroundings {
  /** Kind of the job that is under way, or empty. */
  readonly job: string;
  readonly stateOf: (unit: string) => string;
  readonly dragsAlong: readonly string[];
}

/** States by which trouble is found; a unit matches by its active or by its sub state. 254 added the last. */
export const TROUBLED_STATES: readonly string[] = ['failed', 'auto-restart', 'auto-restart-queued'];

/** Properties by which a unit takes others down with it when it stops. */
export const DRAG_PROPERTIES = [
  'RequiredBy',
  'BoundBy',
  'ConsistsOf',
  'RequisiteOf',
  'PropagatesStopTo',
] as const;

/** The properties of every unit that {@link unitFacts} reads. */
export const UNIT_PROPERTIES = [
  ...['Id', 'Names', 'LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'Transient', 'CanReload'],
  ...[
    'InvocationID',
    'ActiveEnterTimestamp',
    'ConditionResult',
    'ConditionTimestamp',
    'Job',
    'TriggeredBy',
    'Triggers',
  ],
  ...['InactiveEnterTimestampMonotonic', 'InactiveExitTimestampMonotonic', 'ActiveExitTimestampMonotonic'],
  ...['StateChangeTimestampMonotonic', 'LoadError', 'NeedDaemonReload'],
  ...['WantedBy', 'UpheldBy', 'Requires', 'Requisite', 'BindsTo', 'PartOf', 'Conflicts', 'ConflictedBy'],
  ...['After', ...DRAG_PROPERTIES],
] as const;

/** The properties that only services have. */
export const SERVICE_PROPERTIES = [
  ...['Type', 'Result', 'ExecMainStatus', 'ExecMainCode', 'NRestarts', 'RestartUSec', 'RemainAfterExit'],
] as const;

/** By which properties a kind of unit says how long it may take to start and to stop; most do so at once. */
export function timeoutProperties(id: string): { readonly start?: string; readonly stop?: string } {
  if (id.endsWith('.service')) return { start: 'TimeoutStartUSec', stop: 'TimeoutStopUSec' };
  if (/\.(socket|mount|swap)$/.test(id)) return { start: 'TimeoutUSec', stop: 'TimeoutUSec' };
  return id.endsWith('.scope') ? { stop: 'TimeoutStopUSec' } : {};
}

/** Makes what we say of a unit out of its properties. Throws when these are not the properties of a unit. */
export function unitFacts(name: string, properties: UnitProperties, around: UnitSurroundings): UnitFacts {
  const { text, words, flag, count, moment, span } = properties;
  const id = text('Id');
  const service = id.endsWith('.service');
  const { start, stop } = timeoutProperties(id);
  if (id === '' || text('LoadState') === '' || text('ActiveState') === '')
    throw new Error(`systemd said nothing of ${name}`);
  return {
    name,
    id,
    names: [id, ...merged(words('Names')).filter((other) => other !== id)],
    loadState: text('LoadState'),
    loadError: words('LoadError')[1] ?? '',
    needsReload: flag('NeedDaemonReload'),
    activeState: text('ActiveState'),
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
    transitionSince: sinceEpoch(count(BEGINNINGS[text('ActiveState')] ?? '')),
    // A unit whose conditions were never tested has a result of `false` too.
    conditionMet: flag('ConditionResult') || moment('ConditionTimestamp') === 0,
    conditionAt: moment('ConditionTimestamp'),
    job: around.job,
    triggeredBy: merged(words('TriggeredBy')).map((unit) => ({
      name: unit,
      activeState: around.stateOf(unit),
    })),
    triggers: merged(words('Triggers')),
    wantedBy: merged(words('WantedBy'), words('RequiredBy')),
    dragsAlong: around.dragsAlong,
    requires: merged(words('Requires'), words('BindsTo')),
    needs: merged(words('Requires'), words('BindsTo'), words('After')),
    startTimeoutMs: start ? span(start) : Infinity,
    stopTimeoutMs: stop ? span(stop) : Infinity,
    links: linksOf(properties),
  };
}

/** What `waitid` says of how a process ended. */
const EXIT_KINDS: readonly UnitReading['exitKind'][] = ['', 'exited', 'killed', 'dumped'];

/** When a transition began, by the state it shows as; sub-states come and go within it. */
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

/** Puts lists together: each word once, in alphabetical order. */
export const merged = (...lists: readonly (readonly string[])[]): readonly string[] =>
  [...new Set(lists.flat())].sort();
