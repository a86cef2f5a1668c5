import { HEAL_PREFIX } from '../detect/check.js';
import type { Healer } from '../detect/healer.js';
import { verifyByCheck, type ActionDefinition } from './define.js';
import { noParameters } from './parameters.js';

/** Longest time that a function of the host program may take, in milliseconds. */
const TIMEOUT_MS = 60_000;

/** Finds the function in the `heals` of a check by the name of the check. */
export type FindHealer = (check: string) => Healer | undefined;

/** Returns the action that calls the `heals` function of a check: one call, inside the host program. */
export function healingByCheck(action: string, find: FindHealer): ActionDefinition | undefined {
  if (!action.startsWith(HEAL_PREFIX)) return undefined;
  const check = action.slice(HEAL_PREFIX.length);
  const healer = find(check);
  if (healer === undefined) return undefined;
  return {
    parse: noParameters,
    plan: () => ({
      targets: [`check:${check}`],
      effect: `The check \`${check}\` reads ok again`,
      steps: [{ kind: 'call', ...healer, timeoutMs: TIMEOUT_MS, interruptible: true }],
    }),
    verify: verifyByCheck,
    scope: 'process',
    risk: 'disruptive',
    timeoutMs: TIMEOUT_MS,
  };
}
