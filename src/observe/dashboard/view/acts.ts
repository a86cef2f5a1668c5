import { conditionOf, effectLines, NO_EFFECTS } from '../../../model/effects.js';
import type { EngineStatus } from '../../../report/status.js';
import { GATE_MEANINGS } from '../../../model/gate-texts.js';
import type { Plan, Step } from '../../../model/plan.js';
import type { HealingResult } from '../../../model/result.js';
import type { ActView, HeldView, PlanView, StepView } from './view.js';

/** So many at most. */
const ROWS = 50;
/** The record of an act and its result are written within this time. */
const SAME_MS = 5_000;

/** What was done, newest first: the record of the last day, with before and plan where this process did it. */
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
        // The record counts in steady time, which as a time of day differs by a millisecond from look to look.
        at: result?.timestamp.getTime() ?? at,
        component,
        action,
        outcome,
        before: result?.issue.description ?? null,
        after: words,
        durationMs: result?.durationMs ?? null,
        plan: result?.plan ? planOf(result.plan) : null,
        rungs: (result?.attempts ?? [])
          .slice(0, -1)
          .map(
            (rung) =>
              `Before it, ${rung.action}: ${rung.outcome}${rung.error === undefined ? '' : `, ${rung.error}`}`,
          ),
      };
    });
}

/** What was not done, newest first. */
export function heldOf({ results }: EngineStatus): HeldView[] {
  const keyOf = numbered();
  return results
    .flatMap((result) => held(result, keyOf))
    .sort((a, b) => b.at - a.at)
    .slice(0, ROWS);
}

function held(result: HealingResult, keyOf: (name: string) => string): HeldView[] {
  const { issue, timestamp, actionTaken } = result;
  const at = timestamp.getTime();
  const { component, description } = issue;
  if (result.outcome === 'skipped') {
    const { when, next } = GATE_MEANINGS[result.blockedBy];
    const key = keyOf(`${component} ${result.blockedBy}`);
    return [
      { key, at, component, description, blockedBy: result.blockedBy, because: result.error, when, next },
    ];
  }
  if (result.outcome !== 'planned') return [];
  const because = `${actionTaken} would be carried out: ${result.plan.effect}`;
  const when = 'the engine makes a dry run';
  const next = 'Nothing, until `dryRun` is set to false';
  return [
    {
      key: keyOf(`${component} dry-run`),
      at,
      component,
      description,
      blockedBy: 'dry-run',
      because,
      when,
      next,
    },
  ];
}

/** Tells the first of a name from the second. Times will not do: what is said again and again is said later each time. */
function numbered(): (name: string) => string {
  const counts = new Map<string, number>();
  return (name) => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return `${name} ${count}`;
  };
}

/** A plan in words, without the functions that it may hold. */
export const planOf = ({ action, effect, undo, risk, targets, steps, effects, notes }: Plan): PlanView => ({
  action,
  effect,
  undo: undo ?? null,
  risk,
  targets: targets.map(({ id }) => id),
  steps: steps.map(stepOf),
  effects: effectLines(effects ?? NO_EFFECTS),
  notes,
});

function stepOf(step: Step): StepView {
  switch (step.kind) {
    case 'command':
      return { kind: step.kind, text: step.argv.map(quoted).join(' ') + conditionOf(step) };
    case 'write':
      return { kind: step.kind, text: `${step.content.trim()} → ${step.path}` };
    case 'call':
      return { kind: step.kind, text: step.name };
  }
}

/** As a person would have to type it. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
