export type Name = 'a' | 'b';

/** Events of the specification. */
export const EVENTS = [
  'a turns', // from ok to bad, or back
  'b turns',
  'a look, repairs help',
  'a look, repairs do not help',
  'a look, repairs hang', // for ten minutes, and takes effect after that
  'a look, repairs relapse', // takes effect for half a minute
  'a look, dies in the act of a', // five seconds after its start; the engine restarts after ten seconds
  'a person approves', // and the repair takes effect
  'a person pauses or resumes',
  'a minute passes',
  'eleven minutes pass',
] as const;
export type SpecEvent = (typeof EVENTS)[number];

/** Result of a repair. */
export type Way = 'help' | 'do not help' | 'hang' | 'relapse' | 'die';

/** Observation of one event: result of each component with a problem, by name. */
export type Seen = readonly string[];

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const HANG = 10 * MINUTE;
export const RELAPSE_AFTER = 30 * SECOND;
export const DEATH_AFTER = 5 * SECOND;
export const DOWN = 10 * SECOND;
