import type { ComponentVerdict, IssueType, Severity } from '../model/issue.js';

/** What a check that comes with the library says something about. */
type About = Pick<ComponentVerdict, 'check' | 'component' | 'type'>;

/** What was read of a gauge. */
export interface Measured {
  readonly value: number;
  readonly threshold: number;
  /** What is told beside the value: how much is left, out of how much. */
  readonly left: number;
  readonly of: number;
  /** Of which one, where there are many: a mount point. */
  readonly which: string;
  /** What is left out of all this. */
  readonly besides: number;
}

/** A number that is held against a threshold, and how to speak of it. */
export interface Gauge extends About {
  readonly severity: (value: number, threshold: number) => Severity;
  readonly clearsAt: (threshold: number) => number;
  /** The sentence. */
  readonly words: (measured: Measured) => string;
}

/** Which one of a kind: `disk` becomes `disk:/var`. */
const componentOn = (component: string, which: string): string =>
  which === '' ? component : `${component}:${which}`;

/**
 * A verdict on a gauge. Its sentence is put together when somebody reads it: most are never read, and making them
 * would take longer than everything else. It is made of numbers of its own, so it never changes.
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
    // A property of its own, so that it is there in a copy and in JSON; V8 keeps one shape for all who share it.
    Object.defineProperty(this, 'reason', REASON);
    Object.freeze(this);
  }

  words(): string {
    const { value, threshold } = this;
    const [left, of, which, besides] = [this.#left, this.#of, this.#which, this.#besides];
    return this.#gauge.words({ value, threshold, left, of, which, besides });
  }

  /** Whether a verdict on these numbers would be the same. */
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

  /** Printed as what it looks like. */
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

/** The verdict on a gauge that was read: bad when it is over the threshold. `last` itself, where that said the same. */
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

/** The verdict on what could not be read. `last` itself, where that said the same. */
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
