import type { HealingResult } from '../model/result.js';
import { groupBy } from './group.js';

/** Returns a number with its noun: `1 issue`, `2 issues`. */
export const counted = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? '' : 's'}`;

/** Returns whether a service has failed, by the description of its issue. */
const hasFailed = ({ issue: { type, description } }: HealingResult): boolean =>
  type === 'service' && /\.service has failed\b/.test(description);

/** Returns the counts of the results of a dry run in one line. */
export function countsOf(results: readonly HealingResult[]): string {
  const failed = results.filter(hasFailed).length;
  const others = results.length - failed;
  const words = [
    failed > 0 && `${counted(failed, 'service')} ${failed === 1 ? 'has' : 'have'} failed`,
    others > 0 && counted(others, failed > 0 ? 'other issue' : 'issue'),
  ];
  const planned = results.filter(({ success }) => success).length;
  const gates = groupBy(
    results.filter(({ success }) => !success),
    ({ blockedBy, outcome }) => blockedBy ?? outcome,
  );
  const blocked = gates.map(({ items, first }) => `${items.length} ${first.blockedBy ?? first.outcome}`);
  const rest = results.length - planned;
  const not = rest === 0 ? '' : `, ${rest} would not (${blocked.join(', ')})`;
  return `${words.filter(Boolean).join(', ')}; ${planned} would be repaired${not}`;
}
