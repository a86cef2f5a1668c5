import { realClock, type Clock } from '../clock.js';
import { asError } from '../errors.js';
import {
  expectArray,
  expectKnownKeys,
  expectMethods,
  expectObject,
  expectOneOf,
  expectStrings,
} from '../expect.js';
import type { Host, ReadRequest } from '../host/host.js';
import { localHost } from '../host/local-host.js';
import type { Writable } from '../host/reading.js';
import type { Snapshot } from '../host/snapshot.js';
import { unitName } from '../host/systemd/unit-name.js';
import type { ComponentVerdict, Issue } from '../issue.js';
import { isPending } from '../pending.js';
import { DETECTOR_NAMES, refusePythonNames } from '../python-names.js';
import { BUILT_IN_CHECKS, UNNAMED_CHECK, type BuiltInCheck, type Check } from './check.js';
import { BuiltInChecks, PARTS } from './built-in.js';
import { expectInspectRequest, NO_REQUEST, type InspectRequest } from './inspect-request.js';
import { mayBeUnit, verdictsOn } from './component.js';
import { healerOf, type Healer } from './healer.js';
import { isBad, issueFrom } from './issue-from.js';
import { GaugeGlance, type Glance, type Looking } from './glance.js';
import type { WatchedUnit } from './services.js';
import { guardedThresholds, thresholdValues, type Thresholds } from './thresholds.js';
import { UserChecks } from './user-checks.js';
import { VerdictList } from './verdict-list.js';
import { watchedUnits, type ServiceOption } from './watched.js';

/** What the engine needs of a detector. Yours may have `detectIssues` alone. */
export interface Detector {
  /** What is in trouble at this moment, without debounce. */
  detectIssues(request?: InspectRequest): Promise<readonly Issue[]>;
  /** Every verdict, `ok` and `unknown` included. Without it, a component that has no issue counts as healthy. */
  inspect?(request?: InspectRequest): Promise<readonly ComponentVerdict[]>;
  /** The same as `inspect`, but answers at once where it can: a promise costs more than a look that waits for nothing. */
  look?(request?: InspectRequest): Looked;
  /** The function that repairs what a check found, by the name of the check. Optional. */
  healer?(check: string): Healer | undefined;
  /** The host that it reads, where it reads one: issues of another machine are never acted on here. Optional. */
  readonly host?: Host | undefined;
  /** Makes what looks often at whether all is well, at the cost of the reading alone. Optional. */
  glance?(): Glance | undefined;
}

/** What a {@link SimpleDetector} may be given. */
export interface DetectorOptions {
  /** What is read. Default: this machine. */
  readonly host?: Host | undefined;
  readonly clock?: Clock | undefined;
  readonly thresholds?: Partial<Thresholds> | undefined;
  /** Default: all that come with the library, and each one that is added. */
  readonly enabledChecks?: readonly string[] | undefined;
  readonly checks?: readonly Check[] | undefined;
  /** The units to watch. Without it, whichever unit has failed is an issue. */
  readonly services?: readonly ServiceOption[] | undefined;
}

const OPTIONS = ['host', 'clock', 'thresholds', 'enabledChecks', 'checks', 'services'];

export { isBad, issueFrom, type InspectRequest };

/** Verdicts, at once where nothing has to be waited for. */
export type Looked = readonly ComponentVerdict[] | Promise<readonly ComponentVerdict[]>;

/** Reads the host and holds it against the thresholds. It looks, and changes nothing. */
export class SimpleDetector implements Detector {
  readonly #clock: Clock;
  readonly #watched: ReadonlyMap<string, WatchedUnit>;
  readonly #units: readonly string[];
  readonly #list = new VerdictList();
  readonly #glance: GaugeGlance;
  readonly #discover: boolean;
  readonly #custom = new UserChecks(() => this.#clock.monotonic());
  readonly #judge: BuiltInChecks;
  #asked: { readonly checks: readonly string[]; readonly request: ReadRequest } | undefined;
  #thresholds: Thresholds;
  readonly #looking: Writable<Looking>;

