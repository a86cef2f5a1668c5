import type { UnitRelations } from '../unit-relations.js';
import { sinceEpoch } from './since-epoch.js';
import type { UnitReading } from '../unit.js';

/** What systemd itself tells of a unit; the rest of a {@link UnitReading} comes from us and from the journal. */
export type UnitFacts = Omit<UnitReading, 'recentRestarts' | 'stoppedByJob'>;

/** One answer of a route to systemd. */
export interface UnitsFacts {
  /** One entry for each name asked for, in that order. */
  readonly asked: readonly UnitFacts[];
  /** Units that are failed or waiting for their next automatic restart. */
  readonly troubled: readonly UnitFacts[];
}

/** What of systemd to read. */
export interface UnitsRequest extends StateRequest {
  /** Units by name, with or without `.service`. */
  readonly names: readonly string[];
  /** Also find units in trouble that nobody named. */
  readonly discover: boolean;
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
  ...['InvocationID', 'ActiveEnterTimestamp', 'ConditionResult', 'ConditionTimestamp', 'Job', 'TriggeredBy'],
  'InactiveEnterTimestampMonotonic',
  ...['WantedBy', 'Requires', 'BindsTo', 'After', ...DRAG_PROPERTIES],
] as const;

/** The properties that only services have. */
export const SERVICE_PROPERTIES = ['Type', 'Result', 'ExecMainStatus', 'NRestarts'] as const;

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
    activeState: text('ActiveState'),
    subState: text('SubState'),
    unitFileState: text('UnitFileState'),
    type: service ? text('Type') : '',
    result: service ? text('Result') : '',
    exitStatus: service ? count('ExecMainStatus') : 0,
    transient: flag('Transient'),
    canReload: flag('CanReload'),
    invocationId: text('InvocationID'),
    restarts: service ? count('NRestarts') : 0,
    activeSince: moment('ActiveEnterTimestamp'),
    inactiveSince: sinceEpoch(count('InactiveEnterTimestampMonotonic')),
    // A unit whose conditions were never tested has a result of `false` too.
    conditionMet: flag('ConditionResult') || moment('ConditionTimestamp') === 0,
    job: around.job,
    triggeredBy: merged(words('TriggeredBy')).map((unit) => ({
      name: unit,
      activeState: around.stateOf(unit),
    })),
    wantedBy: merged(words('WantedBy'), words('RequiredBy')),
    dragsAlong: around.dragsAlong,
    requires: merged(words('Requires'), words('BindsTo')),
    needs: merged(words('Requires'), words('BindsTo'), words('After')),
    startTimeoutMs: start ? span(start) : Infinity,
    stopTimeoutMs: stop ? span(stop) : Infinity,
  };
}

/** Puts lists together: each word once, in alphabetical order. */
export const merged = (...lists: readonly (readonly string[])[]): readonly string[] =>
  [...new Set(lists.flat())].sort();
