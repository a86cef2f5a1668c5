import type { Host } from '../host/host.js';
import type { GaugePart, LiveGauges } from '../model/snapshot.js';
import type { ComponentVerdict } from '../model/issue.js';
import { GAUGE_CHECKS } from './built-in.js';
import { anyOver, anyUnknown, type GaugeCheck } from './gauge-check.js';
import type { MountRules } from './mount-rules.js';
import { clearingLevel } from './percent.js';
import type { ThresholdValues } from './thresholds.js';
import type { VerdictList } from './verdict-list.js';

/** Reads the host without allocating; verdicts are made on request. */
export interface Glance {
  /** Reads. Returns whether everything is well; `undefined` where only a full look can tell. */
  look(): boolean | undefined;
  /** Returns the verdicts of the last look. */
  verdicts(): readonly ComponentVerdict[];
  /** Returns whether any verdict is unknown. Optional: without it, every look makes its verdicts. */
  misses?(): boolean;
}

/** Host, checks and thresholds of a detector; they may change at any time. */
export interface Looking {
  readonly host: Host;
  /** Names of the enabled checks. */
  readonly enabled: readonly string[];
  readonly levels: ThresholdValues;
  readonly rules: MountRules;
}

/** Fast path over gauges. It applies only where every enabled check compares a gauge. */
export class GaugeGlance implements Glance {
  readonly #looking: Looking;
  readonly #list: VerdictList;
  readonly #levels: ThresholdValues;
  #enabled: readonly string[] | undefined;
  /** The enabled checks. */
  #checks: readonly GaugeCheck[] = [];
  /** Gauges to read; `undefined` where a check needs more than gauges. */
  #parts: readonly GaugePart[] | undefined;
  #gauges: LiveGauges | undefined;

  constructor(looking: Looking, list: VerdictList) {
    this.#looking = looking;
    this.#list = list;
    this.#levels = { ...looking.levels };
  }

  look(): boolean | undefined {
    const { enabled, levels, rules } = this.#looking;
    if (enabled !== this.#enabled) this.#follow(enabled);
    const gauges = (this.#gauges ??=
      this.#parts && this.#looking.host.liveGauges?.(this.#parts, rules.namedPaths));
    // Below the clearing level an upper bound is enough: no issue opens, and none stays open.
    if (gauges?.read(clearingLevel(levels.cpuPercent)) !== true) return undefined;
    copyLevels(levels, this.#levels);
    return !anyOver(this.#checks, gauges, this.#levels, rules);
  }

  verdicts(): readonly ComponentVerdict[] {
    const list = this.#list;
    const gauges = this.#gauges;
    list.begin();
    if (gauges)
      for (const check of this.#checks) check.judge(gauges, this.#levels, list, this.#looking.rules);
    return list.end();
  }

  misses(): boolean {
    return this.#gauges !== undefined && anyUnknown(this.#checks, this.#gauges);
  }

  #follow(enabled: readonly string[]): void {
    this.#enabled = enabled;
    this.#checks = enabled.flatMap((name) => GAUGE_CHECKS.get(name) ?? []);
    this.#parts = this.#checks.length === enabled.length ? this.#checks.map(({ part }) => part) : undefined;
    this.#gauges = undefined;
  }
}

/** Copies thresholds: one may be assigned between a look and the request for its verdicts. */
function copyLevels(from: ThresholdValues, to: ThresholdValues): void {
  to.cpuPercent = from.cpuPercent;
  to.memoryPercent = from.memoryPercent;
  to.diskPercent = from.diskPercent;
  to.loadAverage = from.loadAverage;
}