  constructor(options: DetectorOptions = {}) {
    expectKnownKeys('options', expectObject('options', options), OPTIONS);
    if (options.host !== undefined) expectMethods('host', options.host, ['read']);
    this.#clock = options.clock ?? realClock;
    this.#looking = {
      host: options.host ?? localHost(),
      enabled: Object.freeze([...BUILT_IN_CHECKS]),
      levels: thresholdValues(options.thresholds),
    };
    this.#thresholds = guardedThresholds(this.#looking.levels);
    this.#watched = watchedUnits(options.services);
    this.#units = [...this.#watched.keys()];
    this.#judge = new BuiltInChecks(this.#watched, this.#clock);
    this.#glance = new GaugeGlance(this.#looking, this.#list);
    this.#discover = options.services === undefined;
    for (const check of expectArray('checks', options.checks ?? [])) this.addCheck(check as Check);
    if (options.enabledChecks !== undefined) this.enabledChecks = options.enabledChecks;
  }

  /** The host that it reads. */
  get host(): Host {
    return this.#looking.host;
  }

  /** Levels above which something is trouble. Assign the whole (missing keys are then the defaults) or one of them. */
  get thresholds(): Thresholds {
    return this.#thresholds;
  }
  set thresholds(thresholds: Partial<Thresholds>) {
    this.#looking.levels = thresholdValues(thresholds);
    this.#thresholds = guardedThresholds(this.#looking.levels);
  }

  /** Names of the checks that run, as a frozen array: `cpu`, `memory`, `disk`, `load`, `services`, `system`, and yours. */
  get enabledChecks(): readonly string[] {
    return this.#looking.enabled;
  }
  set enabledChecks(names: readonly string[]) {
    const known = [...BUILT_IN_CHECKS, ...this.#custom.names];
    for (const name of expectStrings('enabledChecks', names))
      expectOneOf('enabledChecks', name, known, 'check');
    this.#looking.enabled = Object.freeze([...new Set(names)]);
  }

  /** Adds a check of the host program's own, and enables it. Throws when the name is taken. */
  addCheck(check: Check): this {
    const name = this.#custom.add(check, [...BUILT_IN_CHECKS, UNNAMED_CHECK]);
    this.#looking.enabled = Object.freeze([...this.#looking.enabled, name]);
    return this;
  }

  /** Returns the function in the `heals` of a check; `undefined` where there is none. */
  healer(check: string): Healer | undefined {
    return healerOf(this.#custom.runner(check), () => this.#clock.now());
  }

  /** What is in trouble at this moment, without debounce. */
  async detectIssues(request: InspectRequest = NO_REQUEST): Promise<Issue[]> {
    const timestamp = new Date(this.#clock.now());
    expectInspectRequest(request);
    return (await this.inspect(request)).filter(isBad).map((verdict) => issueFrom(verdict, timestamp));
  }

  /** Every verdict, `ok` and `unknown` included. A frozen array: the same one while nothing has changed. */
  inspect(request: InspectRequest = NO_REQUEST): Promise<readonly ComponentVerdict[]> {
    try {
      expectInspectRequest(request);
      return Promise.resolve(this.#look(request));
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  /** The same as `inspect()`, but at once where nothing has to be waited for. */
  look(request: InspectRequest = NO_REQUEST): Looked {
    // Whoever overrides `inspect` means every look.
    return this.inspect === SimpleDetector.prototype.inspect ? this.#look(request) : this.inspect(request);
  }

  /** Makes what looks at whether all is well; not where `inspect` or `look` is overridden, which means every look. */
  glance(): Glance | undefined {
    const { prototype } = SimpleDetector;
    return this.inspect === prototype.inspect && this.look === prototype.look
      ? new GaugeGlance(this.#looking, this.#list)
      : undefined;
  }

  #look(request: InspectRequest): Looked {
    const { component } = request;
    if (component === undefined && this.#glance.look() !== undefined) return this.#glance.verdicts();
    const checks =
      component === undefined ? this.#looking.enabled : this.#checksFor(component, request.check);
    const reading = this.#looking.host.read(this.#request(checks, component, request));
    return isPending(reading)
      ? Promise.resolve(reading).then((snapshot) => this.#judgeAll(checks, snapshot, request))
      : this.#judgeAll(checks, reading, request);
  }

  #judgeAll(checks: readonly string[], snapshot: Snapshot, request: InspectRequest): Looked {
    const { component } = request;
    const custom = this.#custom.run(checks, snapshot, request);
    return custom.some(isPending)
      ? Promise.all(custom.map(async (verdict) => verdict)).then((verdicts) =>
          this.#putTogether(checks, snapshot, verdicts, component),
        )
      : this.#putTogether(checks, snapshot, custom as readonly ComponentVerdict[], component);
  }

  #putTogether(
    checks: readonly string[],
    snapshot: Snapshot,
    custom: readonly ComponentVerdict[],
    component: string | undefined,
  ): readonly ComponentVerdict[] {
    const list = component === undefined ? this.#list : new VerdictList();
    list.begin();
    for (const name of checks) this.#judge.judge(name, snapshot, this.#looking.levels, list);
    for (const verdict of custom) list.add(verdict);
    const all = list.end();
    return component === undefined ? all : verdictsOn(component, all, snapshot.mounts);
  }

  /** The checks that can speak for a component, whether they are enabled or not: an issue may come by hand. */
  #checksFor(component: string, check: string | undefined): readonly string[] {
    const own = this.#custom.namesFor(component);
    const builtIn = this.#builtInFor(component);
    // A unit that merely has the name of a check's component is nobody's business, unless it is watched or was asked for.
    const strange = builtIn[0] === 'services' && !this.#isWatched(component) && check !== 'services';
    return own.length > 0 && strange ? own : [...own, ...builtIn];
  }

  #isWatched(component: string): boolean {
    return mayBeUnit(component) && this.#watched.has(unitName(component));
  }

  #builtInFor(component: string): readonly BuiltInCheck[] {
    if (component === 'cpu' || component === 'memory' || component === 'load') return [component];
    if (/^(disk|inodes)(:|$)/.test(component)) return ['disk'];
    if (/^system(:|$)/.test(component)) return ['system'];
    return mayBeUnit(component) ? ['services'] : [];
  }

  #request(
    checks: readonly string[],
    component: string | undefined,
    { recent, fresh, signal }: InspectRequest,
  ): ReadRequest {
    const known = component === undefined && this.#asked?.checks === checks ? this.#asked.request : undefined;
    if (known && known.signal === signal && known.recent === recent) return known;
    const services = checks.includes('services');
    const single = component !== undefined && services;
    const request: ReadRequest = {
      parts: [
        ...new Set(checks.flatMap((name) => PARTS[name as BuiltInCheck] ?? this.#custom.partsOf(name))),
      ],
      units: !services ? undefined : single ? [unitName(component)] : this.#units,
      discover: this.#discover && services && !single,
      recent,
      ...(single ? { fresh } : {}),
      signal,
    };
    if (component === undefined) this.#asked = { checks, request };
    return request;
  }
}

refusePythonNames(SimpleDetector.prototype, DETECTOR_NAMES);
