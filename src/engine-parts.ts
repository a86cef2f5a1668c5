import { actionRegistry } from './actions/registry.js';
import { defaults } from './defaults.js';
import type { Detector, SimpleDetector } from './detect/detector.js';
import { thresholdValues } from './detect/thresholds.js';
import { watchedUnits } from './detect/watched.js';
import { Emitter } from './events.js';
import type { Executor } from './execute/executor.js';
import { expectBoolean, expectMethods, refusal } from './expect.js';
import { guardsFrom } from './guard/guards.js';
import { Ledger } from './guard/ledger.js';
import { neededSystems } from './guard/generations.js';
import { Cycle } from './watch/cycle.js';
import { GenerationWatch } from './heal/generation-watch.js';
import { narrate, narrateCycles } from './heal/narrate.js';
import { bootId } from './host/boot-id.js';
import type { EnginePorts } from './repair/ports.js';
import type { Logger } from './logger.js';
import { printable } from './printable.js';
import { nixSettings } from './nix-options.js';
import { expectOptions, PART_METHODS, type HealingOptions } from './options.js';
import { optionWarnings } from './option-warnings.js';
import { DETECTOR_NAMES, refusePythonMethods, RESOLVER_NAMES } from './python-names.js';
import type { Resolver } from './resolve/resolver.js';

/** The parts of an engine, put together from its options, and those that may be replaced at any time. */
export abstract class EngineParts {
  protected readonly events = new Emitter();
  /** The ports as they are at this moment. */
  protected readonly ports: EnginePorts;
  protected readonly cycle: Cycle;
  readonly #generations: GenerationWatch;
  #detector: Detector;
  /** The detector, and the verdict on the NixOS generation beside it. */
  #watching: Detector;
  #resolver: Resolver;
  #executor: Executor;
  #healingEnabled = true;
  #dryRun: boolean;
  #verbose: boolean;
  #hush: (() => void) | undefined;

  /** Throws a `SelfHealingError` for an option that cannot be meant. */
  constructor(options: HealingOptions = {}) {
    const given = expectOptions(options);
    const { services, protect = [], actions, checks, thresholds, enabledChecks, nix } = given;
    nixSettings(nix);
    if (given.detector) {
      for (const key of ['thresholds', 'enabledChecks', 'checks'] as const) {
        if (given[key] !== undefined)
          throw refusal(key, 'left out beside `detector`, to which it belongs', given[key]);
      }
    }
    this.#dryRun = given.dryRun ?? false;
    this.#verbose = given.verbose ?? false;
    const logger = this.#levelled(given.logger ?? defaults.logger);
    const clock = given.clock ?? defaults.clock;
    const store = typeof given.state === 'object' ? given.state : defaults.store(given.state);
    const own = (name: string): unknown => (this as unknown as Record<string, unknown>)[name];
    const live = {
      detector: () => this.#watching,
      resolver: () => this.#resolver,
      executor: () => this.#executor,
      // A subclass may have fields of these names, which hide the accessors: a wish not to act counts wherever it is.
      healingEnabled: () =>
        this.#healingEnabled && own('healingEnabled') !== false && own('healing_enabled') !== false,
      dryRun: () => this.#dryRun || own('dryRun') === true || own('dry_run') === true,
    };
    this.ports = {
      host: given.host ?? defaults.host(),
      actions: actionRegistry(actions, (check) => this.#detector.healer?.(check)),
      policy: { services: services && watchedUnits(services), protect },
      guards: guardsFrom(given.guards),
      ledger: new Ledger({ store, clock, logger }),
      approve: given.approve,
      bootId: bootId(),
      acting: new Set<string>(),
      clock,
      logger,
      hears: (name) => this.events.hears(name),
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
      // Read when they are needed: switching healing off also stops what waits in line.
      get healingEnabled() {
        return live.healingEnabled();
      },
      get dryRun() {
        return live.dryRun();
      },
    };
    this.cycle = new Cycle(this.ports);
    this.#generations = new GenerationWatch(this.ports);
    narrate(this.events, logger);
    this.#narrateCycles();
    for (const sentence of optionWarnings(given, this.ports.policy.services)) logger.warn(sentence);
    const { host, ledger } = this.ports;
    this.#detector =
      given.detector ?? defaults.detector({ host, clock, services, checks, thresholds, enabledChecks });
    this.#watching = this.#generations.around(this.#detector);
    this.#resolver = given.resolver ?? defaults.resolver();
    const current = () => this.detector.thresholds ?? thresholdValues();
    this.#executor =
      given.executor ??
      defaults.executor({
        ...{ host, actions, services, protect, logger },
        healer: (check) => this.#detector.healer?.(check),
        readsThisMachine: () => this.#readsThisMachine(),
        ...{ thresholds: current, guards: given.guards, nix },
        history: () => {
          const { state } = ledger;
          const now = ledger.now();
          return { generations: state.generations, now, wallAheadMs: clock.now() - now };
        },
        keepSystems: () => neededSystems(ledger.state.generations),
      });
  }

  /** Both what plans are made from and what finds issues: a detector may have been given another host. */
  #readsThisMachine(): boolean {
    const own = this.ports.host;
    const { host = own } = this.#detector;
    // A detector of somebody's own may call anything `host`.
    const read = typeof host?.read === 'function' ? host : own;
    return [own, read].every(defaults.isThisMachine);
  }

