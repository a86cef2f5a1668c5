import { stormAfter } from '../guard/storm.js';
import type { GuardState } from '../guard/state.js';
import { unitName } from '../host/systemd/unit-name.js';
import { IssueType, Severity } from '../issue.js';
import type { EnginePorts } from '../repair/ports.js';
import type { OpenIssues } from './open-issues.js';

type StormPorts = Pick<EnginePorts, 'ledger' | 'guards' | 'policy' | 'emit'>;

/** Watches for a storm among services. Emits when one begins or ends. */
export function noteStorm(open: OpenIssues, ports: StormPorts): void {
  const { ledger, guards, policy, emit } = ports;
  const bad = servicesIn(open, ports);
  const listed = policy.services?.size ?? 0;
  const before = ledger.state.storm;
  if (before === null && (listed < guards.storm.services || bad.length === 0)) return;
  const badSince = bad.map(({ since }) => since);
  ledger.note((state: GuardState, now) => ({
    ...state,
    storm: stormAfter(state.storm, { listed, badSince }, now, guards),
  }));
  const after = ledger.state.storm;
  if (before === null && after !== null) {
    const lately = bad.filter(({ since }) => since > after.since - guards.storm.withinMs);
    emit('storm:began', { components: lately.map(({ component }) => component) });
  }
  if (before !== null && after === null) emit('storm:ended', { lastedMs: ledger.now() - before.since });
}

function servicesIn(
  open: OpenIssues,
  { policy }: StormPorts,
): readonly { readonly component: string; readonly since: number }[] {
  if (policy.services === undefined) return [];
  return open.issues
    .filter(({ type, severity }) => type === IssueType.SERVICE && severity > Severity.LOW)
    .flatMap(({ component }) => open.about(component))
    .filter(({ issue }) => policy.services?.has(unitNameOf(issue.component)))
    .map(({ issue, since }) => ({ component: issue.component, since }));
}

/** A listed service may be called by a word that is no unit name only if a check of the host program does so. */
function unitNameOf(component: string): string {
  try {
    return unitName(component);
  } catch {
    return component;
  }
}
