import { digestOf, approvalId } from '../memory/approvals.js';
import type { Guards } from '../model/guards.js';
import { GATE_MEANINGS } from '../model/gate-texts.js';
import { backoffOf, breakerOf, recordOf, recurrences, type Act, type GuardState } from '../memory/state.js';
import { effectLines, NO_EFFECTS } from '../model/effects.js';
import type { Issue } from '../model/issue.js';
import type { BlockReason } from '../model/plan.js';
import { printable } from '../base/printable.js';
import type { HealingResult } from '../model/result.js';
import { span } from '../base/format.js';
import { commandFor } from '../model/operator-command.js';

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
  /** What the repair that was planned last does to other units, one line each. */
  readonly effects: readonly string[];
  /** What comes next, as one sentence. */
  readonly next: string;
  /** All of it, for a person to read. */
  readonly text: string;
}

/** What comes next while a repair is under way. */
export const BEING_HEALED = 'It is being healed now';

/** One repair that was tried. */
export interface Tried {
  readonly agoMs: number;
  readonly action: string;
  readonly outcome: Act['outcome'];
  readonly words: string;
}

/** What an explanation is made from. */
export interface ExplanationSources {
  readonly issue: Issue;
  readonly openForMs: number;
  readonly result: HealingResult | undefined;
  readonly inHand: boolean;
  /** The repair that this one waits for, and since when it runs in steady time; without that, it waits itself. */
  readonly waits?:
    { readonly component: string; readonly action: string; readonly since?: number | undefined } | undefined;
  readonly state: GuardState;
  readonly guards: Guards;
  readonly now: number;
}

/** Explains one open issue. Pure. */
export function explain(facts: ExplanationSources): Explanation {
  const { issue, openForMs, result, state, guards, now } = facts;
  const { component } = issue;
  const record = recordOf(state, component);
  const tried = state.acts
    .filter((act) => act.component === component)
    .map(({ at, action, outcome, words }) => ({ agoMs: now - at, action, outcome, words }));
  const times = recurrences(state, component, now, guards.useless.withinMs);
  const blocked = result?.outcome === 'skipped' ? result : undefined;
  const parts = {
    component,
    issue,
    openForMs,
    tried,
    breaker: breakerOf(record, now),
    rootCauseUnknown: times >= guards.useless.recurrences,
    blockedBy: blocked?.blockedBy,
    blockedBecause: blocked?.error,
    effects: effectLines(result?.plan?.effects ?? NO_EFFECTS),
    next: nextOf(facts),
  };
  return Object.freeze({ ...parts, text: textOf(parts, times) });
}

function nextOf({ issue: { component }, result, inHand, waits, state, now }: ExplanationSources): string {
  if (inHand) return BEING_HEALED;
  if (waits) {
    const running = `\`${waits.action}\` of ${waits.component}`;
    const since = waits.since === undefined ? '' : `, which has been running for ${span(now - waits.since)}`;
    return `Queued: it waits for ${running}${since}`;
  }
  if (result === undefined) return 'It is looked at again in the next cycle';
  const action = result.actionTaken;
  if (result.outcome === 'planned')
    return `Nothing: this is a dry run, and \`${action}\` would be carried out`;
  if (result.outcome === 'pending') return 'Its job still runs; the repair is verified when it has ended';
  if (result.outcome !== 'skipped') {
    const until = backoffOf(recordOf(state, component), action)?.until ?? now;
    return until > now
      ? `\`${action}\` may be tried again in ${span(until - now)}`
      : 'The next cycle tries again';
  }
  return forPerson(result) ?? GATE_MEANINGS[result.blockedBy].next;
}

/** The command to type, where the root helper wants a person. */
function forPerson({ blockedBy, plan }: HealingResult): string | undefined {
  if (blockedBy !== 'needs-approval' || plan?.approvedBy !== 'person') return undefined;
  return `It is carried out after \`${commandFor(approvalId(digestOf(plan)))}\` on this host, and dropped when nobody approves in time`;
}

function textOf(facts: Omit<Explanation, 'text'>, times: number): string {
  const { component, issue, openForMs, tried, blockedBy, blockedBecause, next, breaker } = facts;
  const lines = [`${component}: ${issue.description}`, `  open for ${span(openForMs)}`];
  for (const line of issue.evidence ?? []) lines.push(`  | ${line}`);
  if (tried.length === 0) lines.push('  tried: nothing within the last day');
  for (const { agoMs, action, outcome, words } of tried.slice(-5)) {
    lines.push(`  tried: ${action}, ${span(agoMs)} ago: ${outcome}: ${words}`);
  }
  if (facts.rootCauseUnknown) {
    lines.push(`  root cause unknown: it was repaired ${times} times, and each time it came back`);
  }
  if (breaker !== 'closed') lines.push(`  breaker: ${breaker}`);
  if (blockedBy !== undefined) lines.push(`  not acted on (${blockedBy}): ${blockedBecause}`);
  for (const line of facts.effects) lines.push(`  ${lowerFirst(line)}`);
  lines.push(`  next: ${next}`);
  return lines.map(printable).join('\n');
}

const lowerFirst = (line: string): string => line.charAt(0).toLowerCase() + line.slice(1);
