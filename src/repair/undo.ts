import { messageOf } from '../base/errors.js';
import type { EngineEvents } from '../report/events.js';
import type { Executor } from '../execute/executor.js';
import type { Guards } from '../model/guards.js';
import type { Ledger } from '../memory/ledger.js';
import { forgetUndo, postponeUndo } from '../memory/undo.js';
import type { Undo } from '../memory/state.js';
import type { Logger } from '../base/logger.js';
import type { HealingAction, Plan } from '../model/plan.js';
import { planAndCarryOut } from './carry-out.js';

/** Sources of {@link undoAll}. */
export interface UndoSources {
  readonly logger: Logger;
  readonly executor: Executor;
  readonly ledger: Ledger;
  readonly guards: Guards;
  readonly emit: (name: 'undo:planned', event: EngineEvents['undo:planned']) => void;
}

/**
 * Undoes temporary changes, oldest first. A change that cannot be undone stays on record. It is not interruptible, because
 * the engine may be stopping. Never rejects.
 */
export async function undoAll(undos: readonly Undo[], sources: UndoSources): Promise<void> {
  const { ledger, logger, guards, executor, emit } = sources;
  const { signal } = new AbortController();
  for (const undo of undos) {
    const { component, action, parameters } = undo;
    const about = { component, announce: (plan: Plan) => emit('undo:planned', { component, plan }) };
    const execution = await planAndCarryOut({ action, parameters }, about, executor, {
      approved: false,
      signal,
    });
    const { outcome, blockedBy, error = 'the executor returned no reason' } = execution;
    const rest = outcome === 'executed' ? await restOf({ action, parameters }, executor, signal) : undefined;
    // Also undone when something else has restored it.
    const done = (outcome === 'executed' && rest === undefined) || blockedBy === 'no-expected-gain';
    if (done) logger.info(`${component}: the temporary change was undone by \`${action}\``);
    else logger.error(`${component}: the temporary change could not be undone: ${rest ?? error}`);
    await ledger
      .write((state, now) =>
        done ? forgetUndo(state, undo) : postponeUndo(state, undo, now + guards.backoff.maxMs),
      )
      .catch((problem: unknown) => {
        logger.error(`An undone change could not be recorded: ${messageOf(problem)}`);
      });
  }
}

/** Returns which part of a change could not be undone, as a sentence. */
async function restOf(
  action: HealingAction,
  executor: Executor,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { refusal } = await executor.plan(action, { signal });
    return refusal?.reason === 'unavailable' ? refusal.sentence : undefined;
  } catch (error) {
    return messageOf(error);
  }
}
