import type { Step } from '../model/plan.js';
import { insist, isObject, isText, describeValue } from './conformance.js';

/** Holds a plan against what a plan is. */
export function insistOnPlan(plan: unknown, about: string): void {
  insist(isObject(plan), `${about} gave ${describeValue(plan)}, which is not a plan`);
  const { action, parameters, scope, risk, targets, steps, effect, notes } = plan;
  insist(isText(action), `${about} gave a plan without the name of its action`);
  insist(isObject(parameters), `${about} gave a plan without parameters`);
  insist(
    scope === 'host' || scope === 'process',
    `${about} gave a plan with the scope ${describeValue(scope)}`,
  );
  insist(
    risk === 'reversible' || risk === 'disruptive',
    `${about} gave a plan with the risk ${describeValue(risk)}`,
  );
  insist(isText(effect), `${about} gave a plan without its expected effect`);
  insist(Array.isArray(targets), `${about} gave a plan without a list of targets`);
  for (const target of targets) insistOnTarget(target, about);
  insist(Array.isArray(steps), `${about} gave a plan without a list of steps`);
  for (const step of steps) insistOnStep(step as Step, about);
  insist(Array.isArray(notes) && notes.every(isText), `${about} gave a plan without a list of notes`);
}

function insistOnTarget(target: unknown, about: string): void {
  insist(isObject(target) && isText(target.id), `${about} gave a plan with a target that has no id`);
  const known = ['unit', 'unreadable', 'plain'].includes(target.kind as string);
  insist(known, `${about} gave a plan with a target of the kind ${describeValue(target.kind)}`);
}

/** Holds a step against what a step is. */
export function insistOnStep(step: Step, about: string): void {
  insist(step.timeoutMs > 0, `${about} gave a step without a time limit`);
  insist(
    typeof step.interruptible === 'boolean',
    `${about} gave a step that does not say whether it is interruptible`,
  );
  switch (step.kind) {
    case 'command': {
      const whole = Array.isArray(step.argv) && step.argv.every((word) => typeof word === 'string');
      insist(
        whole && isText(step.argv[0]),
        `${about} gave a command that is no array of strings: ${describeValue(step.argv)}`,
      );
      return;
    }
    case 'write':
      insist(
        step.path.startsWith('/'),
        `${about} writes to ${describeValue(step.path)}, which is no absolute path`,
      );
      insist(
        typeof step.content === 'string',
        `${about} writes ${describeValue(step.content)}, which is no string`,
      );
      return;
    case 'call':
      insist(isText(step.name) && typeof step.run === 'function', `${about} calls something without a name`);
      return;
    default:
      insist(false, `${about} gave a step of the kind ${describeValue((step satisfies never as Step).kind)}`);
  }
}
