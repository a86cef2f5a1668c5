import { messageOf } from '../errors.js';
import type { Execution } from '../execute/executor.js';
import { forgetUndo, postponeUndo } from '../guard/undo.js';
import type { Undo } from '../guard/state.js';
import type { Parts } from '../heal/parts.js';

/** Takes back what is not needed any more, oldest first. What cannot be taken back stays on record. Never rejects. */
export async function takeBack(undos: readonly Undo[], parts: Parts): Promise<void> {
  const { ledger, logger, guards } = parts;
  for (const undo of undos) {
    const { component, action } = undo;
    const { outcome, blockedBy, error = 'the executor gave no reason' } = await execute(undo, parts);
    // What is as it was before, whoever did that, is taken back.
    const done = outcome === 'executed' || blockedBy === 'no-expected-gain';
    if (done) logger.info(`${component}: what was changed for it is taken back by \`${action}\``);
    else logger.error(`${component}: what was changed for it could not be taken back: ${error}`);
    await ledger
      .write((state, now) =>
        done ? forgetUndo(state, undo) : postponeUndo(state, undo, now + guards.backoff.maxMs),
      )
      .catch((problem: unknown) => {
        logger.error(`What was taken back could not be written down: ${messageOf(problem)}`);
      });
  }
}

/** It is not interrupted: it is short, and the engine may be stopping. */
async function execute(
  { action, parameters }: Undo,
  { executor }: Parts,
): Promise<Pick<Execution, 'outcome' | 'blockedBy' | 'error'>> {
  try {
    return await executor.execute({ action, parameters }, { dryRun: false });
  } catch (error) {
    return { outcome: 'failed', error: messageOf(error) };
  }
}
