import type { SimpleDetector } from '../detect/detector.js';
import { listedNames, listedPatterns } from '../detect/watched-units.js';
import { messageOf, SelfHealingError } from '../base/errors.js';
import type { HostListener } from '../host/host.js';
import { isUnknown } from '../model/reading.js';
import { componentOf } from '../model/unit-name.js';
import type { Issue } from '../model/issue.js';
import type { Cycle } from './cycle.js';
import { preload } from '../repair/load.js';
import { createWaker } from './wake.js';
import { owned } from '../base/pending.js';
import { until } from '../base/until.js';
import type { EnginePorts } from '../repair/ports.js';

/** Monitoring of one engine: at most once at a time. */
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

  /** Current monitoring, with its start in steady time; `undefined` when there is none. */
  get current(): { readonly intervalMs: number; readonly since: number } | undefined {
    return this.#current;
  }

  /** Starts, and resolves when monitoring has ended. Rejects a second start. */
  async start(intervalMs: number, signal: AbortSignal): Promise<void> {
    if (this.#current) throw new SelfHealingError('already-monitoring', 'This engine is monitoring already');
    const stop = new AbortController();
    const { ledger, logger } = this.#ports;
    void preload().catch((error: unknown) => logger.warn(messageOf(error)));
    const ended = until([signal, stop.signal], (inner) => this.#run(intervalMs, inner))
      .then(() => this.#cycle.undoAll())
      .finally(() => (this.#current = undefined));
    this.#current = { stop, ended, intervalMs, since: ledger.now() };
    return ended;
  }

  /** Stops, and resolves when monitoring has ended. */
  async stop(): Promise<void> {
    const current = this.#current;
    current?.stop.abort();
    await current?.ended;
  }

  /**
   * Looks in each cycle until the signal is aborted, and in between when it is woken. Looks continue during repairs, which
   * are serial. Resolves when the last repair has ended.
   */
  async #run(intervalMs: number, signal: AbortSignal): Promise<void> {
    const { clock, emit, guards } = this.#ports;
    const underWay = new Set<Promise<unknown>>();
    const failed = (error: unknown): void => emit('cycle:failed', { error });
    const keep = (work: Promise<unknown>): void => {
      underWay.add(work);
      owned(
        work.finally(() => underWay.delete(work)),
        failed,
      );
    };
    const healAfter = async (look: () => readonly Issue[] | Promise<readonly Issue[]>): Promise<void> => {
      try {
        const issues = await look();
        if (issues.length === 0 || signal.aborted) return;
        keep(this.#cycle.heal(issues, { signal, recent: true }).catch(failed));
      } catch (error) {
        if (!signal.aborted) failed(error);
      }
    };
    const lookAt = (components: ReadonlySet<string>): Promise<void> =>
      healAfter(() => this.#cycle.watchOnly(components, signal));
    const wake = createWaker(lookAt, guards.wake.apartMs, clock, signal);
    const stopListening = this.#listen((component) => keep(wake(component)));
    try {
      while (!signal.aborted) {
        const start = clock.monotonic();
        await healAfter(() => this.#cycle.watch(signal));
        // Fixed rate: a cycle longer than the interval is followed by the next at once.
        const rest = Math.max(0, intervalMs - (clock.monotonic() - start));
        await clock.sleep(rest, signal).catch((error: unknown) => {
          if (!signal.aborted)
            throw new Error(`The clock could not wait: ${messageOf(error)}`, { cause: error });
        });
      }
    } finally {
      stopListening();
    }
    await Promise.allSettled(underWay);
  }

  /** Lets signals of the host wake the monitor, where one bad reading of a service opens an issue. */
  #listen(wake: (component: string) => void): () => void {
    const { host, policy, guards, logger } = this.#ports;
    if (!host.watch || guards.lasting.others > 1 || !this.#looksAtServices()) return () => undefined;
    const units = policy.services && listedNames(policy.services);
    let lost = false;
    const listener: HostListener = {
      unitInTrouble: (unit) => {
        const component = componentOf(unit);
        // The repair reads its component itself.
        if (this.#looksAtServices() && !this.#cycle.inRepair(component)) wake(component);
      },
      listening: (state) => {
        if (isUnknown(state)) {
          logger.warn(`Changes of units are seen at each interval only: ${state.unknown}`);
          lost = true;
        } else if (lost) {
          logger.info('Changes of units are seen at once again');
          lost = false;
        }
      },
    };
    const ends = [host.watch(units, listener)];
    // The units that match a pattern change: watch all of them.
    if (listedPatterns(policy.services ?? new Map()).length > 0)
      ends.push(host.watch(undefined, { ...listener, listening: () => undefined }));
    return () => ends.forEach((end) => end());
  }

  /** A custom detector may watch anything. */
  #looksAtServices(): boolean {
    const { enabledChecks } = this.#ports.detector as Partial<SimpleDetector>;
    return enabledChecks?.includes('services') ?? true;
  }
}
