import type { PlannedGeneration } from '../model/plan.js';
import type { Outcome } from '../model/result.js';
import { NO_GENERATIONS, type Generations } from './generations.js';
import type { OperatorCommand } from '../model/operator-command.js';

/** One repair that was carried out, or that could not even be planned. */
export interface Act {
  /** When it ended. All times here are milliseconds of the engine's steady time, which never goes back. */
  readonly at: number;
  readonly component: string;
  readonly action: string;
  readonly scope: 'host' | 'process';
  readonly outcome: Exclude<Outcome, 'skipped' | 'planned' | 'pending'>;
  /** Why it was not `fixed`, or what the proof was. */
  readonly words: string;
  /** Set when it was `fixed` and the same issue came back soon after. */
  readonly relapsed?: true;
}

/** The last repair of a component that was proved. It relapses when the same issue opens again soon after. */
export interface LastFix {
  /** When it was proved. */
  readonly at: number;
  readonly action: string;
  /** Name of the check that opened the issue; `null` for an issue made by hand. */
  readonly check: string | null;
  /** The boot of the host in which it was made. */
  readonly bootId: string;
  /** The NixOS system that ran then; `null` where there is none. */
  readonly system: string | null;
  /** Whether it gained what it is for; `null` where nothing was measured. */
  readonly gained: boolean | null;
  /** Strikes before it: they count again when it relapses early. */
  readonly strikes: number;
  /** Whether it was the one attempt that an open breaker allows. */
  readonly probation: boolean;
}

/** How long one action is to be left alone, for one component. */
export interface Backoff {
  /** Repairs since the last lasting health. */
  readonly count: number;
  /** Not before this time. */
  readonly until: number;
  /** When the last one ended. */
  readonly since: number;
}

/** What is remembered of one component. */
export interface ComponentRecord {
  readonly backoff: Readonly<Record<string, Backoff>>;
  /** Attempts in a row that were not `fixed`: the rung of the ladder. */
  readonly failures: number;
  /** Attempts that were not `fixed`, or relapsed early, since the last lasting repair: what the breaker counts. */
  readonly strikes: number;
  /** Relapses since the last lasting health. */
  readonly relapses: number;
  /** The last repair that was proved; `null` when there is none, or when its relapse was counted. */
  readonly fixed: LastFix | null;
  /** When the breaker may try once; `null` while it is closed. In the past: half-open. */
  readonly breakerUntil: number | null;
  /** When it opened, within the last day. */
  readonly openings: readonly number[];
  /** Since when a human is needed; `null` when none is. */
  readonly needsHumanSince: number | null;
  /** Since when it has been healthy without a break, by our own readings; `null` when it is not. */
  readonly healthySince: number | null;
  /** A repair that was of no use, and what was measured then. */
  readonly useless: { readonly action: string; readonly value: number } | null;
}

/** A question to a person, bound to one exact plan. */
export interface Approval {
  /** The word for `approve(id)` and `reject(id)`. */
  readonly id: string;
  /** Fingerprint of the plan that is asked about. */
  readonly digest: string;
  readonly component: string;
  readonly action: string;
  /** Why a person has to decide. */
  readonly reason: string;
  readonly askedAt: number;
  readonly answer: 'waiting' | 'yes';
}

/** What was about to be done when it was written down. */
export interface Intent {
  readonly at: number;
  readonly component: string;
  readonly action: string;
  readonly scope: 'host' | 'process';
  /** Identifies the boot of the host. */
  readonly bootId: string;
  /** The systems that it leads from and to, and the units it is to help; for a change of the generation only. */
  readonly generation?: PlannedGeneration;
  /** Whether it was carried out, and shows only when the host has been restarted. */
  readonly awaitsReboot?: boolean;
  /** Id of the result that is still to come. */
  readonly id?: string;
  /** Name of the check that opened the issue. */
  readonly check?: string;
}

/** What is to be taken back when it is not needed any more. */
export interface Undo {
  /** When it was remembered: before the act. */
  readonly at: number;
  readonly component: string;
  /** The action that takes it back. */
  readonly action: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The boot in which it was done: the next one begins without it. */
  readonly bootId: string;
  /** Not before this time, after it could not be done. */
  readonly until: number;
}

/** Many services bad at once. */
export interface Storm {
  readonly since: number;
  /** When the last new failure was seen, or the last repair did not help. */
  readonly lastFailure: number;
}

/** Everything that outlives a restart. It is plain JSON. */
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
  /** Reasons why everything is paused, and since when. */
  readonly pauses: Readonly<Record<string, number>>;
  readonly approvals: readonly Approval[];
  /** Acts in flight, at most one for each component and scope. */
  readonly intents: readonly Intent[];
  /** Which systems ran here, and how units fared in them. */
  readonly generations: Generations;
  /** What is to be taken back, oldest first. Left out in states of earlier versions. */
  readonly undo?: readonly Undo[];
  /** Commands of people, oldest first, the last 50. Left out in states of earlier versions. */
  readonly commands?: readonly OperatorCommand[];
}

/** A clean slate. */
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

/** How the record of a component begins. */
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

/** What is remembered of a component, or how one begins. */
export const recordOf = (state: GuardState, component: string): ComponentRecord =>
  Object.hasOwn(state.components, component)
    ? state.components[component]!
    : state.cautious
      ? CAUTIOUS
      : FRESH_RECORD;

/** How the breaker of a component stands. */
export function breakerOf({ breakerUntil }: ComponentRecord, now: number): 'closed' | 'open' | 'half-open' {
  if (breakerUntil === null) return 'closed';
  return breakerUntil > now ? 'open' : 'half-open';
}

/** How long an action is to be left alone. An action may be called `constructor`. */
export const backoffOf = ({ backoff }: ComponentRecord, action: string): Backoff | undefined =>
  Object.hasOwn(backoff, action) ? backoff[action] : undefined;

/** How often a component was repaired with success within a time. */
export const recurrences = (state: GuardState, component: string, now: number, withinMs: number): number =>
  state.acts.filter(
    (act) => act.component === component && act.outcome === 'fixed' && act.at > now - withinMs,
  ).length;
