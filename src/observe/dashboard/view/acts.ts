import { conditionOf, effectLines, NO_EFFECTS } from '../../../model/effects.js';
import type { EngineStatus } from '../../../report/status.js';
import { GATE_MEANINGS } from '../../../model/gate-texts.js';
import type { Plan, Step } from '../../../model/plan.js';
import type { HealingResult } from '../../../model/result.js';
import { cut, cutAll } from './bounds.js';
import type { ActView, HeldView, PlanView, StepView } from './view.js';

/** Limit of repairs, and of blocked repairs. */
const ROWS = 50;
/** Limit of steps of a plan. */
const STEPS = 60;
/** Longest time between the record of a repair and its result. */
const SAME_MS = 5_000;

/** Returns the repairs of the last day, newest first, with reading before and plan where this process ran them. */
export function actsOf({ acts, results }: EngineStatus): ActView[] {
  const done = results.filter(({ outcome }) => outcome !== 'skipped' && outcome !== 'planned');
  const used = new Set<HealingResult>();
  const keyOf = numbered();
  return acts
    .map((act) => ({ ...act, key: keyOf(`${act.component} ${act.action}`) }))
    .slice(-ROWS)
    .reverse()
    .map(({ key, timestamp, component, action, outcome, words }) => {
      const at = timestamp.getTime();
      const result = done.findLast(
        (one) =>
          !used.has(one) &&
          one.issue.component === component &&
          one.actionTaken === action &&
          one.outcome === outcome &&
          Math.abs(one.timestamp.getTime() - at) < SAME_MS,
      );
      if (result) used.add(result);
      return {
        key,
        // The record has a monotonic time; converted, it varies by a millisecond from cycle to cycle.
        at: result?.timestamp.getTime() ?? at,
        component,
        action,
        outcome,
        before: result ? cut(result.issue.description) : null,
        after: cut(words),
        durationMs: result?.durationMs ?? null,
        plan: result?.plan ? planOf(result.plan) : null,
        rungs: (result?.attempts ?? [])
          .slice(0, -1)
          .map(({ action, outcome, error }) =>
            cut(`Tried before: ${action}: ${outcome}${error === undefined ? '' : `, ${error}`}`),
          ),
      };
    });
}

/** Returns the repairs that were blocked or only planned, newest first. */
export function heldOf({ results }: EngineStatus): HeldView[] {
  const keyOf = numbered();
  return results
    .flatMap((result) => held(result, keyOf))
    .sort((a, b) => b.at - a.at)
    .slice(0, ROWS);
}

function held(result: HealingResult, keyOf: (name: string) => string): HeldView[] {
  if (result.outcome !== 'skipped' && result.outcome !== 'planned') return [];
  const { component, description } = result.issue;
  const [blockedBy, because, { when, next }] =
    result.outcome === 'skipped'
      ? [result.blockedBy, result.error, GATE_MEANINGS[result.blockedBy]]
      : (['dry-run', `\`${result.actionTaken}\` would run: ${result.plan.effect}`, DRY_RUN] as const);
  return [
    {
      ...{ key: keyOf(`${component} ${blockedBy}`), at: result.timestamp.getTime(), component },
      ...{ description: cut(description), blockedBy, because: cut(because), when, next },
    },
  ];
}

const DRY_RUN = { when: 'the engine is in dry-run mode', next: 'Nothing until `dryRun` is set to false' };

/** Numbers equal names. Times are no keys: a repeated result gets a new time. */
function numbered(): (name: string) => string {
  const counts = new Map<string, number>();
  return (name) => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return `${name} ${count}`;
  };
}

/** Returns a plan as text, without its functions. */
export const planOf = ({ action, effect, undo, risk, targets, steps, effects, notes }: Plan): PlanView => ({
  action,
  effect,
  undo: undo ?? null,
  risk,
  targets: cutAll(targets.map(({ id }) => id)),
  steps: steps.slice(0, STEPS).map(stepOf),
  moreSteps: Math.max(0, steps.length - STEPS),
  effects: cutAll(effectLines(effects ?? NO_EFFECTS)),
  notes: cutAll(notes),
});

function stepOf(step: Step): StepView {
  switch (step.kind) {
    case 'command':
      return { kind: step.kind, text: cut(step.argv.map(quoted).join(' ') + conditionOf(step), 4_000) };
    case 'write':
      return { kind: step.kind, text: cut(`${step.content.trim()} → ${step.path}`) };
    case 'call':
      return { kind: step.kind, text: cut(step.name) };
  }
}

/** Quotes a word for a shell. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
