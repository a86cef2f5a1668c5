import type { BlockReason } from './plan.js';

/** Description of a gate, and of what reopens it. */
export interface GateMeaning {
  /** When it blocks a repair, as a clause. */
  readonly when: string;
  /** Next event, as one sentence without a full stop. */
  readonly next: string;
}

/** Description of every gate, for explanations, documentation and the dashboard. */
export const GATE_MEANINGS: Readonly<Record<BlockReason, GateMeaning>> = {
  'healing-disabled': {
    when: '`healingEnabled` is false',
    next: 'No repairs until `healingEnabled` is set',
  },
  paused: {
    when: '`pause` was called, or the engine is stopping',
    next: 'Repairs restart once every pause has been lifted with `resume`',
  },
  'monitor-only': { when: 'the severity is LOW', next: 'Reported only' },
  'no-action': {
    when: 'the resolver has no safe action for the issue',
    next: 'Needs manual attention',
  },
  protected: {
    when: 'the action would affect a protected unit, by any of its names, directly or through its jobs',
    next: 'Never repaired automatically: needs a manual repair',
  },
  unavailable: {
    when: 'this host does not support the action, a target cannot be read, or the intent cannot be saved',
    next: 'The next cycle plans again, and acts once it is possible',
  },
  'not-allowed': {
    when: 'the unit is not among those that may be repaired',
    next: 'No repairs until it is listed in `services`',
  },
  'in-transition': {
    when: 'systemd is starting or stopping the unit, it is in a crash loop, or Nix is building or switching',
    next: 'The next cycle checks again, once that has finished',
  },
  'already-healthy': {
    when: 'it is healthy when read again just before acting',
    next: 'The next cycle checks again',
  },
  'reading-unknown': {
    when: 'it cannot be read again just before acting',
    next: 'The next cycle checks again, and acts only if it can be read',
  },
  'no-expected-gain': {
    when: 'the repair would gain almost nothing, or gained nothing last time and the reading has not changed since',
    next: 'The same repair is retried once the reading has changed',
  },
  locked: {
    when: 'another engine holds the state',
    next: 'The engine that holds the state acts; this one only observes',
  },
  'in-flight': {
    when: 'another action of the same scope is running',
    next: 'It runs once that action has ended',
  },
  storm: {
    when: 'many of the listed services failed at once',
    next: 'One repair at a time, once no new failure has occurred for long enough',
  },
  'needs-human': {
    when: 'the breaker has opened too often within a day',
    next: 'No repairs until `reset` is called, or it has been healthy for long enough',
  },
  'breaker-open': {
    when: 'several repairs in a row did not help',
    next: 'One attempt when the time is over',
  },
  backoff: {
    when: 'the same repair of the same component was made recently',
    next: 'The same repair when the time is over',
  },
  budget: {
    when: 'the limit of repairs per hour, or of generation changes per day, is reached',
    next: 'The next repair when the budget allows it',
  },
  'resources-busy': {
    when: 'the severity is MEDIUM, and something worse is being repaired or the load is high',
    next: 'A later cycle, when the host is less busy',
  },
  'needs-approval': {
    when: 'the plan needs approval',
    next: 'It runs once somebody calls `approve`, and is rejected if nobody does in time',
  },
};
