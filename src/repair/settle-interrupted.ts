import { lookAgain, worstOf } from '../detect/look-again.js';
import { beginHealth } from '../memory/component-record.js';
import { recordAct } from '../memory/record-act.js';
import { recordOf, type Intent } from '../memory/state.js';
import { isUnknown } from '../model/reading.js';
import type { ComponentVerdict } from '../model/issue.js';
import type { EnginePorts } from './ports.js';

/** Sources of {@link settleInterrupted}. */
export interface SettleSources extends Pick<
  EnginePorts,
  'ledger' | 'guards' | 'clock' | 'logger' | 'bootId' | 'host' | 'detector'
> {
  /** Returns whether this engine is repairing a component. */
  readonly isInRepair: (component: string) => boolean;
  /** Returns whether this engine has reported the repair with this id as `pending`. */
  readonly isPending: (id: string | undefined) => boolean;
  /** Receives each result. */
  readonly settled: (intent: Intent, outcome: 'fixed' | 'failed', words: string) => void;
}

/** Verifies acts without a recorded end by new readings; they are never blindly repeated. */
export async function settleInterrupted(
  verdicts: readonly ComponentVerdict[],
  sources: SettleSources,
): Promise<void> {
  const { ledger, guards, clock, logger, bootId, isInRepair } = sources;
  const worst = worstOf(verdicts);
  const isDown = (component: string): boolean =>
    verdicts.some((one) => one.component === component && one.check === 'services' && one.value === 0);
  for (const intent of ledger.state.intents) {
    const { component, action, scope, check, bootId: boot, awaitsReboot = false } = intent;
    const status = known(worst.get(component), intent, sources);
    // A running act is not interrupted, and an unknown status is read again later.
    if (isInRepair(component) || status === undefined || (awaitsReboot && boot === bootId)) continue;
    if (!hasSettled(intent, status, verdicts, sources)) continue;
    if (intent.generation && !(await hasEnded(intent, status, sources))) continue;
    if (status === 'bad' && (await mayRepeat(intent, sources))) continue;
    // An unlisted service may be down without an issue; after a repair that is a failure.
    const down = status === 'ok' && isDown(component);
    const outcome = status === 'ok' && !down ? 'fixed' : 'failed';
    const found =
      outcome === 'fixed' ? 'healthy' : down ? 'not running: start it manually' : 'still not healthy';
    const words = `${whenOf(intent, sources)}; read again, it is ${found}`;
    logger.warn(`${component}: ${words}`);
    const act = { component, action, scope, outcome, words } as const;
    await ledger
      .write((state, at) =>
        recordAct(state, { at, ...act }, guards, { chance: clock.random(), check, bootId }),
      )
      .catch(() => undefined);
    sources.settled(intent, outcome, words);
  }
}

function whenOf(
  { id, action, bootId: boot, awaitsReboot }: Intent,
  { bootId, isPending }: SettleSources,
): string {
  if (awaitsReboot) return `the host was restarted, which was awaited after \`${action}\``;
  if (isPending(id)) return `the job of \`${action}\` has ended`;
  const why = boot === bootId ? 'the engine was interrupted' : 'the host was restarted';
  return `${why} while \`${action}\` was running`;
}

/** Returns the status; a system that stays unknown for long counts as bad. */
function known(
  status: ComponentVerdict['status'] | undefined,
  { at, generation }: Intent,
  { ledger, guards }: SettleSources,
): 'ok' | 'bad' | undefined {
  if (status !== 'unknown') return status;
  return generation && ledger.now() - at >= guards.evidence.withinMs ? 'bad' : undefined;
}

/** Returns whether the switch, which goes on in its own unit without the engine, had ended before the status was read. */
async function hasEnded(intent: Intent, status: 'ok' | 'bad', sources: SettleSources): Promise<boolean> {
  const activity = await sources.host.nixActivity?.();
  if (activity !== undefined && !isUnknown(activity) && activity.switching !== null) return false;
  if (status === 'ok') return true;
  // It may have ended between the reading and the question.
  const again = await lookAgain(sources.detector, intent).catch(() => []);
  return known(worstOf(again).get(intent.component), intent, sources) === 'bad';
}

/** Returns whether a switch that was interrupted early may be repeated once, with a new plan. */
async function mayRepeat(
  { component, action, generation, awaitsReboot }: Intent,
  { ledger, logger }: SettleSources,
): Promise<boolean> {
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

/** Returns whether the outcome is final: the settle time has passed, or the act was started long ago. */
function hasSettled(
  { component, at: begun }: Intent,
  status: 'ok' | 'bad',
  verdicts: readonly ComponentVerdict[],
  { ledger, guards: { settleMs, backoff } }: SettleSources,
): boolean {
  const now = ledger.now();
  if (status === 'bad') {
    // A custom check may have its own settle time.
    const own = verdicts.flatMap((one) => (one.component === component ? [one.settleMs ?? 0] : []));
    return now - begun >= Math.max(settleMs.service, ...own);
  }
  if (now - begun < settleMs.service) return false;
  if (now - begun >= backoff.resetAfterMs) return true;
  ledger.note((state, at) => beginHealth(state, component, at));
  const { healthySince } = recordOf(ledger.state, component);
  const okMs = settleMs[component === 'system' ? 'system' : 'service'];
  return healthySince !== null && now - healthySince >= okMs;
}