  /** What finds issues. Typed as the default one; a detector of your own comes back as it is. */
  get detector(): SimpleDetector {
    return this.#detector as SimpleDetector;
  }
  set detector(detector: Detector) {
    refusePythonMethods('detector', detector, DETECTOR_NAMES);
    expectMethods('detector', detector, PART_METHODS.detector);
    this.#detector = detector;
    this.#watching = this.#generations.around(detector);
  }

  /** What picks the action for an issue. */
  get resolver(): Resolver {
    return this.#resolver;
  }
  set resolver(resolver: Resolver) {
    refusePythonMethods('resolver', resolver, RESOLVER_NAMES);
    expectMethods('resolver', resolver, PART_METHODS.resolver);
    this.#resolver = resolver;
  }

  /** What changes the host. */
  get executor(): Executor {
    return this.#executor;
  }
  set executor(executor: Executor) {
    expectMethods('executor', executor, PART_METHODS.executor);
    this.#executor = executor;
  }

  /** Whether anything is healed at all; when false, issues are only reported. Default `true`. */
  get healingEnabled(): boolean {
    return this.#healingEnabled;
  }
  set healingEnabled(value: boolean) {
    this.#healingEnabled = expectBoolean('healingEnabled', value);
  }

  /** Whether everything is planned and judged, and nothing changed. Default `false`. */
  get dryRun(): boolean {
    return this.#dryRun;
  }
  set dryRun(value: boolean) {
    this.#dryRun = expectBoolean('dryRun', value);
  }

  /** Whether debug lines go to the logger. Default `false`. */
  get verbose(): boolean {
    return this.#verbose;
  }
  set verbose(value: boolean) {
    this.#verbose = expectBoolean('verbose', value);
    this.#narrateCycles();
  }

  /** What each look found goes to the log while `verbose` is set; a listener of every cycle costs each of them. */
  #narrateCycles(): void {
    this.#hush?.();
    this.#hush = this.#verbose ? narrateCycles(this.events, this.ports.logger) : undefined;
  }

  protected now(): Date {
    return new Date(this.ports.clock.now());
  }

  /** One printable line a call; debug lines only while `verbose` is set. A logger that throws must not stop a repair. */
  #levelled(logger: Logger): Logger {
    const say = (level: keyof Logger) => (message: string) => {
      try {
        logger[level](printable(message));
      } catch {
        // There is nobody left to tell.
      }
    };
    const debug = say('debug');
    return {
      debug: (message) => void (this.#verbose && debug(message)),
      info: say('info'),
      warn: say('warn'),
      error: say('error'),
    };
  }
}
