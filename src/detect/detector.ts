import { realClock, type Clock } from '../base/clock.js';
import { asError } from '../base/errors.js';
import { expectArray, expectOneOf, expectStrings, refusal } from '../base/expect.js';
import type { Host, ReadRequest } from '../host/host.js';
import { localHost } from '../host/local-host.js';
import type { Writable } from '../model/reading.js';
import type { Snapshot } from '../model/snapshot.js';
import { unitName } from '../model/unit-name.js';
import type { ComponentVerdict, Issue } from '../model/issue.js';
import { isPending } from '../base/pending.js';
import { DETECTOR_NAMES, refusePythonNames } from '../base/python-names.js';
import { BUILT_IN_CHECKS, rulesOf, UNNAMED_CHECK } from '../model/built-in-checks.js';
import { type Check } from './check.js';
import { BuiltInChecks } from './built-in.js';
import { expectDetectorOptions, type DetectorOptions } from './detector-options.js';
import {
  expectInspectRequest,
  NO_REQUEST,
  type Detector,
  type InspectRequest,
  type Looked,
} from './detector-port.js';
import { builtInChecksOf, mayBeUnit, verdictsOn } from './component.js';
import { healerOf, type Healer } from './healer.js';
import { isBad, issueFrom } from './issue-from.js';
import { FastLook, type Glance, type Looking } from './fast-path.js';
import { MountRules } from './mount-rules.js';
import { guardedThresholds, thresholdValues, type Thresholds } from './thresholds.js';
import { UserChecks } from './user-checks.js';
import { VerdictList } from './verdict-list.js';
import { watchedUnits } from './watched.js';
import { listedNames, listedPatterns, watchedAs, type WatchedUnits } from './watched-units.js';

export { isBad, issueFrom, type Detector, type DetectorOptions, type InspectRequest, type Looked };

/** Age in milliseconds above which a snapshot is read again before a repair is based on it. */
const OLD_MS = 250;

/**
 * Reads the host and compares it with the thresholds. It changes nothing.
 *
 * @example
 * ```js
 * import { SimpleDetector } from '@luminous-nix/self-healing';
 *
 * const detector = new SimpleDetector({ enabledChecks: ['memory', 'disk'] });
 * detector.thresholds.diskPercent = 95;
 * for (const { component, status, reason } of await detector.inspect()) console.log(component, status, reason);
 * ```
 */
export class SimpleDetector implements Detector {
  readonly #clock: Clock;
  readonly #watched: WatchedUnits | undefined;
  readonly #units: readonly string[];
  readonly #patterns: readonly string[];
  readonly #list = new VerdictList();
  readonly #glance: FastLook;
  #thresholds: Thresholds;
  readonly #looking: Writable<Looking>;

