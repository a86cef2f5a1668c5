import type { PlannedGeneration } from '../model/plan.js';
import type { Outcome } from '../model/result.js';
import { NO_GENERATIONS, type Generations } from './generations.js';
import type { OperatorCommand } from '../model/operator-command.js';

/** One repair that was executed, or could not be planned. */
export interface Act {
  /** End time. All times in the state are steady time of the engine in milliseconds, which never decreases. */
  readonly at: number;
  readonly component: string;
  readonly action: string;
  readonly scope: 'host' | 'process';
  readonly outcome: Exclude<Outcome, 'skipped' | 'planned' | 'pending'>;
  /** The error, or the proof. */
  readonly words: string;
  /** Set if the same issue came back soon after `fixed`. */
  readonly relapsed?: true;
}

/** The last proved repair of a component. It relapses if the same issue opens again soon after. */
export interface LastFix {
  /** Time of the proof. */
  readonly at: number;
  readonly action: string;
  /** Name of the check that opened the issue; `null` for an issue written by the caller. */
  readonly check: string | null;
  /** Boot id of the host. */
  readonly bootId: string;
  /** NixOS system that ran then; `null` if none. */
  readonly system: string | null;
  /** `true` if the measured gain was sufficient; `null` if nothing was measured. */
  readonly gained: boolean | null;
  /** Strikes before it, restored by an early relapse. */
  readonly strikes: number;
  /** `true` for the single attempt of a half-open breaker. */
  readonly probation: boolean;
}

/** Backoff of one action for one component. */
export interface Backoff {
  /** Repairs since the last lasting health. */
  readonly count: number;
  /** End of the wait. */
  readonly until: number;
  /** End of the last repair. */
  readonly since: number;
}

/** Record of one component. */
export interface ComponentRecord {
  readonly backoff: Readonly<Record<string, Backoff>>;
  /** Attempts in a row without `fixed`; selects the rung of the ladder. */
  readonly failures: number;
  /** Attempts without `fixed`, or with an early relapse, since the last lasting repair; counted by the breaker. */
  readonly strikes: number;
  /** Relapses since the last lasting health. */
  readonly relapses: number;
  /** Last proved repair; `null` if none, or if its relapse was counted. */
  readonly fixed: LastFix | null;
  /** Time until which the breaker is open; in the past: half-open; `null`: closed. */
  readonly breakerUntil: number | null;
  /** Openings of the breaker within the last day. */
  readonly openings: readonly number[];
  /** Start of `needs-human`, or `null`. */
  readonly needsHumanSince: number | null;
  /** Start of its uninterrupted healthy time, by readings, or `null`. */
  readonly healthySince: number | null;
  /** Last useless repair, with the measured value. */
  readonly useless: { readonly action: string; readonly value: number } | null;
}

/** An approval request for one exact plan. */
export interface Approval {
  /** Id for `approve(id)` and `reject(id)`. */
  readonly id: string;
  /** Digest of the plan. */
  readonly digest: string;
  readonly component: string;
  readonly action: string;
  /** Why it needs approval. */
  readonly reason: string;
  readonly askedAt: number;
  readonly answer: 'waiting' | 'yes';
}

/** An action that is about to be executed, saved beforehand. */
export interface Intent {
  readonly at: number;
  readonly component: string;
  readonly action: string;
  readonly scope: 'host' | 'process';
  /** Boot id of the host. */
  readonly bootId: string;
  /** Only for a change of the generation. */
  readonly generation?: PlannedGeneration;
  /** `true` if it was executed and takes effect after a reboot. */
  readonly awaitsReboot?: boolean;
  /** Id of the pending result. */
  readonly id?: string;
  /** Name of the check that opened the issue. */
  readonly check?: string;
}

/** A change to undo when it is not needed any more. */
export interface Undo {
  /** Time of saving, before the change. */
  readonly at: number;
  readonly component: string;
  /** Action that undoes it. */
  readonly action: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Boot id of the change; a reboot undoes it. */
  readonly bootId: string;
  /** Earliest time of the next attempt, after a failed one. */
  readonly until: number;
}

/** Many services failing at once. */
export interface Storm {
  readonly since: number;
  /** Time of the last new failure, or of the last repair that did not help. */
  readonly lastFailure: number;
}

/** State that survives a restart, as plain JSON. */
export interface GuardState {
  readonly version: 2;
  /** Steady time at which it was written. */
  readonly savedAt: number;
  /** Set after a state was lost: every breaker then starts half-open. */
  readonly cautious: boolean;
  readonly components: Readonly<Record<string, ComponentRecord>>;
  /** Repairs of the last day, oldest first. */
  readonly acts: readonly Act[];
  readonly storm: Storm | null;
  /** Pause reasons, with the time of each. */
  readonly pauses: Readonly<Record<string, number>>;
  readonly approvals: readonly Approval[];
  /** Actions in progress, at most one per component and scope. */
  readonly intents: readonly Intent[];
  readonly generations: Generations;
  /** Changes to undo, oldest first. Absent in states of earlier versions. */
  readonly undo?: readonly Undo[];
  /** Last 50 operator commands, oldest first. Absent in states of earlier versions. */
  readonly commands?: readonly OperatorCommand[];
}

export const EMPTY_STATE: GuardState = Object.freeze({
  version: 2,
  savedAt: 0,
  cautious: false,
  components: {},
  acts: [],
  storm: null,
  pauses: {},
  approvals: [],
  intents: [],
  generations: NO_GENERATIONS,
});

export const FRESH_RECORD: ComponentRecord = Object.freeze({
  backoff: {},
  failures: 0,
  strikes: 0,
  relapses: 0,
  fixed: null,
  breakerUntil: null,
  openings: [],
  needsHumanSince: null,
  healthySince: null,
  useless: null,
});

const CAUTIOUS: ComponentRecord = Object.freeze({ ...FRESH_RECORD, breakerUntil: 0 });

/** Returns the record of a component, or an initial one. */
export const recordOf = (state: GuardState, component: string): ComponentRecord =>
  Object.hasOwn(state.components, component)
    ? state.components[component]!
    : state.cautious
      ? CAUTIOUS
      : FRESH_RECORD;

export function breakerOf({ breakerUntil }: ComponentRecord, now: number): 'closed' | 'open' | 'half-open' {
  if (breakerUntil === null) return 'closed';
  return breakerUntil > now ? 'open' : 'half-open';
}

/** Returns the backoff of an action, whose name may be `constructor`. */
export const backoffOf = ({ backoff }: ComponentRecord, action: string): Backoff | undefined =>
  Object.hasOwn(backoff, action) ? backoff[action] : undefined;

/** Returns the number of successful repairs of a component within a time. */
export const recurrences = (state: GuardState, component: string, now: number, withinMs: number): number =>
  state.acts.filter(
    (act) => act.component === component && act.outcome === 'fixed' && act.at > now - withinMs,
  ).length;
