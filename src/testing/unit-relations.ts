import type { UnitRelations } from '../model/unit-relations.js';

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
