import { unitName } from '../model/unit-name.js';
import { NO_CIRCUMSTANCES } from '../model/unit-circumstances.js';
import type { UnitRelations } from '../model/unit-relations.js';
import type { UnitReading } from '../model/unit.js';

/** Creates the reading of a healthy unit, by default `nginx.service`. `id` and `names` default to `name`. */
export function unitReading(overrides: Partial<UnitReading> = {}): UnitReading {
  const name = unitName(overrides.name ?? overrides.id ?? 'nginx');
  const id = overrides.id ?? name;
  return {
    loadState: 'loaded',
    loadError: '',
    needsReload: false,
    activeState: 'active',
    subState: 'running',
    unitFileState: 'enabled',
    type: 'notify',
    result: 'success',
    exitStatus: 0,
    exitKind: '',
    remainsAfterExit: false,
    transient: false,
    canReload: true,
    invocationId: '00000000000000000000000000000001',
    restarts: 0,
    restartDelayMs: 100,
    recentRestarts: 0,
    dailyRestarts: 0,
    restartsAfterSuccess: false,
    activeSince: Date.UTC(2025, 0, 1),
    inactiveSince: 0,
    transitionSince: 0,
    conditionMet: true,
    conditionAt: 0,
    job: '',
    triggeredBy: [],
    triggers: [],
    wantedBy: ['multi-user.target'],
    dragsAlong: [],
    requires: [],
    needs: ['network.target'],
    startTimeoutMs: 90_000,
    stopTimeoutMs: 90_000,
    stoppedByJob: { unknown: 'not looked up' },
    ...NO_CIRCUMSTANCES,
    ...overrides,
    name,
    id,
    names: overrides.names ?? [...new Set([id, name])],
  };
}

/** Creates the reading of a failed service whose main process exited with 1. */
export function failedUnit(overrides: Partial<UnitReading> = {}): UnitReading {
  return unitReading({
    activeState: 'failed',
    subState: 'failed',
    result: 'exit-code',
    exitStatus: 1,
    exitKind: 'exited',
    ...overrides,
  });
}

/** Creates the reading of a unit that does not exist. */
export function unknownUnit(name: string): UnitReading {
  return unitReading({
    name,
    loadState: 'not-found',
    activeState: 'inactive',
    subState: 'dead',
    unitFileState: '',
    type: '',
    result: '',
    invocationId: '',
    activeSince: 0,
    inactiveSince: 0,
    canReload: false,
    wantedBy: [],
    requires: [],
    needs: [],
  });
}

/** Creates the relations of a loaded, inactive service that affects no other unit. */
export function unitRelations(overrides: Partial<UnitRelations> & { readonly name: string }): UnitRelations {
  const id = overrides.id ?? overrides.name;
  return {
    loadState: 'loaded',
    activeState: 'inactive',
    type: id.endsWith('.service') ? 'simple' : '',
    canReload: false,
    refuseManualStart: false,
    stopWhenUnneeded: false,
    needDaemonReload: false,
    triedThisBoot: false,
    requires: [],
    requisite: [],
    bindsTo: [],
    wants: [],
    upholds: [],
    conflicts: [],
    conflictedBy: [],
    requiredBy: [],
    requisiteOf: [],
    boundBy: [],
    consistsOf: [],
    wantedBy: [],
    propagatesStopTo: [],
    propagatesReloadTo: [],
    onFailure: [],
    onSuccess: [],
    onFailureJobMode: 'replace',
    onSuccessJobMode: 'fail',
    successAction: 'none',
    failureAction: 'none',
    startLimitAction: 'none',
    jobTimeoutAction: 'none',
    startLimitIntervalMs: 10_000,
    startLimitBurst: 5,
    recentStarts: [],
    ...overrides,
    id,
    names: overrides.names ?? [...new Set([id, overrides.name])],
  };
}
