import type { SimplifiedHealingEngine } from '../engine.js';

/** What an adapter sees of an engine. Nothing here changes it. */
export type ObservedEngine = Pick<SimplifiedHealingEngine, 'status' | 'getMetrics' | 'explain' | 'on'>;

/**
 * The port through which an engine is measured from outside.
 *
 * `attach` is called once for each engine, when it is made or, by whoever owns the adapter, later: everything that is
 * counted can be read from the engine at any time, so an adapter may join late and miss nothing. It returns the
 * function that ends it, which the engine calls when it is closed. It must not hold the process alive, and
 * must not act: an adapter only looks.
 */
export interface MetricsAdapter {
  /** Begins to look at an engine, and gives the function that ends it. */
  attach(engine: ObservedEngine): () => void;
}
