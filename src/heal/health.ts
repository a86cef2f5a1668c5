import { lapse } from '../guard/approvals.js';
import { beginHealth, recordAct, recordHealth, recordTrouble } from '../guard/record.js';
import { recordOf, type GuardState } from '../guard/state.js';
import { stormAfter } from '../guard/storm.js';
import type { ComponentVerdict } from '../issue.js';
import { lookAgain } from './look.js';
import type { Parts } from './parts.js';

/** Whether a look at a host that is well changes nothing in the state: nothing is remembered that it could change. */
export function isBlank({ components, approvals, intents, cautious, storm }: GuardState): boolean {
  if (cautious || storm !== null || approvals.length > 0 || intents.length > 0) return false;
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
  if (approvals.length > 0 && !dryRun) noteLapses(parts);
  const remembered = new Set(
    [...Object.keys(components), ...intents.map(({ component }) => component)].filter(
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
  if (intents.length > 0 && !dryRun) await settleInterrupted(seen, parts);
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

const RANK = { ok: 0, unknown: 1, bad: 2 } as const;

function worstOf(verdicts: readonly ComponentVerdict[]): Map<string, ComponentVerdict['status']> {
  const worst = new Map<string, ComponentVerdict['status']>();
  for (const { component, status: said, transient } of verdicts) {
    const status = said === 'ok' && transient ? 'unknown' : said;
    if (RANK[status] >= RANK[worst.get(component) ?? 'ok']) worst.set(component, status);
  }
  return worst;
}

/** Acts whose end nobody wrote down are verified by what is seen now; they are never blindly repeated. */
export async function settleInterrupted(verdicts: readonly ComponentVerdict[], parts: Parts): Promise<void> {
  const { ledger, guards, clock, logger, bootId, inHand } = parts;
  const worst = worstOf(verdicts);
  const seen = new Map(verdicts.map((verdict) => [verdict.component, verdict]));
  for (const { at: begun, component, action, scope, bootId: boot } of ledger.state.intents) {
    const status = worst.get(component);
    // What this very engine is doing is not interrupted; and what is not known now is looked at again.
    if (inHand(component) || status === undefined || status === 'unknown') continue;
    if (!hasSettled(component, status, begun, parts)) continue;
    const why = boot === bootId ? 'the engine was interrupted' : 'the host was restarted';
    // A service that nobody listed may be down without being in trouble; after a repair of ours it is.
    const verdict = seen.get(component);
    const down = status === 'ok' && verdict?.check === 'services' && verdict.value === 0;
    const outcome = status === 'ok' && !down ? 'fixed' : 'failed';
    const found =
      outcome === 'fixed' ? 'well' : down ? 'not running, and a person has to start it' : 'not well';
    const words = `${why} while \`${action}\` was under way; read again, it is ${found}`;
    logger.warn(`${component}: ${words}`);
    await ledger
      .write((state, at) =>
        recordAct(state, { at, component, action, scope, outcome, words }, guards, {
          chance: clock.random(),
        }),
      )
      .catch(() => undefined);
  }
}

/** Whether the outcome can be told: what is well must have been so for the settle time, or it was begun long ago. */
function hasSettled(
  component: string,
  status: 'ok' | 'bad',
  begun: number,
  { ledger, guards }: Parts,
): boolean {
  const now = ledger.now();
  if (now - begun < guards.settleMs.service) return false;
  if (status === 'bad' || now - begun >= guards.backoff.resetAfterMs) return true;
  ledger.note((state, at) => beginHealth(state, component, at));
  const { healthySince } = recordOf(ledger.state, component);
  return healthySince !== null && now - healthySince >= guards.settleMs.service;
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
