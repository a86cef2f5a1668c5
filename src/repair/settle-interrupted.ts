import { beginHealth } from '../guard/record.js';
import { recordAct } from '../guard/record-act.js';
import { recordOf, type Intent } from '../guard/state.js';
import { isUnknown } from '../host/reading.js';
import type { ComponentVerdict } from '../issue.js';
import { worstOf } from '../detect/look-again.js';
import type { Parts } from '../heal/parts.js';

/** Acts whose end nobody wrote down are verified by what is seen now; they are never blindly repeated. */
export async function settleInterrupted(verdicts: readonly ComponentVerdict[], parts: Parts): Promise<void> {
  const { ledger, guards, clock, logger, bootId, inHand } = parts;
  const worst = worstOf(verdicts);
  const seen = new Map(verdicts.map((verdict) => [verdict.component, verdict]));
  for (const intent of ledger.state.intents) {
    const { at: begun, component, action, scope, bootId: boot, awaitsReboot = false } = intent;
    const status = known(worst.get(component), intent, parts);
    // What this very engine is doing is not interrupted; and what is not known now is looked at again.
    if (inHand(component) || status === undefined || (awaitsReboot && boot === bootId)) continue;
    if (!hasSettled(component, status, begun, parts)) continue;
    if (intent.generation && (await isSwitching(parts))) continue;
    if (status === 'bad' && (await mayRepeat(intent, parts))) continue;
    const why = awaitsReboot
      ? 'the host was restarted, which was waited for'
      : boot === bootId
        ? 'the engine was interrupted'
        : 'the host was restarted';
    // A service that nobody listed may be down without being in trouble; after a repair of ours it is.
    const verdict = seen.get(component);
    const down = status === 'ok' && verdict?.check === 'services' && verdict.value === 0;
    const outcome = status === 'ok' && !down ? 'fixed' : 'failed';
    const found =
      outcome === 'fixed' ? 'well' : down ? 'not running, and a person has to start it' : 'not well';
    const when = awaitsReboot ? `after \`${action}\`` : `while \`${action}\` was under way`;
    const words = `${why} ${when}; read again, it is ${found}`;
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

/** A system that cannot be told for long is not as it was meant to be. */
function known(
  status: ComponentVerdict['status'] | undefined,
  { at, generation }: Intent,
  { ledger, guards }: Parts,
): 'ok' | 'bad' | undefined {
  if (status !== 'unknown') return status;
  return generation && ledger.now() - at >= guards.evidence.withinMs ? 'bad' : undefined;
}

/** What was begun in a unit of its own goes on without the engine that began it. */
async function isSwitching({ host }: Parts): Promise<boolean> {
  const activity = await host.nixActivity?.();
  return activity !== undefined && !isUnknown(activity) && activity.switching !== null;
}

/** A switch that was interrupted before its system ran may be run once more; it is planned and judged anew. */
async function mayRepeat(
  { component, action, generation, awaitsReboot }: Intent,
  parts: Parts,
): Promise<boolean> {
  const { ledger, logger } = parts;
  const { generations } = ledger.state;
  const to = generation?.to ?? null;
  if (awaitsReboot || to === null || generations.running === to || generations.repeat === to) return false;
  logger.warn(`${component}: \`${action}\` was interrupted before ${to} ran; it may be run once more`);
  const change = ledger.write((state) => ({
    ...state,
    intents: state.intents.filter((intent) => intent.component !== component || !intent.generation),
    generations: { ...state.generations, repeat: to },
  }));
  await change.catch(() => undefined);
  return true;
}

/** Whether the outcome can be told: what is well must have been so for the settle time, or it was begun long ago. */
function hasSettled(
  component: string,
  status: 'ok' | 'bad',
  begun: number,
  { ledger, guards }: Parts,
): boolean {
  const now = ledger.now();
  const settleMs = guards.settleMs[component === 'system' ? 'system' : 'service'];
  if (now - begun < guards.settleMs.service) return false;
  if (status === 'bad' || now - begun >= guards.backoff.resetAfterMs) return true;
  ledger.note((state, at) => beginHealth(state, component, at));
  const { healthySince } = recordOf(ledger.state, component);
  return healthySince !== null && now - healthySince >= settleMs;
}
