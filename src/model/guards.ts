import { expectKnownKeys, expectNumber, expectObject, refusal } from '../base/expect.js';

/** The numbers of the rules for acting and not acting. Times are in milliseconds. */
export interface Guards {
  /** Readings in a row that must be bad before it counts, in monitoring. */
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
  /** Looks at a service, between two cycles of monitoring, as soon as systemd tells that it is in trouble. */
  readonly wake: {
    /** The least time between two such looks, whatever flaps. Default 250. */
    readonly apartMs: number;
  };
  /** How long a repair has to work before it is judged. */
  readonly settleMs: {
    /** Default 3,000. */
    readonly service: number;
    /** Default 15,000. */
    readonly memory: number;
    /** Default 1,000: a reading of the CPU needs a window. */
    readonly cpu: number;
    /** Default 60,000. */
    readonly system: number;
    /** ZFS and btrfs, which give space back late: looked at again after this. Default 60,000. */
    readonly lateDisk: number;
    /** Disks and whatever else. Default 0. */
    readonly others: number;
  };
  /** The wait between two repairs of one component by one action: it grows, and resets after health. */
  readonly backoff: {
    /** The first wait. Default 60,000 (1 min). */
    readonly firstMs: number;
    /** What each wait is multiplied by for the next, at least 1. Default 2. */
    readonly factor: number;
    /** The longest wait. Default 600,000 (10 min). */
    readonly maxMs: number;
    /** A wait is longer by a random share of itself, up to this; 0–1. Default 0.1. */
    readonly jitter: number;
    /** Health for this long brings backoff and breaker back to their start. Default 600,000 (10 min). */
    readonly resetAfterMs: number;
  };
  /** Stops after repairs that did not help, tries once more, and in the end asks for a human. */
  readonly breaker: {
    /** Attempts in a row that were not `fixed`, until it opens. Default 3. */
    readonly attempts: number;
    /** How long it stays open, before one try. Default 3,600,000 (1 h). */
    readonly openMs: number;
    /** Openings within a day, until a human is needed. Default 5. */
    readonly openingsPerDay: number;
    /** Health for this long takes `needs-human` back. Default 86,400,000 (24 h). */
    readonly humanResetMs: number;
  };
  /** What counts as a repair that is of no use. */
  readonly useless: {
    /** A gain under this share of what was measured, in percent, is none; nor is it tried again before the measure moved by as much. Default 3. */
    readonly gainPercent: number;
    /** Times that a component came back after a repair that worked, until its root cause is called unknown. Default 5. */
    readonly recurrences: number;
    /** … within this time. Default 14,400,000 (4 h). */
    readonly withinMs: number;
  };
  /** How many repairs at most. */
  readonly budget: {
    /** For one component. Default 6 an hour. */
    readonly componentPerHour: number;
    /** For the host; actions of process scope have as many of their own. Default 20 an hour. */
    readonly hostPerHour: number;
    /** Rollbacks and rebuilds together. Default 1 a day. */
    readonly generationsPerDay: number;
  };
  /** Many services bad at once have one cause, which is none of them. */
  readonly storm: {
    /** So many services must be listed for it. Default 6. */
    readonly services: number;
    /** More than this share of them, 0–1 … Default 0.5. */
    readonly share: number;
    /** … or so many services that are not listed, or checks of type service, whatever their share … Default 10. */
    readonly discovered: number;
    /** … newly bad within this time. Default 60,000 (1 min). */
    readonly withinMs: number;
    /** After this long without a new failure, one repair at a time. Default 600,000 (10 min). */
    readonly calmMs: number;
  };
  /** What proves that a generation, and nothing else, broke a unit. */
  readonly evidence: {
    /** A unit that is active for this long in one run is healthy. The record is taken twice in that time. Default 600,000 (10 min). */
    readonly healthyMs: number;
    /** A failure within this time after a switch may be the switch's doing. Default 3,600,000 (1 h). */
    readonly withinMs: number;
    /** A system that runs for this long without a newly failed unit is good. Default 3,600,000 (1 h). */
    readonly lastGoodMs: number;
  };
  readonly approval: {
    /** A request that nobody answers for this long counts as "no". Default 900,000 (15 min). */
    readonly lapseMs: number;
  };
}

/** Guards as a host program may give them: whatever is left out is the default. */
export type GuardOptions = { readonly [Group in keyof Guards]?: Partial<Guards[Group]> };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Every number that has a default. */
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

/** What a number may be, where it is not a count or a time from 0. */
const BOUNDS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  'lasting.cpu': [1, 1_000],
  'lasting.load': [1, 1_000],
  'lasting.memory': [1, 1_000],
  'lasting.others': [1, 1_000],
  'backoff.factor': [1, 100],
  'backoff.jitter': [0, 1],
  'breaker.attempts': [1, 1_000],
  'breaker.openingsPerDay': [1, 1_000],
  'useless.gainPercent': [0, 100],
  'useless.recurrences': [1, 1_000],
  'storm.services': [1, 100_000],
  'storm.share': [0, 1],
  'storm.discovered': [1, 100_000],
};

/** What is counted, and so has no fractions. */
const COUNTED: readonly string[] = [
  'lasting.cpu',
  'lasting.load',
  'lasting.memory',
  'lasting.others',
  'breaker.attempts',
  'breaker.openingsPerDay',
  'useless.recurrences',
  'budget.componentPerHour',
  'budget.hostPerHour',
  'budget.generationsPerDay',
  'storm.services',
  'storm.discovered',
];

/** The longest that Node's timers can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** Checks guards, and fills in the defaults. */
export function guardsFrom(given: unknown = {}): Guards {
  const options = expectObject('guards', given);
  expectKnownKeys('guards', options, Object.keys(DEFAULT_GUARDS));
  const groups = Object.entries<object>({ ...DEFAULT_GUARDS }).map(([group, defaults]) => {
    const numbers = expectObject(`guards.${group}`, options[group] === undefined ? {} : options[group]);
    expectKnownKeys(`guards.${group}`, numbers, Object.keys(defaults));
    for (const [key, value] of Object.entries(numbers)) {
      const [least, most] = BOUNDS[`${group}.${key}`] ?? [0, LONGEST_MS];
      expectNumber(`guards.${group}.${key}`, value, least, most);
      if (COUNTED.includes(`${group}.${key}`) && !Number.isInteger(value)) {
        throw refusal(`guards.${group}.${key}`, 'a whole number', value);
      }
    }
    return [group, Object.freeze({ ...defaults, ...numbers })] as const;
  });
  return Object.freeze(Object.fromEntries(groups)) as unknown as Guards;
}
