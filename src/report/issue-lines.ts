import { conditionOf, effectLines, NO_EFFECTS } from '../effects.js';
import { wordsOf } from '../execute/words-of.js';
import { Severity, type ComponentVerdict } from '../issue.js';
import type { HealingResult } from '../result.js';
import { groupBy, namesOf, shapeOf, type Group } from './group.js';
import type { Paint } from './paint.js';

/** Groups are shown in full within this many lines, the first one always; then with one line each. */
const FULL_LINES = 26;
/** Groups with one line each; the rest is counted. */
const SHORT_LINES = 6;

/** What is wrong and what would be done: the counts, then what is alike together. */
export function issueLines(
  results: readonly HealingResult[],
  verdicts: readonly ComponentVerdict[],
  paint: Paint,
): string[] {
  const blind = verdicts.filter(({ status }) => status === 'unknown').length;
  const but =
    blind === 0
      ? ''
      : `, though ${blind} of ${verdicts.length} could not be read, and unknown is never acted on`;
  if (results.length === 0) {
    return [paint.strong('What is wrong'), `  ${paint.good('Nothing')}${but}. So nothing would be done.`];
  }
  const groups = groupBy(results, alike);
  const lines = [
    paint.strong(`What is wrong: ${counted(results.length, 'issue')}${but}`),
    ...(results.length === 1 ? [] : [`  ${counts(results)}`]),
  ];
  let full = 0;
  let short = 0;
  for (const [index, group] of groups.entries()) {
    const own = groupLines(group, index + 1, paint);
    if (short === 0 && (full === 0 || full + own.length <= FULL_LINES)) {
      full += own.length;
      lines.push(...own);
    } else if (short < SHORT_LINES) {
      short += 1;
      lines.push(shortLine(group, index + 1, paint));
    } else {
      const rest = groups.slice(index).reduce((sum, { items }) => sum + items.length, 0);
      lines.push(`  and ${counted(rest, 'issue')} more`);
      break;
    }
  }
  if (short > 0 || groups.length < results.length)
    lines.push(paint.faint('  Issues that are alike are shown together; --json has each of them in full.'));
  return lines;
}

const counted = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** Returns how many would be repaired and how many are blocked, by gate. */
function counts(results: readonly HealingResult[]): string {
  const planned = results.filter(({ success }) => success).length;
  const gates = groupBy(
    results.filter(({ success }) => !success),
    ({ blockedBy, outcome }) => blockedBy ?? outcome,
  );
  const blocked = gates.map(({ items, first }) => `${items.length} ${first.blockedBy ?? first.outcome}`);
  const sum = results.length - planned;
  return `${planned} would be repaired, ${sum} would not${sum === 0 ? '' : ` (${blocked.join(', ')})`}`;
}

/** The same for results that differ only in names and numbers. */
function alike({ issue, plan, actionTaken, outcome, blockedBy, error = '' }: HealingResult): string {
  const shape = (text: string): string => shapeOf(text, issue.component);
  const notes = plan?.notes.map(shape) ?? [];
  return JSON.stringify([
    issue.severity,
    shape(issue.description),
    actionTaken,
    outcome,
    blockedBy,
    shape(error),
    plan && shape(plan.effect),
    notes,
  ]);
}

function title({ first: { issue }, items }: Group<HealingResult>, number: number, paint: Paint): string {
  const severity = Object.entries(Severity).find(([, value]) => value === issue.severity)?.[0] ?? '';
  const many = items.length === 1 ? '' : `${items.length} alike, the first: `;
  return `  ${number}. ${many}${paint.bad(issue.description)} ${paint.faint(`(${severity})`)}`;
}

const shortLine = (group: Group<HealingResult>, number: number, paint: Paint): string =>
  `${title(group, number, paint)}: ${group.first.blockedBy ?? `${group.first.outcome}: ${group.first.actionTaken}`}`;

function groupLines(group: Group<HealingResult>, number: number, paint: Paint): string[] {
  const { issue, plan, actionTaken, success, blockedBy, outcome, error } = group.first;
  const lines = [title(group, number, paint)];
  if (group.items.length > 1)
    lines.push(`     ${namesOf(group.items.map((result) => result.issue.component))}`);
  for (const line of issue.evidence ?? []) lines.push(paint.faint(`       ${line}`));
  if (plan) {
    lines.push(`     ${success ? 'Would do' : 'Could do'}: ${actionTaken}: ${plan.effect}`);
    for (const step of plan.steps)
      lines.push(`       ${paint.strong('$')} ${wordsOf(step)}${paint.faint(conditionOf(step))}`);
    for (const line of effectLines(plan.effects ?? NO_EFFECTS)) lines.push(`     ${line}`);
    if (plan.undo) lines.push(`     Undo: ${plan.undo}`);
    for (const note of plan.notes) lines.push(`     ${paint.doubt('Note')}: ${note}`);
  }
  lines.push(
    success
      ? `     ${paint.good('nothing blocks it')}`
      : `     Why not: ${paint.doubt(blockedBy ?? outcome)}: ${error}`,
  );
  return lines;
}
