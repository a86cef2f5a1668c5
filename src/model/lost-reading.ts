/** A required reading that is missing since the last detection. */
export interface LostReading {
  /** A component, or a built-in check without any reading: `services`. */
  readonly component: string;
  readonly check: string;
  /** Why it is unknown, in one sentence. */
  readonly reason: string;
  /** `true` for a listed unit and for a check of the host program. */
  readonly listed: boolean;
}

/** History of one reading. */
export interface ReadingRecord extends LostReading {
  /** Steady time of the first detection without it, in milliseconds. */
  readonly since: number;
  /** Detections in a row without it; 0 when it is known again. */
  readonly looks: number;
  readonly reported: boolean;
  /** The last reason, without its numbers. */
  readonly form: string;
  /** Recently reported reasons, without their numbers. */
  readonly said: readonly string[];
  /** Steady time of the last report. */
  readonly saidAt: number;
}
