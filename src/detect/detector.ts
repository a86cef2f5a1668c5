import { realClock, type Clock } from '../clock.js';
import { expectKnownKeys, expectMethods, expectObject, expectOneOf, expectStrings } from '../expect.js';
import type { Host, ReadRequest } from '../host/host.js';
import { localHost } from '../host/local-host.js';
import { isUnknown } from '../host/reading.js';
import { SNAPSHOT_PARTS, type Snapshot, type SnapshotPart } from '../host/snapshot.js';
import { isUnitName, unitName } from '../host/systemd/unit-name.js';
import { IssueType, Severity, type ComponentVerdict, type Issue } from '../issue.js';
import { BUILT_IN_CHECKS, expectCheck, type BuiltInCheck, type Check } from './check.js';
import { CheckRunner } from './check-runner.js';
import { judgeCpu } from './cpu.js';
import { judgeDisks } from './disk.js';
import { verdictsOn } from './component.js';
import { judgeLoad } from './load.js';
import { judgeMemory } from './memory.js';
import { OomHistory } from './oom.js';
import { judgeServices, type WatchedUnit } from './services.js';
import { judgeSystem } from './system.js';
import { guardedThresholds, thresholdValues, type Thresholds, type ThresholdValues } from './thresholds.js';
import { watchedUnits, type ServiceOption } from './watched.js';

/** What to look at. */
export interface InspectRequest {
  /** Only what can speak for this component: `disk:/var`, `nginx`. Everything when left out. */
  readonly component?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What the engine needs of a detector. Yours may have `detectIssues` alone. */
export interface Detector {
  /** What is in trouble at this moment, without debounce. */
  detectIssues(request?: InspectRequest): Promise<readonly Issue[]>;
  /** Every verdict, `ok` and `unknown` included. Without it, a component that has no issue counts as healthy. */
  inspect?(request?: InspectRequest): Promise<readonly ComponentVerdict[]>;
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

/** Which part of a snapshot each check reads. */
const PARTS: Record<BuiltInCheck, SnapshotPart> = {
  cpu: 'cpu',
  memory: 'memory',
  disk: 'mounts',
  load: 'load',
  services: 'units',
  system: 'system',
};

/** Reads the host and holds it against the thresholds. It looks, and changes nothing. */
export class SimpleDetector implements Detector {
  readonly #host: Host;
  readonly #clock: Clock;
  readonly #watched: ReadonlyMap<string, WatchedUnit>;
  readonly #discover: boolean;
  readonly #custom = new Map<string, CheckRunner>();
  readonly #oom = new OomHistory();
  #values: ThresholdValues;
  #thresholds: Thresholds;
  #enabled: readonly string[];

  constructor(options: DetectorOptions = {}) {
    expectKnownKeys('options', expectObject('options', options), OPTIONS);
    if (options.host !== undefined) expectMethods('host', options.host, ['read']);
    this.#host = options.host ?? localHost();
    this.#clock = options.clock ?? realClock;
    this.#values = thresholdValues(options.thresholds);
    this.#thresholds = guardedThresholds(this.#values);
    this.#watched = watchedUnits(options.services);
    this.#discover = options.services === undefined;
    this.#enabled = Object.freeze([...BUILT_IN_CHECKS]);
    for (const check of options.checks ?? []) this.addCheck(check);
    if (options.enabledChecks !== undefined) this.enabledChecks = options.enabledChecks;
  }

  /** Levels above which something is trouble. Assign the whole (missing keys are then the defaults) or one of them. */
  get thresholds(): Thresholds {
    return this.#thresholds;
  }
  set thresholds(thresholds: Partial<Thresholds>) {
    this.#values = thresholdValues(thresholds);
    this.#thresholds = guardedThresholds(this.#values);
  }

