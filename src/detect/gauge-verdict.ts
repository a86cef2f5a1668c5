import type { ComponentVerdict, IssueType, Severity } from '../model/issue.js';
import type { GaugePart, Gauges } from '../model/snapshot.js';
import type { MountRules } from './mount-rules.js';
import type { ThresholdValues } from './thresholds.js';
import type { VerdictList } from './verdict-list.js';

/** Check, component and type of a verdict. */
type About = Pick<ComponentVerdict, 'check' | 'component' | 'type'>;

/** Judgement of a check that compares one gauge with its threshold. */
export interface GaugeCheck {
  /** The only part of a snapshot that it reads. */
  readonly part: GaugePart;
  /** Adds its verdicts. */
  judge(gauges: Gauges, levels: ThresholdValues, into: VerdictList, rules: MountRules): void;
  /** Returns whether a verdict would be bad, without making one. */
  isOver(gauges: Gauges, levels: ThresholdValues, rules: MountRules): boolean;
}

/** Numbers of one reading of a gauge. */
export interface Measured {
  readonly value: number;
  readonly threshold: number;
  /** Amount that is left, of the amount in `of`. */
  readonly left: number;
  readonly of: number;
  /** Mount point; empty where there is only one gauge of the kind. */
  readonly which: string;
  /** Amount that is excluded from the value. */
  readonly besides: number;
}

/** A value that is compared with a threshold. */
export interface Gauge extends About {
  readonly severity: (value: number, threshold: number) => Severity;
  readonly clearsAt: (threshold: number) => number;
  /** Returns the sentence for a reading. */
  readonly words: (measured: Measured) => string;
}

/** Returns the component of one gauge of a kind: `disk:/var`. */
const componentOn = (component: string, which: string): string =>
  which === '' ? component : `${component}:${which}`;

/**
 * Verdict on a gauge. Its sentence is built when `reason` is read: most are never read, and building them would take
 * longer than everything else. It holds copies of the numbers, so it never changes.
 */
class GaugeVerdict implements ComponentVerdict {
  readonly check: string;
  readonly component: string;
  readonly type: IssueType;
  readonly status: 'ok' | 'bad';
  readonly severity: Severity;
  readonly value: number;
  readonly threshold: number;
  readonly clearsAt: number;
  declare readonly reason: string;
  readonly #gauge: Gauge;
  readonly #left: number;
  readonly #of: number;
  readonly #which: string;
  readonly #besides: number;

  constructor(
    gauge: Gauge,
    value: number,
    threshold: number,
    left: number,
    of: number,
    which: string,
    besides: number,
  ) {
    this.check = gauge.check;
    this.component = componentOn(gauge.component, which);
    this.type = gauge.type;
    this.status = value > threshold ? 'bad' : 'ok';
    this.severity = gauge.severity(value, threshold);
    this.value = value;
    this.threshold = threshold;
    this.clearsAt = gauge.clearsAt(threshold);
    this.#gauge = gauge;
    this.#left = left;
    this.#of = of;
    this.#which = which;
    this.#besides = besides;
    // An own property, so that copies and JSON have it; all instances share one V8 shape.
    Object.defineProperty(this, 'reason', REASON);
    Object.freeze(this);
  }

  words(): string {
    const { value, threshold } = this;
    const [left, of, which, besides] = [this.#left, this.#of, this.#which, this.#besides];
    return this.#gauge.words({ value, threshold, left, of, which, besides });
  }

  /** Returns whether a verdict on these numbers would be equal. */
  says(
    gauge: Gauge,
    value: number,
    threshold: number,
    left: number,
    of: number,
    which: string,
    besides: number,
  ): boolean {
    return (
      this.value === value &&
      this.#left === left &&
      this.threshold === threshold &&
      this.#of === of &&
      this.#gauge === gauge &&
      this.#which === which &&
      this.#besides === besides
    );
  }

  /** Prints the plain fields. */
  [Symbol.for('nodejs.util.inspect.custom')](): ComponentVerdict {
    return { ...this };
  }
}

const REASON: PropertyDescriptor = {
  enumerable: true,
  get(this: GaugeVerdict) {
    return this.words();
  },
};

/** Returns the verdict on a gauge: bad above the threshold. Returns `last` itself if it is equal. */
export function judged(
  gauge: Gauge,
  last: ComponentVerdict | undefined,
  value: number,
  threshold: number,
  left = 0,
  of = 0,
  which = '',
  besides = 0,
): ComponentVerdict {
  return last instanceof GaugeVerdict && last.says(gauge, value, threshold, left, of, which, besides)
    ? last
    : new GaugeVerdict(gauge, value, threshold, left, of, which, besides);
}

/** Returns the verdict on a gauge that could not be read. Returns `last` itself if it is equal. */
export function notKnown(
  { check, component: kind, type }: About,
  last: ComponentVerdict | undefined,
  reason: string,
  which = '',
): ComponentVerdict {
  const component = componentOn(kind, which);
  return last?.status === 'unknown' && last.reason === reason && last.component === component
    ? last
    : Object.freeze({ check, component, type, status: 'unknown', reason });
}
