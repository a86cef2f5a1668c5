import { expectKnownKeys, expectNumber, expectObject } from '../expect.js';

/** The numbers of the rules for acting and not acting. */
export interface Guards {
  /** Readings in a row that must be bad before it counts, in monitoring. Whole numbers from 1. */
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
  /** How long a repair has to work before it is judged, in milliseconds. */
  readonly settleMs: {
    /** Default 3,000. */
    readonly service: number;
    /** Default 15,000. */
    readonly memory: number;
    /** Default 1,000: a reading of the CPU needs a window. */
    readonly cpu: number;
    /** Default 60,000. */
    readonly system: number;
    /** Disks and whatever else. Default 0. */
    readonly others: number;
  };
}

/** Guards as a host program may give them: whatever is left out is the default. */
export type GuardOptions = { readonly [Group in keyof Guards]?: Partial<Guards[Group]> };

export const DEFAULT_GUARDS: Guards = {
  lasting: { cpu: 3, load: 3, memory: 2, others: 1 },
  settleMs: { service: 3_000, memory: 15_000, cpu: 1_000, system: 60_000, others: 0 },
};

/** The least value of each group's numbers. */
const LEAST: Readonly<Record<keyof Guards, number>> = { lasting: 1, settleMs: 0 };

/** Checks guards, and fills in the defaults. */
export function guardsFrom(given: unknown = {}): Guards {
  const options = expectObject('guards', given);
  expectKnownKeys('guards', options, Object.keys(DEFAULT_GUARDS));
  const groups = Object.entries<object>({ ...DEFAULT_GUARDS }).map(([group, defaults]) => {
    const option = `guards.${group}`;
    const numbers = expectObject(option, options[group] ?? {});
    expectKnownKeys(option, numbers, Object.keys(defaults));
    const least = LEAST[group as keyof Guards];
    for (const [key, value] of Object.entries(numbers))
      expectNumber(`${option}.${key}`, value, least, 2 ** 31 - 1);
    return [group, { ...defaults, ...numbers }];
  });
  return Object.fromEntries(groups) as Guards;
}
