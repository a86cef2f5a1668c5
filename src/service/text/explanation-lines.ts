import type { Explanation } from '../../report/explain.js';
import { printable } from '../../base/printable.js';
import { counted } from '../../report/counted.js';
import { groupBy, namesOf, shapeOf, type Group } from '../../report/group.js';

/** Explanations are shown in full up to this number. */
const IN_FULL = 3;
/** Groups of those that are alike; the rest is counted. */
const MOST_GROUPS = 6;

/**
 * Renders explanations for a person. Many are counted first and fit on two screens: similar ones are shown once, in short,
 * with all their names.
 */
export function renderExplanations(explanations: readonly Explanation[]): string {
  if (explanations.length <= IN_FULL) return explanations.map(({ text }) => text).join('\n\n');
  const groups = groupBy(explanations, alike);
  const gates = groupBy(explanations, ({ blockedBy }) => blockedBy ?? 'not blocked').map(
    ({ first, items }) => `${items.length} ${first.blockedBy ?? 'not blocked'}`,
  );
  const rest = groups.slice(MOST_GROUPS).reduce((sum, { items }) => sum + items.length, 0);
  return [
    `${counted(explanations.length, 'open issue')}: ${gates.join(', ')}.`,
    ...groups.slice(0, MOST_GROUPS).map(groupText),
    `${rest === 0 ? '' : `And ${counted(rest, 'issue')} more. `}\`luminous-healing explain COMPONENT\` has all of one.`,
  ].join('\n\n');
}

function groupText({ first, items }: Group<Explanation>): string {
  const { issue, tried, blockedBy, blockedBecause, next } = first;
  const names = namesOf(items.map(({ component }) => component));
  const title =
    items.length === 1 ? `${first.component}: ${issue.description}` : `${items.length} alike: ${names}`;
  const line = issue.evidence?.at(-1);
  const last = tried.at(-1);
  return [
    title,
    ...(items.length === 1 ? [] : [`  the first: ${issue.description}`]),
    ...(line === undefined ? [] : [`  | ${line}`]),
    ...(last === undefined ? [] : [`  tried: ${last.action}: ${last.outcome}: ${last.words}`]),
    ...(blockedBy === undefined ? [] : [`  not acted on (${blockedBy}): ${blockedBecause}`]),
    `  next: ${next}`,
  ]
    .map(printable)
    .join('\n');
}

/** The same for explanations that differ only in names and numbers. */
function alike({ component, issue, blockedBy, blockedBecause = '', next, tried }: Explanation): string {
  const shape = (text: string): string => shapeOf(text, component);
  const last = tried.at(-1);
  return JSON.stringify([
    ...[issue.severity, shape(issue.description), blockedBy, shape(blockedBecause), shape(next)],
    ...[last?.action, last?.outcome],
  ]);
}
