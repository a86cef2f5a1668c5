import { isUnknown } from '../model/reading.js';
import type { GaugePart, Gauges } from '../model/snapshot.js';
import type { MountRules } from './mount-rules.js';
import type { ThresholdValues } from './thresholds.js';
import type { VerdictList } from './verdict-list.js';

/** Judgement of a check that compares one gauge with its threshold. */
export interface GaugeCheck {
  /** The only part of a snapshot that it reads. */
  readonly part: GaugePart;
  /** Adds its verdicts. */
  judge(gauges: Gauges, levels: ThresholdValues, into: VerdictList, rules: MountRules): void;
  /** Returns whether a verdict would be bad, without making one. */
  isOver(gauges: Gauges, levels: ThresholdValues, rules: MountRules): boolean;
}

/** Returns whether the gauge of one of these checks could not be read at all. */
export function anyUnknown(checks: readonly GaugeCheck[], gauges: Gauges): boolean {
  for (const { part } of checks) if (isUnknown(gauges[part])) return true;
  return false;
}

/** Returns whether one of these checks would give a bad verdict. */
export function anyOver(
  checks: readonly GaugeCheck[],
  gauges: Gauges,
  levels: ThresholdValues,
  rules: MountRules,
): boolean {
  for (const check of checks) if (check.isOver(gauges, levels, rules)) return true;
  return false;
}
