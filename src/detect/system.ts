import { isUnknown, type Reading } from '../host/reading.js';
import type { SystemReading, UnitsReading } from '../host/snapshot.js';
import { IssueType, Severity, type ComponentVerdict, type Verdict } from '../issue.js';
import { judgeOom, type OomKills } from './oom.js';

const HEALTHY = ['running', 'initializing', 'starting', 'stopping'];

/**
 * The system as a whole: systemd's own state, the root file system, and kills for want of memory. All three are
 * reported (`LOW`) and never acted on: what is behind them has issues of its own, or needs a person.
 */
export function judgeSystem(
  system: Reading<SystemReading>,
  kills: Reading<OomKills>,
  units: Reading<UnitsReading>,
): ComponentVerdict[] {
  return [
    { ...about('system:state'), ...judgeState(isUnknown(system) ? system : system.state) },
    { ...about('system:rootfs'), ...judgeRootfs(isUnknown(system) ? system : system.rootfs) },
    { ...about('system:oom'), ...judgeOom(kills, units) },
  ];
}

const about = (component: string): Pick<ComponentVerdict, 'check' | 'component' | 'type'> => ({
  check: 'system',
  component,
  type: IssueType.SYSTEM,
});

function judgeState(state: SystemReading['state']): Verdict {
  if (isUnknown(state)) return { status: 'unknown', reason: state.unknown };
  return reported(HEALTHY.includes(state), `systemd says that the system is ${state}`);
}

function judgeRootfs(rootfs: SystemReading['rootfs']): Verdict {
  if (isUnknown(rootfs)) return { status: 'unknown', reason: rootfs.unknown };
  return reported(!rootfs.readOnly, rootfs.reason);
}

const reported = (healthy: boolean, reason: string): Verdict => ({
  status: healthy ? 'ok' : 'bad',
  severity: Severity.LOW,
  value: healthy ? 1 : 0,
  threshold: 1,
  reason,
});
