import { actionRegistry } from '../actions/registry.js';
import { defaults } from './defaults.js';
import { BUILT_IN_CHECKS } from '../model/built-in-checks.js';
import type { Detector, SimpleDetector } from '../detect/detector.js';
import { thresholdValues } from '../detect/thresholds.js';
import { watchedUnits } from '../detect/watched.js';
import { Emitter } from '../report/events.js';
import type { Executor } from '../execute/executor.js';
import { expectBoolean, expectMethods, refusal } from '../base/expect.js';
import { guardsFrom } from '../model/guards.js';
import { Ledger } from '../memory/ledger.js';
import { neededSystems } from '../memory/generations.js';
import { Cycle } from '../watch/cycle.js';
import { GenerationWatch } from '../generations/watch.js';
import { logCycles, logEvents } from '../report/log-lines.js';
import { bootId } from '../base/boot-id.js';
import type { Host } from '../host/host.js';
import type { EnginePorts } from '../repair/ports.js';
import type { Logger } from '../base/logger.js';
import { ownedClock } from '../base/owned-clock.js';
import { ownedDetector } from '../detect/owned-detector.js';
import { ownedExecutor } from '../execute/owned-executor.js';
import { ownedHost } from '../host/owned-host.js';
import { ownedLogger } from '../base/owned-logger.js';
import { ownedStore } from '../memory/owned-store.js';
import { nixSettings } from '../model/nix-options.js';
import { expectOptions, PART_METHODS, type HealingOptions } from './options.js';
import { optionWarnings, unpickedWarning } from './option-warnings.js';
import { DETECTOR_NAMES, refusePythonMethods, RESOLVER_NAMES } from '../base/python-names.js';
import { sharedAbortController } from '../base/until.js';
import type { Resolver } from '../resolve/resolver.js';

/** Parts of an engine, made from its options, with those that may be replaced at any time. */
export class EngineParts {
  readonly events = new Emitter();
  /** Current ports. */
  readonly ports: EnginePorts;
  readonly cycle: Cycle;
  /** Host without deadlines; the ports have it with deadlines. */
  readonly host: Host;
  /** Aborts calls that only read or plan. */
  readonly reading = sharedAbortController();
  readonly #generations: GenerationWatch;
  #detector: Detector;
  /** Detector with deadlines and the verdict on the NixOS generation. */
  #watching: Detector;
  #resolver: Resolver;
  #executor: Executor;
  /** Executor with deadlines. */
  #acting: Executor;
  healingEnabled = true;
  dryRun: boolean;
  #verbose: boolean;
  #stopLoggingCycles: (() => void) | undefined;

