import { LONGEST_MS } from '../base/clock.js';
import { expectKnownKeys, expectNumber, expectObject, refusal } from '../base/expect.js';

/** Tuning for debounce, backoff, breakers and budgets. Times are in milliseconds. */
export interface Guards {
  /** Bad readings in a row that open an issue, in monitoring. */
  readonly lasting: {
    /** Default 3. */
    readonly cpu: number;
    /** Default 3. */
    readonly load: number;
    /** Default 2. */
    readonly memory: number;
    /** Default 1. */
    readonly others: number;
  };
  /** Checks a service between two monitoring cycles, as soon as systemd reports a problem with it. */
  readonly wake: {
    /** Minimum time between two such checks. Default 250. */
    readonly apartMs: number;
  };
  /** Time from a repair to its verification. */
  readonly settleMs: {
    /** Default 3,000. */
    readonly service: number;
    /** Default 15,000. */
    readonly memory: number;
    /** Default 1,000: CPU use is measured over a window. */
    readonly cpu: number;
    /** Default 60,000. */
    readonly system: number;
    /** ZFS and btrfs free space late: checked again after this. Default 60,000. */
    readonly lateDisk: number;
    /** Disks and everything else. Default 0. */
    readonly others: number;
  };
  /** Wait between two repairs of one component by one action: it grows, and is reset by lasting health. */
  readonly backoff: {
    /** First wait. Default 60,000 (1 min). */
    readonly firstMs: number;
    /** Factor between consecutive waits, at least 1. Default 2. */
    readonly factor: number;
    /** Longest wait. Default 600,000 (10 min). */
    readonly maxMs: number;
    /** Largest random share that is added to a wait, 0–1. Default 0.1. */
    readonly jitter: number;
    /** Time without a problem that resets backoff and breaker. Default 600,000 (10 min). */
    readonly resetAfterMs: number;
  };
  /** Circuit breaker: opens after repairs that did not help, allows single attempts, finally needs a human. */
  readonly breaker: {
    /** Attempts in a row without `fixed` that open it. Default 3. */
    readonly attempts: number;
    /** Time that it stays open before one attempt is allowed. Default 3,600,000 (1 h). */
    readonly openMs: number;
    /** Openings within a day after which a human is needed. Default 5. */
    readonly openingsPerDay: number;
    /** Time without a problem that clears `needs-human`. Default 86,400,000 (24 h). */
    readonly humanResetMs: number;
  };
  /** Criteria for useless repairs. */
  readonly useless: {
    /** Smallest gain that counts, in percent of the measured value; also the change of the value after which the repair is retried. Default 3. */
    readonly gainPercent: number;
    /** Relapses after which the root cause is reported as unknown. Default 5. */
    readonly recurrences: number;
    /** … within this time. Default 14,400,000 (4 h). */
    readonly withinMs: number;
  };
  /** Limits on the number of repairs. */
  readonly budget: {
    /** For one component. Default 6 an hour. */
    readonly componentPerHour: number;
    /** For the host; actions of process scope have a separate limit of the same size. Default 20 an hour. */
    readonly hostPerHour: number;
    /** Rollbacks and rebuilds together. Default 1 a day. */
    readonly generationsPerDay: number;
  };
  /** Many services failing at once have a common cause, so their repairs are held back. */
  readonly storm: {
    /** Number of listed services from which it applies. Default 6. */
    readonly services: number;
    /** Share of the listed services that must be exceeded, 0–1. Default 0.5. */
    readonly share: number;
    /** Alternatively, number of unlisted services, or of checks of type service. Default 10. */
    readonly discovered: number;
    /** Time within which they fail. Default 60,000 (1 min). */
    readonly withinMs: number;
    /** Time without a new failure after which single repairs are allowed. Default 600,000 (10 min). */
    readonly calmMs: number;
  };
  /** Evidence that a generation broke a unit. */
  readonly evidence: {
    /** Time that a unit must be active in one run to be healthy; units are recorded twice in it. Default 600,000 (10 min). */
    readonly healthyMs: number;
    /** Time after a switch within which a failure may be caused by it. Default 3,600,000 (1 h). */
    readonly withinMs: number;
    /** Time without a newly failed unit after which a system is good. Default 3,600,000 (1 h). */
    readonly lastGoodMs: number;
  };
  readonly approval: {
    /** A request that is not answered in this time is rejected. Default 900,000 (15 min). */
    readonly lapseMs: number;
  };
}

