import type { Host } from '../host/host.js';
import type { GaugePart, LiveGauges } from '../model/snapshot.js';
import type { ComponentVerdict } from '../model/issue.js';
import { GAUGE_CHECKS } from './built-in.js';
import { anyOver, anyUnknown, type GaugeCheck } from './gauge-check.js';
import type { MountRules } from './mount-rules.js';
import { clearingLevel } from './percent.js';
import type { ThresholdValues } from './thresholds.js';
import type { VerdictList } from './verdict-list.js';

/** Looks at the host without making anything, and says what was read only when somebody asks. */
export interface Glance {
  /** Reads. Whether all is well; `undefined` where only a whole look can tell. */
  look(): boolean | undefined;
  /** The verdicts of the last look. */
  verdicts(): readonly ComponentVerdict[];
  /** Returns whether any of them is unknown. Optional: without it, every look makes its verdicts. */
  misses?(): boolean;
}

/** What a detector looks at, and by what measure; it may change at any time. */
export interface Looking {
  readonly host: Host;
  /** The checks that are enabled. */
  readonly enabled: readonly string[];
  readonly levels: ThresholdValues;
  readonly rules: MountRules;
}

/** A glance at gauges. It can tell nothing where a check that is enabled looks at anything else. */
export class GaugeGlance implements Glance {
  readonly #looking: Looking;
  readonly #list: VerdictList;
  readonly #levels: ThresholdValues;
  #enabled: readonly string[] | undefined;
  /** A copy: going through a frozen array makes an object for each entry. */
  #checks: readonly GaugeCheck[] = [];
  /** What it needs of the host, where gauges are all that it needs. */
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
    // Under the clearing level an upper bound says all there is to say: no trouble, and none that was there before.
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

/** A threshold may be assigned between a look and the question what it saw. */
function copyLevels(from: ThresholdValues, to: ThresholdValues): void {
  to.cpuPercent = from.cpuPercent;
  to.memoryPercent = from.memoryPercent;
  to.diskPercent = from.diskPercent;
  to.loadAverage = from.loadAverage;
}
