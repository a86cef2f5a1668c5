import { messageOf } from '../base/errors.js';
import type { Executor } from '../execute/executor.js';
import { forgetUndo, postponeUndo } from '../memory/undo.js';
import type { Undo } from '../memory/state.js';
import type { HealingAction, Plan } from '../model/plan.js';
import { planAndCarryOut } from './carry-out.js';
import type { EnginePorts } from './ports.js';

type UndoPorts = Pick<EnginePorts, 'logger' | 'executor' | 'ledger' | 'guards' | 'emit'>;

/**
 * Undoes temporary changes, oldest first. A change that cannot be undone stays on record. It is not interruptible, because
 * the engine may be stopping. Never rejects.
 */
export async function undoAll(undos: readonly Undo[], ports: UndoPorts): Promise<void> {
  const { ledger, logger, guards, executor, emit } = ports;
  const { signal } = new AbortController();
  for (const undo of undos) {
    const { component, action: name, parameters } = undo;
    const action = { action: name, parameters };
    const about = { component, announce: (plan: Plan) => emit('undo:planned', { component, plan }) };
    const execution = await planAndCarryOut(action, about, executor, { approved: false, signal });
    const { outcome, blockedBy, error = 'the executor returned no reason' } = execution;
    const rest = outcome === 'executed' ? await restOf(action, executor, signal) : undefined;
    // Also undone when something else has restored it.
    const done = (outcome === 'executed' && rest === undefined) || blockedBy === 'no-expected-gain';
    if (done) logger.info(`${component}: the temporary change was undone by \`${name}\``);
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
