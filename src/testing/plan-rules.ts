import { isObject } from '../base/shape.js';
import type { Step } from '../model/plan.js';
import { insist, insistOnAll, isText, format } from './conformance.js';

/** Throws unless a value is a complete plan. */
export function insistOnPlan(plan: unknown, about: string): void {
  insist(isObject(plan), `${about} returned ${format(plan)}, which is not a plan`);
  const { action, parameters, scope, risk, targets, steps, effect, notes } = plan;
  insistOnAll(about, [
    [isText(action), 'a plan without the name of its action'],
    [isObject(parameters), 'a plan without parameters'],
    [scope === 'host' || scope === 'process', `a plan with the scope ${format(scope)}`],
    [risk === 'reversible' || risk === 'disruptive', `a plan with the risk ${format(risk)}`],
    [isText(effect), 'a plan without its expected effect'],
  ]);
  insist(Array.isArray(targets), `${about} returned a plan without a list of targets`);
  for (const target of targets) insistOnTarget(target, about);
  insist(Array.isArray(steps), `${about} returned a plan without a list of steps`);
  for (const step of steps) insistOnStep(step as Step, about);
  insist(Array.isArray(notes) && notes.every(isText), `${about} returned a plan without a list of notes`);
}

function insistOnTarget(target: unknown, about: string): void {
  insist(isObject(target) && isText(target.id), `${about} returned a plan with a target that has no id`);
  const known = ['unit', 'unreadable', 'plain'].includes(target.kind as string);
  insist(known, `${about} returned a plan with a target of the kind ${format(target.kind)}`);
}

/** Throws unless a step is complete. */
export function insistOnStep(step: Step, about: string): void {
  insist(step.timeoutMs > 0, `${about} returned a step without a time limit`);
  insist(
    typeof step.interruptible === 'boolean',
    `${about} returned a step that does not say whether it is interruptible`,
  );
  switch (step.kind) {
    case 'command': {
      const { argv } = step;
      const isWhole =
        Array.isArray(argv) && argv.every((word) => typeof word === 'string') && isText(argv[0]);
      insist(isWhole, `${about} returned a command that is no array of strings: ${format(argv)}`);
      return;
    }
    case 'write':
      insist(step.path.startsWith('/'), `${about} writes to ${format(step.path)}, which is no absolute path`);
      insist(typeof step.content === 'string', `${about} writes ${format(step.content)}, which is no string`);
      return;
    case 'call':
      insist(isText(step.name) && typeof step.run === 'function', `${about} calls something without a name`);
      return;
    default:
      insist(false, `${about} returned a step of the kind ${format((step satisfies never as Step).kind)}`);
  }
}
