import type { Host, ReadRequest } from '../host/host.js';
import { isUnknown } from '../model/reading.js';
import type { GaugePart, LiveGauges } from '../model/snapshot.js';
import type { ComponentVerdict } from '../model/issue.js';
import { GAUGE_CHECKS, type BuiltInChecks } from './built-in.js';
import type { GaugeCheck } from './gauge-verdict.js';
import type { MountRules } from './mount-rules.js';
import { clearingLevel } from './percent.js';
import type { ThresholdValues } from './thresholds.js';
import type { UserChecks } from './user-checks.js';
import type { VerdictList } from './verdict-list.js';

/** Reads the host without allocating; verdicts are made on request. */
export interface Glance {
  /**
   * Reads. Returns whether everything is well; `undefined` where only a full look can tell. With `recent`, what systemd
   * last signalled is enough, as in `InspectRequest`.
   */
  look(recent?: boolean): boolean | undefined;
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
  readonly builtIn: BuiltInChecks;
  readonly custom: UserChecks;
  /** Checks of the last full look, and its request to the host. */
  readonly asked: { readonly checks: readonly string[]; readonly request: ReadRequest } | undefined;
}

/**
 * Fast path of a detector. Gauges are compared as numbers. Any other check counts only with the verdict that it gave
 * last: of units and systemd while their reading is the same, of a check of the host program until it is due.
 */
export class FastLook implements Glance {
  readonly #looking: Looking;
  readonly #list: VerdictList;
  readonly #levels: ThresholdValues;
  #enabled: readonly string[] | undefined;
  /** The enabled checks that compare a gauge. */
  #gaugeChecks: readonly GaugeCheck[] = [];
  #parts: readonly GaugePart[] = [];
  /** Names of the other enabled checks. */
  #others: readonly string[] = [];
  #gauges: LiveGauges | undefined;
  /** Verdicts of the other checks in the last look: of the built-in ones, and of those of the host program. */
  readonly #builtIn = new Map<string, readonly ComponentVerdict[]>();
  readonly #custom = new Map<string, ComponentVerdict>();

  constructor(looking: Looking, list: VerdictList) {
    this.#looking = looking;
    this.#list = list;
    this.#levels = { ...looking.levels };
  }

  look(recent = false): boolean | undefined {
    const { enabled, levels, rules, host } = this.#looking;
    if (enabled !== this.#enabled) this.#follow(enabled);
    if (this.#others.length > 0 && !(recent && this.#othersAreWell())) return undefined;
    const gauges = (this.#gauges ??= host.liveGauges?.(this.#parts, rules.namedPaths));
    // Below the clearing level an upper bound is enough: no issue opens, and none stays open.
    if (gauges?.read(clearingLevel(levels.cpuPercent)) !== true) return undefined;
    // A copy: one may be assigned between a look and the request for its verdicts.
    Object.assign(this.#levels, levels);
    // A loop: a closure would be garbage of every look.
    for (const check of this.#gaugeChecks) if (check.isOver(gauges, this.#levels, rules)) return false;
    return true;
  }

  verdicts(): readonly ComponentVerdict[] {
    const list = this.#list;
    const gauges = this.#gauges;
    list.begin();
    for (const name of this.#enabled ?? []) {
      if (gauges) GAUGE_CHECKS.get(name)?.judge(gauges, this.#levels, list, this.#looking.rules);
      this.#builtIn.get(name)?.forEach((verdict) => list.add(verdict));
    }
    // A full look has them last, too.
    for (const verdict of this.#custom.values()) list.add(verdict);
    return list.end();
  }

  misses(): boolean {
    if (this.#gauges !== undefined)
      for (const { part } of this.#gaugeChecks) if (isUnknown(this.#gauges[part])) return true;
    return false;
  }

  /** Returns whether the last verdicts of each other check still hold, and are ok. */
  #othersAreWell(): boolean {
    const { asked, enabled, host, builtIn, custom } = this.#looking;
    const recent = asked?.checks === enabled ? host.recent?.(asked.request) : undefined;
    if (recent === undefined) return false;
    for (const name of this.#others) {
      const known = builtIn.known(name, recent);
      const own = known === undefined ? custom.known(name) : undefined;
      if (known?.every(isWell) !== true && (own === undefined || !isWell(own))) return false;
      if (known) this.#builtIn.set(name, known);
      if (own) this.#custom.set(name, own);
    }
    return true;
  }

  #follow(enabled: readonly string[]): void {
    this.#enabled = enabled;
    this.#gaugeChecks = enabled.flatMap((name) => GAUGE_CHECKS.get(name) ?? []);
    this.#parts = this.#gaugeChecks.map(({ part }) => part);
    this.#others = enabled.filter((name) => !GAUGE_CHECKS.has(name));
    this.#builtIn.clear();
    this.#custom.clear();
    this.#gauges = undefined;
  }
}

/** An issue opens after a transient verdict, too. */
const isWell = ({ status, transient }: ComponentVerdict): boolean => status === 'ok' && !transient;
