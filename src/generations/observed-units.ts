import { isCrashLooping } from '../detect/services.js';
import type { UnitObservation } from '../memory/generations.js';
import { Severity, type ComponentVerdict } from '../model/issue.js';
import type { UnitsReading } from '../model/snapshot.js';
import type { UnitReading } from '../model/unit.js';
import { isUnitName } from '../model/unit-name.js';

export const isFailing = ({ check, status, severity = Severity.HIGH }: ComponentVerdict): boolean =>
  check === 'services' && status === 'bad' && severity >= Severity.HIGH;

/** Returns the full name of the unit of a verdict. */
export const nameOf = ({ component }: ComponentVerdict): string =>
  isUnitName(component) ? component : `${component}.service`;

/** Returns the units of a reading, each once, without unlisted ones that fail. */
export const unitsIn = ({ asked, matched = [], members = [] }: UnitsReading): readonly UnitReading[] => {
  const names = new Set(asked.map(({ id }) => id));
  return [...asked, ...[...matched, ...members].filter(({ id }) => !names.has(id))];
};

/** Returns the observation of a unit. Unlisted units have no invocation id: consecutive active readings count as one run. */
export function seenAs(unit: UnitReading, listed: boolean): UnitObservation {
  const { id: name, activeState, job } = unit;
  const run = listed ? unit.invocationId : '';
  if (activeState === 'failed' || isCrashLooping(unit)) return { name, run, state: 'failing' };
  if (activeState === 'active' && job === '') return { name, run, state: 'active' };
  return { name, run, state: activeState === 'inactive' ? 'down' : 'changing' };
}
