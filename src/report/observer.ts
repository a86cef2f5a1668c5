import type { EventName, Listener } from './events.js';
import type { Explanation } from './explain.js';
import type { Metrics } from './counts.js';
import type { EngineStatus } from './status.js';

/** The part of an engine that only reads it. */
export interface ObservedEngine {
  /** Returns the counters. */
  getMetrics(): Metrics;
  /** Returns the state of the engine at this moment. */
  status(): EngineStatus;
  /** Returns why each open issue, or one component, was or was not repaired. */
  explain(component?: string): Explanation[];
  /** Adds a listener. Returns the function that removes it. */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void;
}

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
