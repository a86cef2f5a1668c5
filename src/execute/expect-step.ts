import {
  expectBoolean,
  expectNumber,
  expectObject,
  expectOneOf,
  expectStrings,
  expectText,
  refusal,
} from '../base/expect.js';
import { CONDITIONS } from '../model/effects.js';
import type { Step } from '../model/plan.js';

/** Longest timer of Node, in milliseconds. */
const LONGEST_MS = 2_147_483_647;

/** Checks a step of a plan, which may come from a custom action. */
export function expectStep(option: string, given: unknown): asserts given is Step {
  const step = expectObject(option, given);
  expectOneOf(`${option}.kind`, step.kind, ['command', 'write', 'call'], 'kind of step');
  // systemd has units without a time limit.
  if (step.timeoutMs !== Infinity) expectNumber(`${option}.timeoutMs`, step.timeoutMs, 0, LONGEST_MS);
  expectBoolean(`${option}.interruptible`, step.interruptible);
  const text = (key: string): void => {
    if (typeof step[key] !== 'string') throw refusal(`${option}.${key}`, 'a string', step[key]);
  };
  switch ((step as unknown as Step).kind) {
    case 'command':
      if (expectStrings(`${option}.argv`, step.argv).length === 0)
        throw refusal(`${option}.argv`, 'a program and its arguments', step.argv);
      expectBoolean(`${option}.needsRoot`, step.needsRoot);
      if (step.onlyIf !== undefined)
        expectOneOf(`${option}.onlyIf`, step.onlyIf, Object.keys(CONDITIONS), 'condition');
      if (step.input !== undefined) text('input');
      if (step.unit !== undefined) expectText(`${option}.unit`, step.unit);
      if (step.env !== undefined)
        for (const [name, value] of Object.entries(expectObject(`${option}.env`, step.env)))
          if (typeof value !== 'string') throw refusal(`${option}.env.${name}`, 'a string', value);
      break;
    case 'write':
      text('path');
      text('content');
      expectBoolean(`${option}.needsRoot`, step.needsRoot);
      break;
    case 'call':
      text('name');
      if (typeof step.run !== 'function') throw refusal(`${option}.run`, 'a function', step.run);
  }
}
