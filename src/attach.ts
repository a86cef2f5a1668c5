import type { SimplifiedHealingEngine } from './engine.js';
import { messageOf } from './errors.js';
import { refusal } from './expect.js';
import type { Logger } from './logger.js';
import type { MetricsAdapter } from './observe/metrics.js';

/** Shows an engine to its adapters. Returns the function that ends it: all of them, whatever one of them does. */
export function attachAll(
  engine: SimplifiedHealingEngine,
  adapters: readonly MetricsAdapter[],
  logger: Logger,
): () => void {
  const detaches = adapters.map((adapter, index) => {
    const detach: unknown = adapter.attach(engine);
    if (typeof detach !== 'function') {
      throw refusal(`metrics[${index}].attach`, 'a function that returns one, which detaches', detach);
    }
    return detach as () => void;
  });
  return () => {
    for (const detach of detaches.splice(0)) {
      try {
        detach();
      } catch (error) {
        logger.error(`A metrics adapter could not be detached: ${messageOf(error)}`);
      }
    }
  };
}
