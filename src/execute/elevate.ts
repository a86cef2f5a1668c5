import type { Block, Plan, Step } from '../model/plan.js';
import type { PermissionStatus } from './permission-status.js';
import { assignments } from '../model/step-text.js';

export const needsRoot = (plan: Plan): boolean =>
  plan.steps.some((step) => step.kind !== 'call' && step.needsRoot);

/**
 * Returns the plan with each step that needs root run through `sudo -n`, which never asks for a password. `timeout` ends
 * the program and its children in time, because an unprivileged process cannot signal them.
 */
export const throughSudo = (plan: Plan): Plan =>
  Object.freeze({ ...plan, steps: Object.freeze(plan.steps.map(behindSudo)) });

function behindSudo(step: Step): Step {
  if (step.kind === 'call' || !step.needsRoot) return step;
  const { interruptible } = step;
  const seconds = String(Math.ceil(step.timeoutMs / 1_000));
  const sudo = ['sudo', '-n', '--', 'timeout', '--kill-after=2', seconds];
  const timeoutMs = step.timeoutMs + 5_000;
  if (step.kind === 'write') {
    const argv = [...sudo, 'tee', '--', step.path];
    return { kind: 'command', needsRoot: true, timeoutMs, interruptible, argv, input: step.content };
  }
  const { env, ...rest } = step;
  const variables = env === undefined ? [] : ['env', ...assignments(step, String)];
  return { ...rest, timeoutMs, argv: [...sudo, ...variables, ...step.argv] };
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
