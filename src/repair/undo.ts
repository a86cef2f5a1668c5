import { messageOf } from '../errors.js';
import type { Execution, Executor } from '../execute/executor.js';
import type { Guards } from '../guard/guards.js';
import type { Ledger } from '../guard/ledger.js';
import { forgetUndo, postponeUndo } from '../guard/undo.js';
import type { Undo } from '../guard/state.js';
import type { Logger } from '../logger.js';
import type { HealingAction } from '../plan.js';

/** What temporary changes are undone with. */
export interface UndoSources {
  readonly logger: Logger;
  readonly executor: Executor;
  readonly ledger: Ledger;
  readonly guards: Guards;
}

/** Undoes temporary changes, oldest first. What cannot be undone stays on record. Never rejects. */
export async function undoAll(undos: readonly Undo[], sources: UndoSources): Promise<void> {
  const { ledger, logger, guards, executor } = sources;
  for (const undo of undos) {
    const { component, action } = undo;
    const { outcome, blockedBy, error = 'the executor gave no reason' } = await execute(undo, executor);
    // What is as it was before, by whatever hand, is undone.
    const done = outcome === 'executed' || blockedBy === 'no-expected-gain';
    if (done) logger.info(`${component}: the temporary change was undone by \`${action}\``);
    else logger.error(`${component}: the temporary change could not be undone: ${error}`);
    await ledger
      .write((state, now) =>
        done ? forgetUndo(state, undo) : postponeUndo(state, undo, now + guards.backoff.maxMs),
      )
      .catch((problem: unknown) => {
        logger.error(`An undone change could not be recorded: ${messageOf(problem)}`);
      });
  }
}

/** It is not interrupted: it is short, and the engine may be stopping. */
async function execute(
  { action, parameters }: HealingAction,
  executor: Executor,
): Promise<Pick<Execution, 'outcome' | 'blockedBy' | 'error'>> {
  try {
    return await executor.execute({ action, parameters }, { dryRun: false });
  } catch (error) {
    return { outcome: 'failed', error: messageOf(error) };
  }
}
