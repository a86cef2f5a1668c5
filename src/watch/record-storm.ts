import { listedNames } from '../detect/watched-units.js';
import { stormAfter, type StormGroup } from '../memory/storm.js';
import { unitName } from '../model/unit-name.js';
import { IssueType, Severity } from '../model/issue.js';
import type { EnginePorts } from '../repair/ports.js';
import type { OpenIssue, OpenIssues } from './open-issues.js';

type StormPorts = Pick<EnginePorts, 'ledger' | 'guards' | 'policy' | 'emit'>;

/** Watches for a storm among services. Emits when one begins or ends. */
export function noteStorm(open: OpenIssues, ports: StormPorts): void {
  const { ledger, guards, emit } = ports;
  const before = ledger.state.storm;
  const { services, share, discovered } = guards.storm;
  if (before === null && open.issues.length < Math.min(discovered, moreThan(share, services))) return;
  const bad = servicesIn(open);
  const groups = groupsOf(bad, ports);
  ledger.note((state, now) => ({ ...state, storm: stormAfter(state.storm, groups, now, guards) }));
  const after = ledger.state.storm;
  if (before === null && after !== null) {
    const lately = bad.filter(({ since }) => since > after.lastFailure - guards.storm.withinMs);
    emit('storm:began', { components: lately.map(({ issue }) => issue.component) });
  }
  if (before !== null && after === null) emit('storm:ended', { lastedMs: ledger.now() - before.since });
}

function groupsOf(bad: readonly OpenIssue[], { guards, policy }: StormPorts): StormGroup[] {
  const { services, share, discovered } = guards.storm;
  const listed = listedNames(policy.services ?? new Map()).length;
  const isListed = ({ issue }: OpenIssue): boolean =>
    issue.check === 'services' && policy.services?.has(unitNameOf(issue.component)) === true;
  const isCustom = ({ issue }: OpenIssue): boolean => issue.check !== 'services';
  const unlisted = bad.filter((one) => !isCustom(one) && !isListed(one));
  const group = (members: readonly OpenIssue[], atLeast: number): StormGroup => ({
    badSince: members.map(({ since }) => since),
    atLeast,
  });
  return [
    group(bad.filter(isListed), listed < services ? Infinity : moreThan(share, listed)),
    group(unlisted, discovered),
    group(bad.filter(isCustom), discovered),
  ];
}

/** Returns the smallest number that exceeds a share of a count. */
const moreThan = (share: number, count: number): number => Math.floor(share * count) + 1;

const servicesIn = (open: OpenIssues): readonly OpenIssue[] =>
  open.issues
    .filter(({ type, severity }) => type === IssueType.SERVICE && severity > Severity.LOW)
    .flatMap(({ component, check }) => open.about(component).filter(({ issue }) => issue.check === check));

/** Returns the full unit name; the component itself where it is not a unit name. */
function unitNameOf(component: string): string {
  try {
    return unitName(component);
  } catch {
    return component;
  }
}
