import type { EventName, Listener } from './events.js';
import type { Explanation } from './explain.js';
import type { Metrics } from './counts.js';
import type { EngineStatus } from './status.js';

/** Read-only part of an engine. */
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
 * Port for metrics.
 *
 * The engine calls `attach` once when it is created; the owner of an adapter may also attach it later without missing
 * anything, because all counters can be read at any time. An adapter must not keep the process alive, and must not act.
 */
export interface MetricsAdapter {
  /** Attaches to an engine. Returns the function that detaches, which the engine calls when it is closed. */
  attach(engine: ObservedEngine): () => void;
}