  /** `engine` is the object with the fields of a subclass. Throws a `SelfHealingError` for an invalid option. */
  constructor(engine: object, options: HealingOptions) {
    const given = expectOptions(options);
    const { services, protect = [], actions, checks, thresholds, mounts, enabledChecks, nix } = given;
    nixSettings(nix);
    if (given.detector) {
      for (const key of ['thresholds', 'mounts', 'enabledChecks', 'checks'] as const) {
        if (given[key] !== undefined)
          throw refusal(key, 'left out beside `detector`, to which it belongs', given[key]);
      }
    }
    this.dryRun = given.dryRun ?? false;
    this.#verbose = given.verbose ?? false;
    const logger = ownedLogger(given.logger ?? defaults.logger, () => this.#verbose);
    const clock = ownedClock(given.clock ?? defaults.clock, logger);
    const host = given.host ?? defaults.host();
    this.host = host;
    const store = typeof given.state === 'object' ? given.state : defaults.store(given.state, clock);
    const own = (name: string): unknown => (engine as Record<string, unknown>)[name];
    const live = {
      detector: () => this.#watching,
      resolver: () => this.#resolver,
      executor: () => this.#acting,
      // A subclass may have fields of these names, which hide the accessors: they count if they restrict the engine.
      healingEnabled: () =>
        this.healingEnabled && own('healingEnabled') !== false && own('healing_enabled') !== false,
      dryRun: () => this.dryRun || own('dryRun') === true || own('dry_run') === true,
    };
    const guards = guardsFrom(given.guards);
    this.ports = {
      host: ownedHost(host, { clock, logger, reading: this.reading.signal }),
      actions: actionRegistry(actions, (check) => this.#detector.healer?.(check)),
      policy: { services: services === undefined ? undefined : watchedUnits(services), protect },
      guards,
      ledger: new Ledger({ store: ownedStore(store, clock), clock, logger, guards }),
      approve: given.approve,
      bootId: bootId(),
      acting: new Set<string>(),
      clock,
      logger,
      hasListeners: (name) => this.events.hasListeners(name),
      emit: (name, event) => this.events.emit(name, event, logger),
      get detector() {
        return live.detector();
      },
      get resolver() {
        return live.resolver();
      },
      get executor() {
        return live.executor();
      },
      // Read on each use, so that switching healing off also stops waiting repairs.
      get healingEnabled() {
        return live.healingEnabled();
      },
      get dryRun() {
        return live.dryRun();
      },
    };
    this.cycle = new Cycle(this.ports);
    this.#generations = new GenerationWatch(this.ports);
    logEvents(this.events, logger, () => this.cycle.looks.counts.lastLook);
    this.#logCycles();
    const { ledger } = this.ports;
    this.#detector =
      given.detector ??
      defaults.detector({ host, clock, services, checks, thresholds, mounts, enabledChecks });
    for (const sentence of optionWarnings(given, this.ports.policy.services)) logger.warn(sentence);
    this.#watching = this.#watchingBy(this.#detector);
    this.#resolver = given.resolver ?? defaults.resolver();
    if (given.detector === undefined) this.#warnOfUnpicked(given, logger);
    const current = () => (this.#detector as Partial<SimpleDetector>).thresholds ?? thresholdValues();
    this.#executor =
      given.executor ??
      defaults.executor({
        ...{ host, actions, services, protect, logger },
        healer: (check) => this.#detector.healer?.(check),
        readsThisMachine: () => this.#readsThisMachine(),
        ...{ thresholds: current, mounts, guards: given.guards, nix },
        history: () => {
          const { state } = ledger;
          const now = ledger.now();
          const path = ledger.storePath;
          return { generations: state.generations, now, wallAheadMs: clock.now() - now, path };
        },
        keepSystems: () => neededSystems(ledger.state.generations),
      });
    this.#acting = ownedExecutor(this.#executor, clock, this.reading.signal);
  }

  /** Warns after the first cycle: until then a resolver and further checks may be set. */
  #warnOfUnpicked(given: HealingOptions, logger: Logger): void {
    const warning = unpickedWarning(given);
    if (warning === undefined) return;
    const resolver = this.#resolver;
    const end = this.events.on('cycle:done', () => {
      end();
      const { enabledChecks = [] } = this.#detector as Partial<SimpleDetector>;
      const known = [...BUILT_IN_CHECKS, ...(given.checks ?? []).map(({ name }) => name)];
      const isDefault = given.resolver === undefined && this.#resolver === resolver;
      if (isDefault && enabledChecks.every((name) => known.includes(name))) logger.warn(warning);
    });
  }

  /** Returns whether planning and detection read this machine: a detector may have another host. */
  #readsThisMachine(): boolean {
    const own = this.host;
    const { host = own } = this.#detector;
    // A custom detector may use the name `host` for something else.
    const read = typeof host?.read === 'function' ? host : own;
    return [own, read].every(defaults.isThisMachine);
  }

  #watchingBy(detector: Detector): Detector {
    return ownedDetector(this.#generations.around(detector), this.ports.clock, this.reading.signal);
  }

  get detector(): SimpleDetector {
    return this.#detector as SimpleDetector;
  }
  set detector(detector: Detector) {
    refusePythonMethods('detector', detector, DETECTOR_NAMES);
    expectMethods('detector', detector, PART_METHODS.detector);
    this.#detector = detector;
    this.#watching = this.#watchingBy(detector);
  }

  get resolver(): Resolver {
    return this.#resolver;
  }
  set resolver(resolver: Resolver) {
    refusePythonMethods('resolver', resolver, RESOLVER_NAMES);
    expectMethods('resolver', resolver, PART_METHODS.resolver);
    this.#resolver = resolver;
  }

  get executor(): Executor {
    return this.#executor;
  }
  set executor(executor: Executor) {
    expectMethods('executor', executor, PART_METHODS.executor);
    this.#executor = executor;
    this.#acting = ownedExecutor(executor, this.ports.clock, this.reading.signal);
  }

  get verbose(): boolean {
    return this.#verbose;
  }
  set verbose(value: boolean) {
    this.#verbose = expectBoolean('verbose', value);
    this.#logCycles();
  }

  /** Logs each cycle while `verbose` is set; a permanent listener would slow down every cycle. */
  #logCycles(): void {
    this.#stopLoggingCycles?.();
    this.#stopLoggingCycles = this.#verbose ? logCycles(this.events, this.ports.logger) : undefined;
  }
}
