import type { BlockReason } from './plan.js';

/** What a gate is for, and what has to happen until it opens. */
export interface GateMeaning {
  /** When it stands in the way, as half a sentence. */
  readonly when: string;
  /** What comes next, as one sentence without a full stop. */
  readonly next: string;
}

/** Every gate in words: for explanations, for the documentation, for a page. */
export const GATE_MEANINGS: Readonly<Record<BlockReason, GateMeaning>> = {
  'healing-disabled': {
    when: '`healingEnabled` is false',
    next: 'Nothing, until `healingEnabled` is set',
  },
  paused: {
    when: 'somebody called `pause`, or the engine was told to stop',
    next: 'Nothing, until every reason for pausing is taken back with `resume`',
  },
  'monitor-only': { when: 'the severity is LOW', next: 'Nothing: it is reported only' },
  'no-action': {
    when: 'the resolver knows nothing that would safely help',
    next: 'Nothing, until a person has looked',
  },
  protected: {
    when: 'the act would hit a protected unit, by any of its names, or its jobs would reach one',
    next: 'Nothing, ever: a person has to do it',
  },
  unavailable: {
    when: 'this host cannot do it, a target cannot be read, or the intent cannot be written down',
    next: 'The next cycle plans again, and acts when it has become possible',
  },
  'not-allowed': {
    when: 'the unit is not among those that may be healed',
    next: 'Nothing, until it is listed in `services`',
  },
  'in-transition': {
    when: 'systemd is at work on the unit, it is in a crash loop, or Nix is building or switching',
    next: 'What is at work is left to finish; the next cycle looks again',
  },
  'already-healthy': {
    when: 'it is well when read again just before acting',
    next: 'The next cycle looks again',
  },
  'reading-unknown': {
    when: 'it cannot be read again just before acting',
    next: 'The next cycle looks again, and acts only on what it can read',
  },
  'no-expected-gain': {
    when: 'the repair would gain next to nothing, or gained nothing last time and nothing has moved since',
    next: 'The same repair is tried again when the reading has moved',
  },
  locked: {
    when: 'another engine holds the state',
    next: 'The engine that holds the state acts; this one looks on',
  },
  'in-flight': {
    when: 'another action of the same scope is under way',
    next: 'It has its turn when the act under way has ended',
  },
  storm: {
    when: 'many of the listed services turned bad at once',
    next: 'One repair at a time, when it has been calm for long enough',
  },
  'needs-human': {
    when: 'the breaker has opened too often within a day',
    next: 'Nothing, until a person calls `reset`, or it has been healthy for long enough',
  },
  'breaker-open': {
    when: 'several repairs in a row did not help',
    next: 'One try, when the time is over',
  },
  backoff: {
    when: 'the same repair of the same component was made a short while ago',
    next: 'The same repair, when the time is over',
  },
  budget: {
    when: 'as many repairs as are allowed were made within the hour, or changes of generation within the day',
    next: 'The next repair, when the budget allows it',
  },
  'resources-busy': {
    when: 'the severity is MEDIUM, and something worse is being healed or the load is high',
    next: 'The next cycle, when the host has room',
  },
  'needs-approval': {
    when: 'the plan is for a person to decide',
    next: 'It is carried out when a person calls `approve`, and dropped when nobody does in time',
  },
};
