import type { Guards } from '../guard/guards.js';
import { breakerOf, recordOf, type Act, type GuardState } from '../guard/state.js';
import type { Issue } from '../issue.js';
import type { BlockReason } from '../plan.js';
import type { HealingResult } from '../result.js';
import { span } from '../words.js';
import { recurrences } from './record.js';

/** Why an issue is as it is: what was read, what was tried, what comes next, and what stands in the way. */
export interface Explanation {
  readonly component: string;
  readonly issue: Issue;
  /** How long the issue has been open, in milliseconds. */
  readonly openForMs: number;
  /** What was tried within the last day, oldest first. */
  readonly tried: readonly Tried[];
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** Whether repairs that work keep being needed: the cause is not what is being repaired. */
  readonly rootCauseUnknown: boolean;
  /** Which gate stands in the way, and the sentence that says so; `undefined` when none does. */
  readonly blockedBy: BlockReason | undefined;
  readonly blockedBecause: string | undefined;
  /** What comes next, as one sentence. */
  readonly next: string;
  /** All of it, for a person to read. */
  readonly text: string;
}

/** One repair that was tried. */
export interface Tried {
  readonly agoMs: number;
  readonly action: string;
  readonly outcome: Act['outcome'];
  readonly words: string;
}

/** What an explanation is made from. */
export interface Facts {
  readonly issue: Issue;
  readonly openForMs: number;
  readonly result: HealingResult | undefined;
  readonly inHand: boolean;
  readonly state: GuardState;
  readonly guards: Guards;
  readonly now: number;
}

/** Explains one open issue. Pure. */
export function explain({ issue, openForMs, result, inHand, state, guards, now }: Facts): Explanation {
  const { component } = issue;
  const record = recordOf(state, component);
  const tried = state.acts
    .filter((act) => act.component === component)
    .map(({ at, action, outcome, words }) => ({ agoMs: now - at, action, outcome, words }));
  const times = recurrences(state, component, now, guards.useless.withinMs);
  const blocked = result?.outcome === 'skipped' ? result : undefined;
  const facts = {
    component,
    issue,
    openForMs,
    tried,
    breaker: breakerOf(record, now),
    rootCauseUnknown: times >= guards.useless.recurrences,
    blockedBy: blocked?.blockedBy,
    blockedBecause: blocked?.error,
    next: nextOf(issue, result, inHand, state, now),
  };
  return Object.freeze({ ...facts, text: textOf(facts, times) });
}

function nextOf(
  { component }: Issue,
  result: HealingResult | undefined,
  inHand: boolean,
  state: GuardState,
  now: number,
): string {
  if (inHand) return 'It is being healed now';
  if (result === undefined) return 'It is looked at again in the next cycle';
  const action = result.actionTaken;
  if (result.outcome === 'planned')
    return `Nothing: this is a dry run, and \`${action}\` would be carried out`;
  if (result.outcome !== 'skipped') {
    const until = recordOf(state, component).backoff[action]?.until ?? now;
    return until > now
      ? `\`${action}\` may be tried again in ${span(until - now)}`
      : 'The next cycle tries again';
  }
  return NEXT[result.blockedBy];
}

/** What has to happen until a gate opens. */
const NEXT: Readonly<Record<BlockReason, string>> = {
  'healing-disabled': 'Nothing, until `healingEnabled` is set',
  paused: 'Nothing, until every reason for pausing is taken back with `resume`',
  'monitor-only': 'Nothing: it is reported only',
  'no-action': 'Nothing, until a person has looked',
  protected: 'Nothing, ever: a person has to do it',
  unavailable: 'The next cycle plans again, and acts when it has become possible',
  'not-allowed': 'Nothing, until it is listed in `services`',
  'in-transition': 'systemd is left to finish; the next cycle looks again',
  'already-healthy': 'The next cycle looks again',
  'reading-unknown': 'The next cycle looks again, and acts only on what it can read',
  'no-expected-gain': 'The same repair is tried again when the reading has moved',
  locked: 'The engine that holds the state acts; this one looks on',
  'in-flight': 'It has its turn when the act under way has ended',
  storm: 'One repair at a time, when it has been calm for long enough',
  'needs-human': 'Nothing, until a person calls `reset`, or it has been healthy for long enough',
  'breaker-open': 'One try, when the time is over',
  backoff: 'The same repair, when the time is over',
  budget: 'The next repair, when the budget allows it',
  'resources-busy': 'The next cycle, when the host has room',
  'needs-approval': 'It is carried out when a person calls `approve`, and dropped when nobody does in time',
};

function textOf(facts: Omit<Explanation, 'text'>, times: number): string {
  const { component, issue, openForMs, tried, blockedBy, blockedBecause, next, breaker } = facts;
  const lines = [`${component}: ${issue.description}`, `  open for ${span(openForMs)}`];
  for (const line of issue.evidence ?? []) lines.push(`  | ${line}`);
  if (tried.length === 0) lines.push('  tried: nothing yet');
  for (const { agoMs, action, outcome, words } of tried.slice(-5)) {
    lines.push(`  tried: ${action}, ${span(agoMs)} ago: ${outcome}: ${words}`);
  }
  if (facts.rootCauseUnknown) {
    lines.push(`  root cause unknown: it was repaired ${times} times, and each time it came back`);
  }
  if (breaker !== 'closed') lines.push(`  breaker: ${breaker}`);
  if (blockedBy !== undefined) lines.push(`  not acted on (${blockedBy}): ${blockedBecause}`);
  lines.push(`  next: ${next}`);
  return lines.join('\n');
}
