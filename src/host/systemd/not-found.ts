import { unknown } from '../../model/reading.js';
import { NO_CIRCUMSTANCES } from '../../model/unit-circumstances.js';
import type { UnitReading } from '../../model/unit.js';

/** What cannot even be the name of a unit. */
export const notFound = (name: string): UnitReading => ({
  ...{ name, id: name, names: [name] },
  ...{ loadState: 'not-found', loadError: '', needsReload: false },
  ...{ activeState: 'inactive', subState: 'dead', unitFileState: '', type: '' },
  ...{ result: '', exitStatus: 0, exitKind: '', remainsAfterExit: false },
  ...{ transient: false, canReload: false, invocationId: '' },
  ...{ restarts: 0, restartDelayMs: 0, recentRestarts: 0, dailyRestarts: 0, restartsAfterSuccess: false },
  ...{ activeSince: 0, inactiveSince: 0, transitionSince: 0, conditionMet: true, conditionAt: 0, job: '' },
  ...{ triggeredBy: [], triggers: [], wantedBy: [], dragsAlong: [], requires: [], needs: [] },
  ...{ startTimeoutMs: Infinity, stopTimeoutMs: Infinity },
  stoppedByJob: unknown('there is no such unit'),
  ...NO_CIRCUMSTANCES,
});
