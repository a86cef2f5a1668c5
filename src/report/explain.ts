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

/** Explanation of an open issue. */
export interface Explanation {
  readonly component: string;
  readonly issue: Issue;
  /** Age of the issue, in milliseconds. */
  readonly openForMs: number;
  /** Repairs of the last day, oldest first. */
  readonly tried: readonly Tried[];
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** `true` when successful repairs are needed again and again. */
  readonly rootCauseUnknown: boolean;
  /** Gate that blocks the repair; `undefined` when none does. */
  readonly blockedBy: BlockReason | undefined;
  /** The same as one sentence. */
  readonly blockedBecause: string | undefined;
  /** Effects of the last planned repair on other units, one line each. */
  readonly effects: readonly string[];
  /** Next step, as one sentence. */
  readonly next: string;
  /** The whole explanation as text. */
  readonly text: string;
}

/** Next step of a running repair. */
export const BEING_REPAIRED = 'It is being repaired now';

/** One repair that was tried. */
export interface Tried {
  readonly agoMs: number;
  readonly action: string;
  readonly outcome: Act['outcome'];
  readonly words: string;
}

/** Sources of an explanation. */
export interface ExplanationSources {
  readonly issue: Issue;
  readonly openForMs: number;
  readonly result: HealingResult | undefined;
  readonly inHand: boolean;
  /** Repair that this one waits for, with its start in steady time; without a start it waits itself. */
  readonly waits?:
    { readonly component: string; readonly action: string; readonly since?: number | undefined } | undefined;
  readonly state: GuardState;
  readonly guards: Guards;
  readonly now: number;
}

/** Explains one open issue. Pure. */
export function explain(sources: ExplanationSources): Explanation {
  const { issue, openForMs, result, state, guards, now } = sources;
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
    next: nextOf(sources),
  };
  return Object.freeze({ ...parts, text: textOf(parts, times) });
}

function nextOf({ issue: { component }, result, inHand, waits, state, now }: ExplanationSources): string {
  if (inHand) return BEING_REPAIRED;
  if (waits) {
    const running = `\`${waits.action}\` of ${waits.component}`;
    const since = waits.since === undefined ? '' : `, which has been running for ${span(now - waits.since)}`;
    return `Queued: it waits for ${running}${since}`;
  }
  if (result === undefined) return 'It is checked again in the next cycle';
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

/** Returns the command with which a person approves a plan of the root helper. */
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
    lines.push(`  root cause unknown: repaired ${times} times, and it came back each time`);
  }
  if (breaker !== 'closed') lines.push(`  breaker: ${breaker}`);
  if (blockedBy !== undefined) lines.push(`  not acted on (${blockedBy}): ${blockedBecause}`);
  for (const line of facts.effects) lines.push(`  ${lowerFirst(line)}`);
  lines.push(`  next: ${next}`);
  return lines.map(printable).join('\n');
}

const lowerFirst = (line: string): string => line.charAt(0).toLowerCase() + line.slice(1);
