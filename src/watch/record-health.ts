import { lapse } from '../guard/approvals.js';
import { beginHealth, recordHealth, recordTrouble } from '../guard/record.js';
import type { GuardState } from '../guard/state.js';
import { stormAfter } from '../guard/storm.js';
import { undosOf, withoutOtherBoots } from '../guard/undo.js';
import type { ComponentVerdict } from '../issue.js';
import { lookAgain, worstOf } from '../detect/look-again.js';
import type { Parts } from '../heal/parts.js';
import { repairs } from '../repair/load.js';

/** Whether a look at a host that is well changes nothing in the state: nothing is remembered that it could change. */
export function isBlank(state: GuardState): boolean {
  const { components, approvals, intents, cautious, storm } = state;
  if (undosOf(state).length > 0 || cautious || storm !== null || approvals.length > 0 || intents.length > 0)
    return false;
  for (const _component in components) return false;
  return true;
}

/**
 * Writes into the state what a look at the host tells: lasting health, and how interrupted acts turned out. With
 * `only`, the look was at these components alone.
 */
export async function noteLook(
  verdicts: readonly ComponentVerdict[],
  parts: Parts,
  signal: AbortSignal,
  only?: ReadonlySet<string>,
): Promise<void> {
  const { ledger, guards, dryRun } = parts;
  const { components, approvals, intents, cautious } = ledger.state;
  const undos = undosOf(ledger.state);
  if (approvals.length > 0 && !dryRun) noteLapses(parts);
  const remembered = new Set(
    [...Object.keys(components), ...[...intents, ...undos].map(({ component }) => component)].filter(
      (component) => only?.has(component) ?? true,
    ),
  );
  // On a healthy host there is nothing to note, and nothing is made.
  if (remembered.size === 0 && !cautious) return;
  const seen = [...verdicts, ...(await lookFor(remembered, verdicts, parts, signal))];
  ledger.note((state, now) =>
    [...worstOf(seen)].reduce(
      (next, [component, status]) =>
        status === 'ok' ? recordHealth(next, component, now, guards) : recordTrouble(next, component),
      state,
    ),
  );
  if (undos.length > 0 && !dryRun) noteUndos(seen, parts);
  if (intents.length > 0 && !dryRun) await (await repairs()).settleInterrupted(seen, parts);
}

/** What waits to be taken back needs the health of its component counted, whether a repair is on record or not. */
function noteUndos(seen: readonly ComponentVerdict[], { ledger, bootId }: Parts): void {
  const worst = worstOf(seen);
  ledger.note((state, now) =>
    undosOf(state)
      .filter(({ component }) => worst.get(component) === 'ok')
      .reduce((next, { component }) => beginHealth(next, component, now), withoutOtherBoots(state, bootId)),
  );
}

/** Questions that nobody answered in time are answered with "no". */
export function noteLapses({ ledger, guards, clock }: Parts): void {
  ledger.note((state, now) => lapse(state, now, guards, clock.random()));
}

/** A unit that nobody listed, and that is well again, is not found any more: it has to be looked for by name. */
async function lookFor(
  remembered: ReadonlySet<string>,
  verdicts: readonly ComponentVerdict[],
  { detector }: Parts,
  signal: AbortSignal,
): Promise<ComponentVerdict[]> {
  const seen = new Set(verdicts.map(({ component }) => component));
  const found: ComponentVerdict[] = [];
  for (const component of remembered) {
    if (seen.has(component)) continue;
    const verdict = await lookAgain({ component }, detector, signal).catch(() => undefined);
    if (verdict) found.push({ ...verdict, component });
  }
  return found;
}

/** Watches for a storm among the listed services. Tells when one begins or ends. */
export function noteStorm(
  bad: readonly { readonly component: string; readonly since: number }[],
  parts: Parts,
): void {
  const { ledger, guards, policy, emit } = parts;
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
