import { attachAll } from './attach.js';
import { aliveDuring } from '../base/calls.js';
import { deadlineOn } from '../base/clock.js';
import { EngineParts } from './engine-parts.js';
import type { Detector, SimpleDetector } from '../detect/detector.js';
import type { Resolver } from '../resolve/resolver.js';
import type { Cycle } from '../watch/cycle.js';
import { asError, messageOf, SelfHealingError } from '../base/errors.js';
import { expectBoolean, expectKnownKeys, expectObject, expectSignal } from '../base/expect.js';
import type { EventName, Listener } from '../report/events.js';
import type { Capability, Executor } from '../execute/executor.js';
import { acceptIssue, acceptIssues, acceptMonitoring, type MonitoringOptions } from './accept.js';
import { Operator } from './operator.js';
import { expectBy } from '../memory/commands.js';
import type { Explanation } from '../report/explain.js';
import { Monitoring } from '../watch/monitoring.js';
import type { EngineStatus } from '../report/status.js';
import type { Metrics } from '../report/counts.js';
import type { IssueInput } from '../model/issue.js';
import type { HealingOptions } from './options.js';
import { DEADLINES } from '../base/deadlines.js';
import { ENGINE_NAMES, refusePythonNames } from '../base/python-names.js';
import type { HealingResult } from '../model/result.js';
import { sharedAbortController, until } from '../base/until.js';
import { within } from '../base/within.js';
import type { CommandOptions } from '../model/operator-command.js';

/** Options of one call. */
export interface CallOptions {
  /** Ends the call early: nothing new is started, and interruptible steps are ended. */
  readonly signal?: AbortSignal | undefined;
  /** Plans and checks the gates, but changes nothing. Default: as the engine, whose dry run it cannot disable. */
  readonly dryRun?: boolean | undefined;
}

/**
 * Keeps the host healthy: detects, chooses, carries out, proves.
 *
 * Creating one reads and opens nothing. It keeps the process alive only while it monitors or repairs.
 *
 * @example
 * ```js
 * import { SimplifiedHealingEngine } from '@luminous-nix/self-healing';
 *
 * const engine = new SimplifiedHealingEngine({ services: ['nginx'], dryRun: true });
 * try {
 *   for (const { issue, outcome } of await engine.detectAndHeal()) console.log(issue.component, outcome);
 * } finally {
 *   await engine.close();
 * }
 * ```
 */
export class SimplifiedHealingEngine implements AsyncDisposable {
  readonly #parts: EngineParts;
  readonly #cycle: Cycle;
  readonly #watch: Monitoring;
  readonly #operator: Operator;
  readonly #closing = sharedAbortController();
  readonly #detach: () => void;
  #closed: Promise<void> | undefined;
  readonly #once = (signal: AbortSignal): Promise<HealingResult[]> => this.#cycle.once({ signal });
  readonly #onceDry = (signal: AbortSignal): Promise<HealingResult[]> =>
    this.#cycle.once({ signal, dryRun: true });
  readonly #owns: { readonly host: boolean; readonly executor: boolean };

  /** Throws a `SelfHealingError` for an invalid option. */
  constructor(options: HealingOptions = {}) {
    this.#parts = new EngineParts(this, options);
    const { ports, cycle } = this.#parts;
    this.#cycle = cycle;
    this.#watch = new Monitoring(ports, cycle);
    this.#operator = new Operator(ports, cycle);
    this.#owns = { host: options.host === undefined, executor: options.executor === undefined };
    this.#detach = attachAll(this, options.metrics ?? [], ports.logger);
  }

  /** Finds issues. Typed as the default one; a detector of your own comes back as it is. Assignable. */
  get detector(): SimpleDetector {
    return this.#parts.detector;
  }
  set detector(detector: Detector) {
    this.#parts.detector = detector;
  }

  /** Picks the action for an issue. Assignable. */
  get resolver(): Resolver {
    return this.#parts.resolver;
  }
  set resolver(resolver: Resolver) {
    this.#parts.resolver = resolver;
  }

  /** Changes the host. Assignable. */
  get executor(): Executor {
    return this.#parts.executor;
  }
  set executor(executor: Executor) {
    this.#parts.executor = executor;
  }

