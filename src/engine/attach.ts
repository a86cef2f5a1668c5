import { isSelfHealingError, messageOf } from '../base/errors.js';
import { refusal } from '../base/expect.js';
import type { Logger } from '../base/logger.js';
import type { MetricsAdapter, ObservedEngine } from '../report/observer.js';
import { callOwned, owned } from '../base/pending.js';

/**
 * Shows an engine to its adapters. Returns the function that ends it: all of them, whatever one of them does. An adapter
 * that throws is logged, and the engine runs without it; one that refuses its own options is a mistake of the caller.
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
      logger.error(`\`metrics[${index}].attach\` failed, so it measures nothing: ${messageOf(error)}`);
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
      // A constructor that throws leaves nothing attached.
      detachAll();
      throw refusal(`metrics[${index}].attach`, 'a function that returns one, which detaches', detach);
    }
    detaches.push(detach as () => unknown);
  }
  return detachAll;
}