  /** Names of the checks that run, as a frozen array: `cpu`, `memory`, `disk`, `load`, `services`, `system`, and yours. */
  get enabledChecks(): readonly string[] {
    return this.#enabled;
  }
  set enabledChecks(names: readonly string[]) {
    const known = [...BUILT_IN_CHECKS, ...this.#custom.keys()];
    for (const name of expectStrings('enabledChecks', names))
      expectOneOf('enabledChecks', name, known, 'check');
    this.#enabled = Object.freeze([...new Set(names)]);
  }

  /** Adds a check of the host program's own, and enables it. Throws when the name is taken. */
  addCheck(check: Check): this {
    const added = expectCheck(check, [...BUILT_IN_CHECKS, ...this.#custom.keys()]);
    this.#custom.set(added.name, new CheckRunner(added));
    this.#enabled = Object.freeze([...this.#enabled, added.name]);
    return this;
  }

  /** What is in trouble at this moment, without debounce. */
  async detectIssues(request: InspectRequest = {}): Promise<Issue[]> {
    const timestamp = new Date(this.#clock.now());
    return (await this.inspect(request)).filter(isBad).map((verdict) => issueFrom(verdict, timestamp));
  }

  /** Every verdict, `ok` and `unknown` included. */
  async inspect({ component, signal }: InspectRequest = {}): Promise<ComponentVerdict[]> {
    const checks = component === undefined ? this.#enabled : this.#checksFor(component);
    const snapshot = await this.#host.read(this.#request(checks, component, signal));
    const builtIn = checks.flatMap((name) => this.#judge(name, snapshot));
    const custom = checks.flatMap((name) => this.#custom.get(name)?.run(snapshot, signal) ?? []);
    const verdicts =
      custom.length === 0
        ? builtIn
        : [...builtIn, ...(await Promise.all(custom.map(async (verdict) => verdict)))];
    return component === undefined ? verdicts : verdictsOn(component, verdicts, snapshot.mounts);
  }

  /** The checks that can speak for a component, whether they are enabled or not: an issue may come by hand. */
  #checksFor(component: string): readonly string[] {
    const own = [...this.#custom.values()].filter(({ check }) => check.component === component);
    if (own.length > 0) return own.map(({ check }) => check.name);
    if (component === 'cpu' || component === 'memory' || component === 'load') return [component];
    if (/^(disk|inodes)(:|$)/.test(component)) return ['disk'];
    if (/^system(:|$)/.test(component)) return ['system'];
    return isUnitName(unitNameOrEmpty(component)) ? ['services'] : [];
  }

  #request(
    checks: readonly string[],
    component: string | undefined,
    signal: AbortSignal | undefined,
  ): ReadRequest {
    const parts = checks.flatMap((name) => PARTS[name as BuiltInCheck] ?? this.#partsOf(name));
    const single = component !== undefined && checks[0] === 'services';
    return {
      parts,
      ...(checks.includes('services')
        ? { units: single ? [unitName(component)] : [...this.#watched.keys()] }
        : {}),
      discover: this.#discover && checks.includes('services') && !single,
      ...(signal ? { signal } : {}),
    };
  }

  #partsOf(custom: string): readonly SnapshotPart[] {
    const runner = this.#custom.get(custom);
    return runner ? (runner.check.parts ?? SNAPSHOT_PARTS) : [];
  }

  #judge(name: string, snapshot: Snapshot): readonly ComponentVerdict[] {
    const about = { check: name, component: name, type: IssueType.RESOURCE };
    const { cpuPercent, memoryPercent, diskPercent, loadAverage } = this.#values;
    switch (name) {
      case 'cpu':
        return [{ ...about, ...judgeCpu(snapshot.cpu, cpuPercent) }];
      case 'memory':
        return [{ ...about, ...judgeMemory(snapshot.memory, memoryPercent) }];
      case 'load':
        return [{ ...about, ...judgeLoad(snapshot.load, loadAverage) }];
      case 'disk':
        return judgeDisks(snapshot.mounts, diskPercent);
      case 'services':
        return judgeServices(snapshot.units, this.#watched);
      case 'system':
        return this.#judgeSystem(snapshot);
      default:
        return [];
    }
  }

  #judgeSystem({ system, units }: Snapshot): ComponentVerdict[] {
    const kills = isUnknown(system) ? system : system.oomKills;
    return judgeSystem(system, this.#oom.note(kills, this.#clock.monotonic()), units);
  }
}

/** Whether a verdict is bad. */
export const isBad = (verdict: ComponentVerdict): boolean => verdict.status === 'bad';

/** The issue that a bad verdict is. */
export function issueFrom(verdict: ComponentVerdict, timestamp: Date): Issue {
  return Object.freeze({
    type: verdict.type,
    severity: verdict.severity ?? Severity.HIGH,
    description: verdict.reason,
    component: verdict.component,
    metricValue: verdict.value ?? 0,
    threshold: verdict.threshold ?? 0,
    timestamp,
    ...(verdict.evidence ? { evidence: Object.freeze([...verdict.evidence]) } : {}),
  });
}

function unitNameOrEmpty(component: string): string {
  try {
    return unitName(component);
  } catch {
    return '';
  }
}
