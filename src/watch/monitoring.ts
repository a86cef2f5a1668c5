import type { SimpleDetector } from '../detect/detector.js';
import { listedNames, listedPatterns } from '../detect/watched-units.js';
import { messageOf, SelfHealingError } from '../base/errors.js';
import type { HostListener } from '../host/host.js';
import { isUnknown } from '../model/reading.js';
import { componentOf } from '../model/unit-name.js';
import type { Issue } from '../model/issue.js';
import type { Cycle } from './cycle.js';
import { preload } from '../repair/load.js';
import { monitor } from './monitor.js';
import { until } from '../base/until.js';
import type { EnginePorts } from '../repair/ports.js';

/** The monitoring of one engine: it goes on once, or not at all. */
export class Monitoring {
  readonly #ports: EnginePorts;
  readonly #cycle: Cycle;
  #current:
    | {
        readonly stop: AbortController;
        readonly ended: Promise<void>;
        readonly intervalMs: number;
        readonly since: number;
      }
    | undefined;

  constructor(ports: EnginePorts, cycle: Cycle) {
    this.#ports = ports;
    this.#cycle = cycle;
  }

  /** What goes on, and since when in steady time; `undefined` when nothing does. */
  get current(): { readonly intervalMs: number; readonly since: number } | undefined {
    return this.#current;
  }

  /** Begins, and resolves when it has ended. Refuses a second start. */
  async start(intervalMs: number, signal: AbortSignal): Promise<void> {
    if (this.#current) throw new SelfHealingError('already-monitoring', 'This engine is monitoring already');
    const stop = new AbortController();
    const { clock, emit, guards, ledger, logger } = this.#ports;
    void preload().catch((error: unknown) => logger.warn(messageOf(error)));
    const jobs = {
      clock,
      look: (inner: AbortSignal) => this.#cycle.watch(inner),
      lookAt: (...some: Parameters<Cycle['watchOnly']>) => this.#cycle.watchOnly(...some),
      listen: (wake: (component: string) => void) => this.#listen(wake),
      wakesApartMs: guards.wake.apartMs,
      heal: (issues: readonly Issue[], inner: AbortSignal) => this.#cycle.heal(issues, { signal: inner }),
      failed: (error: unknown) => emit('cycle:failed', { error }),
    };
    const ended = until([signal, stop.signal], (inner) => monitor(intervalMs, jobs, inner))
      .then(() => this.#cycle.undoAll())
      .finally(() => (this.#current = undefined));
    this.#current = { stop, ended, intervalMs, since: ledger.now() };
    return ended;
  }

  /** Ends it, and resolves when it has ended. */
  async stop(): Promise<void> {
    const current = this.#current;
    current?.stop.abort();
    await current?.ended;
  }

  /** Lets the host wake the monitor, where one bad reading of a service counts. */
  #listen(wake: (component: string) => void): () => void {
    const { host, policy, guards, logger } = this.#ports;
    if (!host.watch || guards.lasting.others > 1 || !this.#looksAtServices()) return () => undefined;
    const units = policy.services && listedNames(policy.services);
    let lost = false;
    const listener: HostListener = {
      unitInTrouble: (unit) => {
        const component = componentOf(unit);
        // What is being healed is looked at by whoever heals it.
        if (this.#looksAtServices() && !this.#cycle.inRepair(component)) wake(component);
      },
      listening: (state) => {
        if (isUnknown(state)) {
          logger.warn(`Changes of units are seen at each interval only: ${state.unknown}`);
          lost = true;
        } else if (lost) {
          logger.info('Changes of units are told at once again');
          lost = false;
        }
      },
    };
    const ends = [host.watch(units, listener)];
    // Which units a pattern matches changes: any that fails may be one of them.
    if (listedPatterns(policy.services ?? new Map()).length > 0)
      ends.push(host.watch(undefined, { ...listener, listening: () => undefined }));
    return () => ends.forEach((end) => end());
  }

  /** A detector of somebody's own may look at anything. */
  #looksAtServices(): boolean {
    const { enabledChecks } = this.#ports.detector as Partial<SimpleDetector>;
    return enabledChecks?.includes('services') ?? true;
  }
}
