import { isUnknown, type Reading } from '../host/reading.js';
import type { SystemReading } from '../host/snapshot.js';
import { IssueType, Severity, type ComponentVerdict } from '../issue.js';

const HEALTHY = ['running', 'initializing', 'starting', 'stopping'];

/** The system as a whole. systemd's own state is reported (`LOW`): what is behind it has issues of its own. */
export function judgeSystem(system: Reading<SystemReading>): ComponentVerdict[] {
  const about = { check: 'system', component: 'system:state', type: IssueType.SYSTEM };
  const state = isUnknown(system) ? system : system.state;
  if (isUnknown(state)) return [{ ...about, status: 'unknown', reason: state.unknown }];
  const healthy = HEALTHY.includes(state);
  return [
    {
      ...about,
      status: healthy ? 'ok' : 'bad',
      severity: Severity.LOW,
      value: healthy ? 1 : 0,
      threshold: 1,
      reason: `systemd says that the system is ${state}`,
    },
  ];
}
