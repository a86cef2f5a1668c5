import type { BlockReason } from './plan.js';

/** Why a gate blocks a repair, and what has to happen until it no longer does. */
export interface GateMeaning {
  /** When it blocks a repair, as half a sentence. */
  readonly when: string;
  /** Next event, as one sentence without a full stop. */
  readonly next: string;
}

/** Description of every gate, for explanations, documentation and the dashboard. */
export const GATE_MEANINGS: Readonly<Record<BlockReason, GateMeaning>> = {
  'healing-disabled': {
    when: '`healingEnabled` is false',
    next: 'Nothing until `healingEnabled` is set to true',
  },
  paused: {
    when: 'somebody called `pause`, or the engine was stopped',
    next: 'Repairs restart once every pause has been lifted',
  },
  'monitor-only': { when: 'the severity is LOW', next: 'None: the issue is only reported' },
  'no-action': {
    when: 'no safe automatic repair is known',
    next: 'None until someone investigates',
  },
  protected: {
    when: 'the repair would affect a protected unit, under any of its names, directly or through its jobs',
    next: 'None: protected units are only repaired manually',
  },
  unavailable: {
    when: 'the action is not possible on this host, a target cannot be read, or the state file cannot be written',
    next: 'The next cycle plans again, and repairs once it is possible',
  },
  'not-allowed': {
    when: 'the unit is not among those that may be repaired',
    next: 'Nothing until it is listed in `services`',
  },
  'in-transition': {
    when: 'systemd is starting or stopping the unit, the unit is in a crash loop, or Nix is building or switching',
    next: 'The operation in progress is left to finish; the next cycle checks again',
  },
  'already-healthy': {
    when: 'a fresh reading just before the repair is healthy',
    next: 'The next cycle checks again',
  },
  'reading-unknown': {
    when: 'there is no fresh reading just before the repair',
    next: 'The next cycle checks again, and repairs only with a reading',
  },
  'no-expected-gain': {
    when: 'the repair would gain too little, or gained nothing last time and the reading has not changed since',
    next: 'The same repair is tried again when the reading has changed',
  },
  locked: {
    when: 'another engine holds the state',
    next: 'The engine that holds the state repairs; this one only observes',
  },
  'in-flight': {
    when: 'another action of the same scope is running',
    next: 'It is queued until the running action has ended',
  },
  storm: {
    when: 'many of the listed services failed at once',
    next: 'One repair at a time, once no further service has failed for a while',
  },
  'needs-human': {
    when: 'the circuit breaker has opened too often within a day',
    next: 'Nothing until someone calls `reset`, or it has been healthy for long enough',
  },
  'breaker-open': {
    when: 'several repairs in a row failed',
    next: 'One attempt when the breaker allows it',
  },
  backoff: {
    when: 'the same repair of the same component ran a short time ago',
    next: 'The same repair after the backoff',
  },
  budget: {
    when: 'the limit of repairs per hour, or of generation changes per day, is reached',
    next: 'The next repair when the budget allows it',
  },
  'resources-busy': {
    when: 'the severity is MEDIUM, and a more severe issue is being repaired or the load is high',
    next: 'The next cycle in which the host is less busy',
  },
  'needs-approval': {
    when: 'the plan requires approval',
    next: 'It runs once approved, and is rejected when not approved in time',
  },
};
