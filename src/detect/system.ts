import { isUnknown, type Reading } from '../model/reading.js';
import type { SystemReading, UnitsReading } from '../model/snapshot.js';
import { componentOf } from '../model/unit-name.js';
import { IssueType, Severity, type ComponentVerdict, type Verdict } from '../model/issue.js';
import { judgeOom, type OomKills } from './oom.js';

/** Maximum number of failed units in one sentence. */
const MOST_NAMED = 10;

const HEALTHY = ['running', 'initializing', 'starting', 'stopping'];

/**
 * Judges the system as a whole: the state of systemd and out-of-memory kills. Both are reported (`LOW`) and never acted
 * on. `ownIssues`: components with issues of their own, which the sentence on a degraded system leaves out.
 */
export function judgeSystem(
  system: Reading<SystemReading>,
  kills: Reading<OomKills>,
  units: Reading<UnitsReading>,
  ownIssues: ReadonlySet<string> = new Set(),
): ComponentVerdict[] {
  return [
    { ...about('system:state'), ...judgeState(isUnknown(system) ? system : system.state, units, ownIssues) },
    { ...about('system:oom'), ...judgeOom(kills, units) },
  ];
}

const about = (component: string): Pick<ComponentVerdict, 'check' | 'component' | 'type'> => ({
  check: 'system',
  component,
  type: IssueType.SYSTEM,
});

function judgeState(
  state: SystemReading['state'],
  units: Reading<UnitsReading>,
  ownIssues: ReadonlySet<string>,
): Verdict {
  if (isUnknown(state)) return { status: 'unknown', reason: state.unknown };
  const failed = state === 'degraded' ? `: ${failedWords(units, ownIssues)}` : '';
  return reported(HEALTHY.includes(state), `systemd says that the system is ${state}${failed}`);
}

/** Names the failed units that have no issue of their own. */
function failedWords(units: Reading<UnitsReading>, ownIssues: ReadonlySet<string>): string {
  if (isUnknown(units)) return `the units cannot be read (${units.unknown})`;
  const { asked, matched = [], members = [], troubled } = units;
  const failed = [...asked, ...matched, ...members, ...troubled].filter(
    ({ activeState }) => activeState === 'failed',
  );
  const ids = [...new Set(failed.map(({ id }) => id))];
  const hasOwn = (id: string): boolean =>
    failed.some((unit) => unit.id === id && [unit.name, id].some((name) => ownIssues.has(componentOf(name))));
  const others = ids.filter((id) => !hasOwn(id));
  if (ids.length === 0) return 'no failed unit is left, `systemctl reset-failed` clears the word';
  if (others.length === 0) return 'each failed unit has its own issue';
  const shown = others.slice(0, MOST_NAMED).join(', ');
  const more = others.length > MOST_NAMED ? ` and ${others.length - MOST_NAMED} more` : '';
  return `${shown}${more} failed`;
}

const reported = (healthy: boolean, reason: string): Verdict => ({
  status: healthy ? 'ok' : 'bad',
  severity: Severity.LOW,
  value: healthy ? 1 : 0,
  threshold: 1,
  reason,
});
