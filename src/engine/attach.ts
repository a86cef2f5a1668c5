import { isSelfHealingError, messageOf } from '../base/errors.js';
import { refusal } from '../base/expect.js';
import type { Logger } from '../base/logger.js';
import type { MetricsAdapter, ObservedEngine } from '../report/observer.js';
import { callOwned, owned } from '../base/pending.js';

/**
 * Attaches metrics adapters to an engine. Returns the function that detaches them. Errors of an adapter are logged, and the
 * engine runs without it; a `SelfHealingError` is a mistake of the caller, and thrown.
 */
export function attachAll(
  engine: ObservedEngine,
  adapters: readonly MetricsAdapter[],
  logger: Logger,
): () => void {
  const detaches: (() => unknown)[] = [];
  const detachAll = (): void => {
    for (const detach of detaches.splice(0)) {
      callOwned(detach, (error) =>
        logger.error(`A metrics adapter could not be detached: ${messageOf(error)}`),
      );
    }
  };
  for (const [index, adapter] of adapters.entries()) {
    const failed = (error: unknown): void =>
      logger.error(
        `\`metrics[${index}].attach\` failed, so this adapter has no metrics: ${messageOf(error)}`,
      );
    let detach: unknown;
    try {
      detach = adapter.attach(engine);
    } catch (error) {
      if (isSelfHealingError(error)) {
        detachAll();
        throw error;
      }
      failed(error);
      continue;
    }
    if (typeof detach !== 'function') {
      owned(detach, failed);
      // The constructor throws, so nothing may stay attached.
      detachAll();
      throw refusal(`metrics[${index}].attach`, 'a function that returns one, which detaches', detach);
    }
    detaches.push(detach as () => unknown);
  }
  return detachAll;
}
