import { unknown } from '../../model/reading.js';
import type { UnitRelations } from '../../model/unit-relations.js';
import { identityOf, merged, type UnitProperties } from './unit-facts.js';

/** Properties that are lists of units. */
const LISTS = {
  requires: 'Requires',
  requisite: 'Requisite',
  bindsTo: 'BindsTo',
  wants: 'Wants',
  upholds: 'Upholds',
  conflicts: 'Conflicts',
  conflictedBy: 'ConflictedBy',
  requiredBy: 'RequiredBy',
  requisiteOf: 'RequisiteOf',
  boundBy: 'BoundBy',
  consistsOf: 'ConsistsOf',
  wantedBy: 'WantedBy',
  propagatesStopTo: 'PropagatesStopTo',
  propagatesReloadTo: 'PropagatesReloadTo',
  onFailure: 'OnFailure',
  onSuccess: 'OnSuccess',
} as const;

/** Properties that are single words. */
const WORDS = {
  onFailureJobMode: 'OnFailureJobMode',
  onSuccessJobMode: 'OnSuccessJobMode',
  successAction: 'SuccessAction',
  failureAction: 'FailureAction',
  startLimitAction: 'StartLimitAction',
  jobTimeoutAction: 'JobTimeoutAction',
} as const;

/** Properties that {@link parseUnitRelations} reads. */
export const RELATION_PROPERTIES: readonly string[] = [
  ...['Id', 'Names', 'LoadState', 'ActiveState', 'CanReload', 'RefuseManualStart', 'NeedDaemonReload'],
  'StopWhenUnneeded',
  ...['InactiveExitTimestamp', 'ConditionTimestamp', 'StartLimitIntervalUSec', 'StartLimitBurst'],
  ...Object.values(LISTS),
  ...Object.values(WORDS),
];

const NOT_LOOKED_UP = unknown('looked up only for a unit with a StartLimitAction');

/** Converts the properties of a unit to its relations. Throws if they are not those of a unit. */
export function parseUnitRelations(name: string, properties: UnitProperties): UnitRelations {
  const { text, words, flag, count, moment, span } = properties;
  const identity = identityOf(name, properties);
  return Object.freeze({
    ...identity,
    type: identity.id.endsWith('.service') ? text('Type') : '',
    canReload: flag('CanReload'),
    refuseManualStart: flag('RefuseManualStart'),
    stopWhenUnneeded: flag('StopWhenUnneeded'),
    needDaemonReload: flag('NeedDaemonReload'),
    triedThisBoot: moment('InactiveExitTimestamp') > 0 || moment('ConditionTimestamp') > 0,
    ...mapped(LISTS, (property) => merged(words(property))),
    ...mapped(WORDS, text),
    startLimitIntervalMs: span('StartLimitIntervalUSec'),
    startLimitBurst: count('StartLimitBurst'),
    recentStarts: NOT_LOOKED_UP,
  });
}

const mapped = <Key extends string, Value>(
  names: Readonly<Record<Key, string>>,
  read: (property: string) => Value,
): Record<Key, Value> =>
  Object.fromEntries(Object.entries<string>(names).map(([key, property]) => [key, read(property)])) as Record<
    Key,
    Value
  >;
