import { conditionOf, effectLines, NO_EFFECTS } from '../../model/effects.js';
import { stepText } from '../../model/step-text.js';
import { Severity, type ComponentVerdict } from '../../model/issue.js';
import type { HealingResult } from '../../model/result.js';
import { counted } from '../../report/counted.js';
import { groupBy, namesOf, shapeOf, type Group } from '../../report/group.js';
import type { Paint } from './paint.js';

/** Groups with one line each; the rest is counted. */
const SHORT_LINES = 6;
/** The head, the line with the number of further issues, and the hint at `--json`. */
const FRAME_LINES = 3;
/** A group in full has at least these lines, however little room there is: what is wrong, whose it is, and why not. */
const FEWEST_LINES = 8;

/**
 * What is wrong and what would be done, what is alike together, within so many lines: what would be done in full, then
 * what else there is room for; others with one line each, and the rest is counted.
 */
export function issueLines(
  results: readonly HealingResult[],
  verdicts: readonly ComponentVerdict[],
  paint: Paint,
  room: number,
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
  const lines = [paint.strong(`What is wrong: ${counted(results.length, 'issue')}${but}`)];
  const forShort = Math.min(groups.length - 1, SHORT_LINES);
  const full = Math.max(FEWEST_LINES, room - FRAME_LINES - forShort);
  const inFull = chooseFull(groups, full, paint);
  let short = 0;
  let left = 0;
  for (const [index, group] of groups.entries()) {
    const own = inFull.get(group);
    if (own !== undefined) lines.push(...own);
    else if ((short += 1) <= SHORT_LINES) lines.push(shortLine(group, index + 1, paint));
    else left += group.items.length;
  }
  if (left > 0) lines.push(`  and ${counted(left, 'issue')} more`);
  if (short > 0 || groups.length < results.length)
    lines.push(paint.faint('  Issues that are alike are shown together; --json has each of them in full.'));
  return lines;
}

/** The lines of the groups that are shown in full: first what would be done, with its steps, then the others. */
function chooseFull(
  groups: readonly Group<HealingResult>[],
  most: number,
  paint: Paint,
): ReadonlyMap<Group<HealingResult>, readonly string[]> {
  const byWorth = [...groups].sort((one, other) => Number(other.first.success) - Number(one.first.success));
  const chosen = new Map<Group<HealingResult>, readonly string[]>();
  let used = 0;
  for (const group of byWorth) {
    const own = groupLines(group, groups.indexOf(group) + 1, paint);
    const shown = used === 0 ? cut(own, most, paint) : own;
    if (used + shown.length > most) continue;
    used += shown.length;
    chosen.set(group, shown);
  }
  return chosen;
}

/** The last line says whether anything blocks it: what is left out is before that. */
function cut(lines: readonly string[], most: number, paint: Paint): readonly string[] {
  if (lines.length <= most) return lines;
  const left = lines.length - most + 1;
  return [...lines.slice(0, most - 2), paint.faint(`       … ${left} lines more`), lines.at(-1)!];
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

/** Returns `HIGH` for a severity of 3. */
export const nameOfSeverity = (severity: Severity): string =>
  Object.entries(Severity).find(([, value]) => value === severity)?.[0] ?? '';

function title({ first: { issue }, items }: Group<HealingResult>, number: number, paint: Paint): string {
  const many = items.length === 1 ? '' : `${items.length} alike, the first: `;
  return `  ${number}. ${many}${paint.bad(issue.description)} ${paint.faint(`(${nameOfSeverity(issue.severity)})`)}`;
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
      lines.push(`       ${paint.strong('$')} ${stepText(step)}${paint.faint(conditionOf(step))}`);
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
