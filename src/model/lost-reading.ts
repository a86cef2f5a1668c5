/** A reading that is relied on and that the last look could not get. */
export interface LostReading {
  /** A component, or the name of a check of the library that could read nothing at all: `services`. */
  readonly component: string;
  readonly check: string;
  /** Why it is unknown, in one sentence. */
  readonly reason: string;
  /** Whether it is a listed unit, or a check of the host program: somebody asked for it by name. */
  readonly listed: boolean;
}

/** What is remembered of one reading. */
export interface ReadingRecord extends LostReading {
  /** Steady time of the first look that could not get it, in milliseconds. */
  readonly since: number;
  /** Looks in a row that could not get it; 0 when it is known again. */
  readonly looks: number;
  readonly reported: boolean;
  /** Reasons that were reported lately, without their numbers. */
  readonly said: readonly string[];
  /** Steady time of the last report. */
  readonly saidAt: number;
}
