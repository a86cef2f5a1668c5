import { SelfHealingError } from '../errors.js';
import type { Cycle } from './cycle.js';
import { monitor } from './monitor.js';
import { until } from '../until.js';
import type { Parts } from './parts.js';

/** The monitoring of one engine: it goes on once, or not at all. */
export class Monitoring {
  readonly #parts: () => Parts;
  readonly #cycle: Cycle;
  #current: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  constructor(parts: () => Parts, cycle: Cycle) {
    this.#parts = parts;
    this.#cycle = cycle;
  }

  /** Begins, and resolves when it has ended. Refuses a second start. */
  async start(intervalMs: number, signal: AbortSignal): Promise<void> {
    if (this.#current) throw new SelfHealingError('already-monitoring', 'This engine is monitoring already');
    const stop = new AbortController();
    const { clock, emit } = this.#parts();
    const jobs = {
      clock,
      look: (inner: AbortSignal) => this.#cycle.watch(inner),
      heal: (...round: Parameters<Cycle['heal']>) => this.#cycle.heal(...round),
      failed: (error: unknown) => emit('cycle:failed', { error }),
    };
    const ended = until([signal, stop.signal], (inner) => monitor(intervalMs, jobs, inner))
      .then(() => this.#cycle.takeBackAll())
      .finally(() => (this.#current = undefined));
    this.#current = { stop, ended };
    return ended;
  }

  /** Ends it, and resolves when it has ended. */
  async stop(): Promise<void> {
    const current = this.#current;
    current?.stop.abort();
    await current?.ended;
  }
}