  /** `false`: issues are only reported. Default `true`. Assignable. */
  get healingEnabled(): boolean {
    return this.#parts.healingEnabled;
  }
  set healingEnabled(value: boolean) {
    this.#parts.healingEnabled = expectBoolean('healingEnabled', value);
  }

  /** `true`: repairs are planned and judged, and not carried out. Default `false`. Assignable. */
  get dryRun(): boolean {
    return this.#parts.dryRun;
  }
  set dryRun(value: boolean) {
    this.#parts.dryRun = expectBoolean('dryRun', value);
  }

  /** `true`: debug messages are sent to the logger. Default `false`. Assignable. */
  get verbose(): boolean {
    return this.#parts.verbose;
  }
  set verbose(value: boolean) {
    this.#parts.verbose = value;
  }

  /** Runs one cycle. Returns one result for each issue, in the order in which they were handled. */
  detectAndHeal(options?: CallOptions): Promise<HealingResult[]> {
    if (options === undefined) return this.#until(undefined, this.#once);
    try {
      const { signal, dryRun } = expectCall(options);
      return this.#until(signal, dryRun ? this.#onceDry : this.#once);
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  /** Repairs one issue, which may be made by hand: plans, reads its component again, carries out, proves. */
  async healIssue(issue: IssueInput, options: CallOptions = {}): Promise<HealingResult> {
    const { signal, dryRun } = expectCall(options);
    const accepted = acceptIssue(issue, this.#now());
    const [result] = await this.#until(signal, (inner) =>
      this.#cycle.heal([accepted], { signal: inner, dryRun }),
    );
    return result!;
  }

  /** Repairs issues by severity and dependency. Returns one result each, in input order; duplicates share one. */
  async healIssuesBatch(issues: readonly IssueInput[], options: CallOptions = {}): Promise<HealingResult[]> {
    const { signal, dryRun } = expectCall(options);
    const accepted = acceptIssues(issues, this.#now());
    return this.#until(signal, (inner) => this.#cycle.healBatch(accepted, { signal: inner, dryRun }));
  }

  /**
   * Runs a cycle at once and then every `interval` seconds: any number over 0, up to 2,147,483; default 60. Keeps the
   * process alive. Resolves when it has been stopped, by `stopMonitoring()`, `close()` or the signal, and the last act has
   * ended. Rejects when it is monitoring already.
   */
  async startMonitoring(options: number | MonitoringOptions = {}): Promise<void> {
    const { intervalMs, signal } = acceptMonitoring(options);
    const hours = intervalMs / 3_600_000;
    // Probably given in milliseconds.
    if (hours > 1)
      this.#parts.ports.logger.warn(
        `The monitoring interval is in seconds: ${intervalMs / 1_000} s is ${hours.toFixed(1)} h`,
      );
    return this.#until(signal, (inner) => this.#waitFor(this.#watch.start(intervalMs, inner))).catch(
      (error: unknown) => {
        // Calls that hang beyond `close()` are not an error of the monitoring.
        if (error !== CLOSED) throw error;
      },
    );
  }

  /** Stops monitoring. Resolves when it has stopped. */
  async stopMonitoring(): Promise<void> {
    await this.#watch.stop();
  }

  /** Returns the counters. */
  getMetrics(): Metrics {
    return this.#cycle.looks.counts.read();
  }

  /** Returns the state of the engine: readings, repairs, pending approvals, pauses, breakers. */
  status(): EngineStatus {
    return this.#operator.status({ monitoring: this.#watch.current, closed: this.#closing.signal.aborted });
  }

  /** Explains every open issue, or those of one component: what was read, what was tried, and what blocks a repair. */
  explain(component?: string): Explanation[] {
    return this.#operator.explain(component);
  }

  /**
   * Returns whether each action can be carried out on this host, and why not. Changes nothing, and resolves within 30 s;
   * actions without an answer are `unknown`.
   */
  async capabilities(
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<readonly Capability[]> {
    expectKnownKeys('options', expectObject('options', options), ['signal']);
    expectSignal(options.signal);
    return this.#until(options.signal, (signal) => this.#operator.capabilities(signal));
  }

  /** Approves a pending request by its id: checks all gates again, and carries the plan out at once. */
  async approve(id: string, options: CommandOptions = {}): Promise<HealingResult | undefined> {
    const by = expectCommand(options);
    return this.#until(undefined, (inner) => this.#waitFor(this.#operator.approve(id, by, inner)));
  }

  /** Rejects a pending request by its id; it is requested again only after the backoff. */
  async reject(id: string, options: CommandOptions = {}): Promise<void> {
    return this.#waitFor(this.#operator.reject(id, expectCommand(options)));
  }

  /**
   * Pauses repairs for a reason, until `resume` removes it. Monitoring continues. A reason is one line of at most 200
   * characters; at most 16 at once.
   */
  async pause(reason: string, options: CommandOptions = {}): Promise<void> {
    return this.#waitFor(this.#operator.pause(reason, expectCommand(options)));
  }

  /** Removes one reason for pausing. */
  async resume(reason: string, options: CommandOptions = {}): Promise<void> {
    return this.#waitFor(this.#operator.resume(reason, expectCommand(options)));
  }

  /** Resets backoff, breaker and `needs-human` of a component. */
  async reset(component: string, options: CommandOptions = {}): Promise<void> {
    return this.#waitFor(this.#operator.reset(component, expectCommand(options)));
  }

  /** Adds a listener. Returns the function that removes it. Errors of a listener are logged. */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void {
    return this.#parts.events.on(name, listener);
  }

  /**
   * Stops, and frees everything the engine opened; ports that were given to it stay open. Resolves within 30 s: an act that
   * still runs is on record, and the next engine on that state verifies it. Safe to call twice.
   */
  close(): Promise<void> {
    return (this.#closed ??= aliveDuring(this.#close()));
  }

  async #close(): Promise<void> {
    const { clock, logger, ledger, host } = this.#parts.ports;
    this.#closing.abort();
    // Calls that only read are awaited for a shorter time than acts.
    const endReads = deadlineOn(clock, DEADLINES.closeReadsMs, () => this.#parts.reading.abort(CLOSED));
    const inTime = (ms: number, what: string, work: () => unknown): Promise<unknown> =>
      within({ ms, clock }, work).catch((error: unknown) =>
        logger.warn(`${what} did not end well while the engine was closed: ${messageOf(error)}`),
      );
    await inTime(DEADLINES.closeMs - DEADLINES.storeMs, 'What was under way', async () => {
      await this.stopMonitoring();
      await this.#cycle.idle();
      await this.#cycle.undoAll();
    });
    endReads();
    this.#detach();
    await Promise.all([
      inTime(DEADLINES.storeMs, 'The state', () => ledger.close()),
      this.#owns.executor && inTime(DEADLINES.storeMs, 'The executor', () => this.executor.close?.()),
      this.#owns.host && inTime(DEADLINES.storeMs, 'The host', () => host.close?.()),
    ]);
    this.#cycle.calls.giveUp(CLOSED);
  }

  /** The same as `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #now(): Date {
    return new Date(this.#parts.ports.clock.now());
  }

  #waitFor<T>(work: Promise<T>): Promise<T> {
    return this.#cycle.calls.wait(work);
  }

  /** Never throws, but rejects. Derives no signal when there is only the engine's own. */
  #until<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const closing = this.#closing.signal;
    if (closing.aborted) return Promise.reject(new SelfHealingError('closed', 'This engine has been closed'));
    return signal === undefined ? work(closing) : until([closing, signal], work);
  }
}

const CLOSED = new SelfHealingError(
  'closed',
  'This engine was closed, and did not wait longer for what was under way',
);

/** Checks the options of a call. */
function expectCall(options: unknown): CallOptions {
  const given = expectObject('options', options);
  expectKnownKeys('options', given, ['signal', 'dryRun']);
  if (given.dryRun !== undefined) expectBoolean('dryRun', given.dryRun);
  expectSignal(given.signal);
  return given;
}

/** Checks the options of a command. Returns who gives it. */
function expectCommand(options: unknown): string {
  const given = expectObject('options', options);
  expectKnownKeys('options', given, ['by']);
  return expectBy(given);
}

refusePythonNames(SimplifiedHealingEngine.prototype, ENGINE_NAMES);

export { SimplifiedHealingEngine as SelfHealingEngine };
