import {
  expectBoolean,
  expectFunction,
  expectKnownKeys,
  expectObject,
  expectSignal,
  refusal,
} from '../base/expect.js';
import type { HealingAction } from '../model/plan.js';
import type { ExecuteOptions } from './executor.js';

export const EXECUTE_OPTIONS = ['dryRun', 'signal', 'approved', 'plan', 'onPlan'];

export function expectExecuteOptions(given: unknown = {}): ExecuteOptions {
  const options = expectObject('options', given);
  expectKnownKeys('options', options, EXECUTE_OPTIONS);
  const { dryRun, approved, signal } = options;
  if (dryRun !== undefined) expectBoolean('dryRun', dryRun);
  if (approved !== undefined) expectBoolean('approved', approved);
  expectSignal(signal);
  if (options.plan !== undefined) expectPlan(options.plan);
  expectFunction('onPlan', options.onPlan);
  return options;
}

export function expectPlanOptions(given: unknown): Pick<ExecuteOptions, 'dryRun' | 'signal'> {
  const options = expectObject('options', given);
  expectKnownKeys('options', options, ['dryRun', 'signal']);
  if (options.dryRun !== undefined) expectBoolean('dryRun', options.dryRun);
  expectSignal(options.signal);
  return options;
}

function expectPlan(given: unknown): void {
  const { action, targets, steps } = expectObject('plan', given);
  if (typeof action === 'string' && Array.isArray(targets) && Array.isArray(steps)) return;
  throw refusal('plan', 'a plan, as `executor.plan(action)` returns it', given);
}

export function expectHealingAction(given: unknown): HealingAction {
  const { action, parameters } = expectObject('action', given);
  if (typeof action !== 'string' || action === '')
    throw refusal('action.action', 'the name of an action', action);
  expectObject('action.parameters', parameters);
  refuseDryRunIn('action', given as object);
  return given as HealingAction;
}

/** Throws for a dry run that was requested in the wrong place: it must not be ignored. */
export function refuseDryRunIn(option: string, given: object): void {
  for (const key of ['dryRun', 'dry_run']) {
    if (key in given)
      throw refusal(`${option}.${key}`, 'left out: `dryRun` belongs in the options', (given as never)[key]);
  }
}
