import type { Block, Plan, Step } from '../model/plan.js';
import type { PermissionStatus } from './permission-status.js';
import { assignments } from '../model/step-text.js';

/** Returns whether a plan has a step that needs root. */
export const needsRoot = (plan: Plan): boolean =>
  plan.steps.some((step) => step.kind !== 'call' && step.needsRoot);

/**
 * Returns the plan with each step that needs root run through `sudo -n`, which never asks for a password. `timeout` ends
 * the program and its children in time, because an unprivileged process cannot signal them.
 */
export function throughSudo(plan: Plan): Plan {
  return Object.freeze({ ...plan, steps: Object.freeze(plan.steps.map(behindSudo)) });
}

function behindSudo(step: Step): Step {
  if (step.kind === 'call' || !step.needsRoot) return step;
  const seconds = String(Math.ceil(step.timeoutMs / 1_000));
  const sudo = ['sudo', '-n', '--', 'timeout', '--kill-after=2', seconds];
  const { timeoutMs, interruptible } = step;
  const common = { kind: 'command' as const, needsRoot: true, timeoutMs: timeoutMs + 5_000, interruptible };
  if (step.kind === 'command') {
    return {
      ...common,
      ...(step.onlyIf === undefined ? {} : { onlyIf: step.onlyIf }),
      argv: [...sudo, ...(step.env === undefined ? [] : ['env', ...assignments(step, String)]), ...step.argv],
      ...(step.input === undefined ? {} : { input: step.input }),
      ...(step.unit === undefined ? {} : { unit: step.unit }),
    };
  }
  return { ...common, argv: [...sudo, 'tee', '--', step.path], input: step.content };
}

/** Block for an engine that reads another machine. */
export const OTHER_MACHINE: Block = Object.freeze({
  reason: 'unavailable',
  sentence:
    'The engine reads a `host` that is not known to be this machine, so nothing is changed here: give it an `executor` for that machine',
});

/** Returns why a step that needs root cannot be carried out, as one sentence. */
export const lackOf = (status: PermissionStatus | undefined): string =>
  status?.way === 'helper'
    ? 'Needs root: the root helper carries out the built-in actions only; run as root'
    : `Needs root: ${status?.description ?? 'nothing on this host grants it'}`;