  constructor(options: DetectorOptions = {}) {
    expectDetectorOptions(options);
    this.#clock = options.clock ?? realClock;
    const { services, checks = [] } = options;
    this.#watched = services === undefined ? undefined : watchedUnits(services);
    const rules = new MountRules(options.mounts);
    this.#looking = {
      host: options.host ?? localHost(),
      enabled: Object.freeze([...BUILT_IN_CHECKS]),
      levels: thresholdValues(options.thresholds),
      rules,
      builtIn: new BuiltInChecks(this.#watched, this.#clock, rules),
      custom: new UserChecks(() => this.#clock.monotonic()),
      asked: undefined,
    };
    this.#thresholds = guardedThresholds(this.#looking.levels);
    this.#units = listedNames(this.#watched ?? new Map());
    this.#patterns = listedPatterns(this.#watched ?? new Map());
    this.#glance = new FastLook(this.#looking, this.#list);
    for (const check of expectArray('checks', checks)) this.addCheck(check as Check);
    if (options.enabledChecks !== undefined) this.enabledChecks = options.enabledChecks;
  }

  /** Longest time limit of the checks of the host program, in milliseconds. */
  get longestCheckMs(): number {
    return this.#looking.custom.longestMs;
  }

  /** Host that it reads. */
  get host(): Host {
    return this.#looking.host;
  }

  /** Thresholds above which an issue is raised. Assign all of them (missing keys get the defaults) or a single one. */
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
    const known = [...BUILT_IN_CHECKS, ...this.#looking.custom.names];
    for (const name of expectStrings('enabledChecks', names))
      expectOneOf('enabledChecks', name, known, 'check');
    this.#looking.enabled = Object.freeze([...new Set(names)]);
  }

  /** Adds your own check and enables it. Throws when the name is taken. */
  addCheck(check: Check): this {
    const name = this.#looking.custom.add(check, [...BUILT_IN_CHECKS, UNNAMED_CHECK]);
    this.#looking.enabled = Object.freeze([...this.#looking.enabled, name]);
    return this;
  }

  /** Returns the function in the `heals` of a check; `undefined` where there is none. */
  healer(check: string): Healer | undefined {
    if (typeof check !== 'string') throw refusal('check', 'the name of a check', check);
    return healerOf(this.#looking.custom.runner(check), () => this.#clock.now());
  }

  /** Returns the issues of this moment, without debounce. */
  async detectIssues(request: InspectRequest = NO_REQUEST): Promise<Issue[]> {
    const timestamp = new Date(this.#clock.now());
    expectInspectRequest(request);
    return (await this.inspect(request)).filter(isBad).map((verdict) => issueFrom(verdict, timestamp));
  }

  /** Returns every verdict, `ok` and `unknown` included, as a frozen array: the same one while nothing changes. */
  inspect(request: InspectRequest = NO_REQUEST): Promise<readonly ComponentVerdict[]> {
    try {
      expectInspectRequest(request);
      return Promise.resolve(this.#look(request));
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  /** Same as `inspect()`, but synchronous where nothing has to be awaited. */
  look(request: InspectRequest = NO_REQUEST): Looked {
    expectInspectRequest(request);
    // An overridden `inspect` applies to every look.
    return this.inspect === SimpleDetector.prototype.inspect ? this.#look(request) : this.inspect(request);
  }

  /** Returns a fast path; none where `inspect` or `look` is overridden. */
  glance(): Glance | undefined {
    const { prototype } = SimpleDetector;
    return this.inspect === prototype.inspect && this.look === prototype.look
      ? new FastLook(this.#looking, this.#list)
      : undefined;
  }

  #look(request: InspectRequest): Looked {
    const { component } = request;
    if (component === undefined && this.#glance.look(request.recent) !== undefined)
      return this.#glance.verdicts();
    const checks =
      component === undefined ? this.#looking.enabled : this.#checksFor(component, request.check);
    const reading = this.#looking.host.read(this.#request(checks, component, request));
    return isPending(reading)
      ? Promise.resolve(reading).then((snapshot) => this.#judgeAll(checks, snapshot, request))
      : this.#judgeAll(checks, reading, request);
  }

  #judgeAll(checks: readonly string[], snapshot: Snapshot, request: InspectRequest): Looked {
    const { component } = request;
    const began = this.#clock.monotonic();
    const custom = this.#looking.custom.run(checks, snapshot, request);
    if (!isPending(custom)) return this.#putTogether(checks, snapshot, custom, component);
    return custom.then(async (verdicts) => {
      const isOld = component !== undefined && this.#clock.monotonic() - began > OLD_MS;
      const read = isOld
        ? await this.#looking.host.read(this.#request(checks, component, request))
        : snapshot;
      return this.#putTogether(checks, read, verdicts, component);
    });
  }

  #putTogether(
    checks: readonly string[],
    snapshot: Snapshot,
    custom: readonly ComponentVerdict[],
    component: string | undefined,
  ): readonly ComponentVerdict[] {
    const list = component === undefined ? this.#list : new VerdictList();
    list.begin();
    const { enabled, levels, builtIn } = this.#looking;
    const judgesServices = enabled.includes('services');
    for (const name of checks) builtIn.judge(name, snapshot, levels, list, judgesServices);
    for (const verdict of custom) list.add(verdict);
    const all = list.end();
    return component === undefined ? all : verdictsOn(component, all, snapshot.mounts);
  }

  /** Returns the checks that judge a component, enabled or not: the issue may be made by hand. */
  #checksFor(component: string, check: string | undefined): readonly string[] {
    const own = this.#looking.custom.namesFor(component);
    const builtIn = builtInChecksOf(component);
    // A unit that only shares its name with the component of a check is ignored, unless it is watched or requested.
    const strange = builtIn[0] === 'services' && !this.#isWatched(component) && check !== 'services';
    return own.length > 0 && strange ? own : [...own, ...builtIn];
  }

  #isWatched(component: string): boolean {
    if (!mayBeUnit(component) || this.#watched === undefined) return false;
    const id = unitName(component);
    return watchedAs({ id, names: [id] }, this.#watched) !== undefined;
  }

  #request(
    checks: readonly string[],
    component: string | undefined,
    { recent, fresh, signal }: InspectRequest,
  ): ReadRequest {
    const known =
      component === undefined && this.#looking.asked?.checks === checks
        ? this.#looking.asked.request
        : undefined;
    if (known && known.signal === signal && known.recent === recent) return known;
    const services = checks.includes('services');
    const single = component !== undefined && services;
    // A degraded system is reported with its failed units.
    const failed = checks.includes('system') && (component ?? 'system:state') === 'system:state';
    const parts = checks.flatMap((name) => rulesOf(name)?.part ?? this.#looking.custom.partsOf(name));
    const request: ReadRequest = {
      parts: [...new Set([...parts, ...(failed ? (['units'] as const) : [])])],
      units: !services ? undefined : single ? [unitName(component)] : this.#units,
      // Failed units that are not listed are reported, too.
      discover: (services && !single) || failed,
      ...(services && !single && this.#patterns.length > 0 ? { patterns: this.#patterns } : {}),
      ...(this.#looking.rules.namedPaths.length > 0 ? { mountPoints: this.#looking.rules.namedPaths } : {}),
      recent,
      ...(single ? { fresh } : {}),
      signal,
    };
    if (component === undefined) this.#looking.asked = { checks, request };
    return request;
  }
}

refusePythonNames(SimpleDetector.prototype, DETECTOR_NAMES);