/** Guards as options; each has a default. */
export type GuardOptions = { readonly [Group in keyof Guards]?: Partial<Guards[Group]> };

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Defaults of all guards. */
export const DEFAULT_GUARDS: Guards = {
  lasting: { cpu: 3, load: 3, memory: 2, others: 1 },
  wake: { apartMs: 250 },
  settleMs: { service: 3_000, memory: 15_000, cpu: 1_000, system: MINUTE, lateDisk: MINUTE, others: 0 },
  backoff: { firstMs: MINUTE, factor: 2, maxMs: 10 * MINUTE, jitter: 0.1, resetAfterMs: 10 * MINUTE },
  breaker: { attempts: 3, openMs: HOUR, openingsPerDay: 5, humanResetMs: DAY },
  useless: { gainPercent: 3, recurrences: 5, withinMs: 4 * HOUR },
  budget: { componentPerHour: 6, hostPerHour: 20, generationsPerDay: 1 },
  storm: { services: 6, share: 0.5, discovered: 10, withinMs: MINUTE, calmMs: 10 * MINUTE },
  evidence: { healthyMs: 10 * MINUTE, withinMs: HOUR, lastGoodMs: HOUR },
  approval: { lapseMs: 15 * MINUTE },
};

interface Range {
  readonly least: number;
  readonly most: number;
  /** Only integers. */
  readonly whole?: true;
}

const COUNT: Range = { least: 1, most: 1_000, whole: true };
const SERVICES: Range = { least: 1, most: 100_000, whole: true };
const SHARE: Range = { least: 0, most: 1 };
const TIME: Range = { least: 0, most: LONGEST_MS };

/** Ranges of the guards that are not a time, by group or name. */
const RANGES: Readonly<Record<string, Range>> = {
  lasting: COUNT,
  'backoff.factor': { least: 1, most: 100 },
  'backoff.jitter': SHARE,
  'breaker.attempts': COUNT,
  'breaker.openingsPerDay': COUNT,
  'useless.gainPercent': { least: 0, most: 100 },
  'useless.recurrences': COUNT,
  budget: { least: 0, most: LONGEST_MS, whole: true },
  'storm.services': SERVICES,
  'storm.share': SHARE,
  'storm.discovered': SERVICES,
};

/** Validates guards and fills in the defaults. */
export function guardsFrom(given: unknown = {}): Guards {
  const options = expectObject('guards', given);
  expectKnownKeys('guards', options, Object.keys(DEFAULT_GUARDS));
  const groups = Object.entries<object>({ ...DEFAULT_GUARDS }).map(([group, defaults]) => {
    const numbers = expectObject(`guards.${group}`, options[group] === undefined ? {} : options[group]);
    expectKnownKeys(`guards.${group}`, numbers, Object.keys(defaults));
    for (const [key, value] of Object.entries(numbers)) {
      const { least, most, whole } = RANGES[group] ?? RANGES[`${group}.${key}`] ?? TIME;
      expectNumber(`guards.${group}.${key}`, value, least, most);
      if (whole && !Number.isInteger(value)) {
        throw refusal(`guards.${group}.${key}`, 'a whole number', value);
      }
    }
    return [group, Object.freeze({ ...defaults, ...numbers })] as const;
  });
  return Object.freeze(Object.fromEntries(groups)) as unknown as Guards;
}
