import type { Issue } from '../model/issue.js';
import type { CheckRunner } from './user-check.js';
import { issueFrom } from './issue-from.js';

/** Repair function of a check of the host program. */
export interface Healer {
  /** Description for the plan. */
  readonly name: string;
  /** Calls the function. Rejects with what it throws. */
  readonly run: (context: { readonly signal: AbortSignal }) => unknown;
}

/** Returns the function in the `heals` of a check; `undefined` where there is none. */
export function healerOf(runner: CheckRunner | undefined, now: () => number): Healer | undefined {
  const { check, found } = runner ?? {};
  if (check === undefined || typeof check.heals !== 'function') return undefined;
  const { name, component, type, heals } = check;
  const word = heals.name === '' ? 'heals' : heals.name;
  const nothing = { status: 'bad', reason: `\`${name}\` has found nothing yet`, check: name } as const;
  const issue = (): Issue => issueFrom(found ?? { ...nothing, component, type }, new Date(now()));
  return {
    name: `${word}() of the check \`${name}\``,
    run: ({ signal }) => heals({ signal, issue: issue() }),
  };
}
