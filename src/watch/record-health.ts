import type { Detector } from '../detect/detector.js';
import { lookAgain, worstOf } from '../detect/look-again.js';
import { expireApprovals } from '../memory/approvals.js';
import { beginHealth, recordHealth, recordUnhealthy } from '../memory/component-record.js';
import type { GuardState, Undo } from '../memory/state.js';
import { undosOf, dropUndosOfOtherBoots } from '../memory/undo.js';
import type { ComponentVerdict } from '../model/issue.js';
import type { EnginePorts } from '../repair/ports.js';

/** Verifies repairs that an earlier run left open. */
export type Settle = (verdicts: readonly ComponentVerdict[]) => Promise<void>;

type HealthPorts = Pick<EnginePorts, 'ledger' | 'guards' | 'clock' | 'detector' | 'bootId'>;

/** Scope of a look. */
export interface LookScope {
  readonly signal: AbortSignal;
  readonly dryRun: boolean;
  /** Components of the look. Default: all. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Returns whether a component is being repaired. */
  readonly isActing: (component: string) => boolean;
}

/** Returns whether a look without a bad verdict changes nothing in the state. */
export function isBlank(state: GuardState): boolean {
  const { components, approvals, intents, cautious, storm } = state;
  if (undosOf(state).length > 0 || cautious || storm !== null || approvals.length > 0 || intents.length > 0)
    return false;
  for (const _component in components) return false;
  return true;
}

/** Records lasting health, and the outcome of interrupted repairs. */
export async function noteLook(
  verdicts: readonly ComponentVerdict[],
  ports: HealthPorts,
  settle: Settle,
  { signal, dryRun, only, isActing }: LookScope,
): Promise<void> {
  const { ledger, guards } = ports;
  const { components, approvals, intents, cautious } = ledger.state;
  const undos = undosOf(ledger.state);
  if (approvals.length > 0 && !dryRun) noteLapses(ports);
  const remembered = new Set(
    [...Object.keys(components), ...[...intents, ...undos].map(({ component }) => component)].filter(
      (component) => only?.has(component) ?? true,
    ),
  );
  // Nothing to record on a healthy host.
  if (remembered.size === 0 && !cautious) return;
  const wanted = [...remembered].map((component) => ({
    component,
    // The check that opened the issue judges the repair.
    check: intents.find((intent) => intent.component === component)?.check,
  }));
  const found = await lookFor(wanted, verdicts, ports.detector, isActing, signal);
  const seen = [...verdicts, ...found];
  ledger.note((state, now) =>
    [...worstOf(seen)].reduce(
      (next, [component, status]) =>
        status === 'ok' ? recordHealth(next, component, now, guards) : recordUnhealthy(next, component),
      state,
    ),
  );
  if (undos.length > 0 && !dryRun) noteUndos(seen, ports);
  if (intents.length > 0 && !dryRun) await settle(seen);
}

/** A pending undo needs the health of its component, even without a repair on record. */
function noteUndos(seen: readonly ComponentVerdict[], { ledger, bootId }: HealthPorts): void {
  const worst = worstOf(seen);
  const isOk = ({ component }: Undo): boolean => worst.get(component) === 'ok';
  ledger.note((state, now) =>
    undosOf(state)
      .filter(isOk)
      .reduce(
        (next, { component }) => beginHealth(next, component, now),
        dropUndosOfOtherBoots(state, bootId),
      ),
  );
}

/** Rejects requests that were not answered in time. */
export function noteLapses({
  ledger,
  guards,
  clock,
}: Pick<HealthPorts, 'ledger' | 'guards' | 'clock'>): void {
  ledger.note((state, now) => expireApprovals(state, now, guards, clock.random()));
}

/** Reads unlisted units by name: a look does not include them once they are ok. */
async function lookFor(
  wanted: readonly { readonly component: string; readonly check: string | undefined }[],
  verdicts: readonly ComponentVerdict[],
  detector: Detector,
  isActing: (component: string) => boolean,
  signal: AbortSignal,
): Promise<ComponentVerdict[]> {
  const found: ComponentVerdict[] = [];
  for (const { component, check } of wanted) {
    const isSeen = verdicts.some(
      (verdict) => verdict.component === component && (check === undefined || verdict.check === check),
    );
    if (isSeen || isActing(component)) continue;
    const again = await lookAgain(detector, { component, check, signal }).catch(() => []);
    found.push(...again.map((verdict) => ({ ...verdict, component })));
  }
  return found;
}
