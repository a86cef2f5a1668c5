import { conditionOf, effectLines, NO_EFFECTS } from '../effects.js';
import type { CycleReport } from '../events.js';
import type { PermissionStatus } from '../execute/permission-status.js';
import { wordsOf } from '../execute/words-of.js';
import { Severity, type ComponentVerdict } from '../issue.js';
import type { HealingResult } from '../result.js';
import type { Paint } from './paint.js';

/** What a dry run found, for a person: what was read, what is wrong, what would be done and why not. */
export function renderReport(
  { verdicts, results, detectionMs }: CycleReport,
  permissions: PermissionStatus,
  paint: Paint,
): string {
  const lines = [
    paint.strong('Luminous self-healing: a dry run on this host. Nothing is changed.'),
    '',
    paint.strong(`What was read`) + paint.faint(` (in ${detectionMs.toFixed(2)} ms)`),
    ...verdictLines(verdicts, paint),
    '',
    ...issueLines(results, verdicts, paint),
    '',
    paint.strong('What this process may do'),
    `  ${permissions.description}`,
  ];
  return lines.join('\n');
}

const MARKS = { ok: '✓', bad: '✗', unknown: '?' } as const;
const PAINTS = { ok: 'good', bad: 'bad', unknown: 'doubt' } as const;

function verdictLines(verdicts: readonly ComponentVerdict[], paint: Paint): string[] {
  const width = Math.max(...verdicts.map(({ component }) => component.length), 'component'.length);
  return verdicts.map((verdict) => {
    const { status, component, reason } = verdict;
    const mark = paint[PAINTS[status]](MARKS[status]);
    const words = status === 'unknown' ? `not known: ${reason}` : reason;
    return `  ${mark} ${component.padEnd(width)}  ${status === 'ok' ? words : paint[PAINTS[status]](words)}`;
  });
}

function issueLines(
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
  const title = `What is wrong: ${results.length} ${results.length === 1 ? 'issue' : 'issues'}${but}`;
  return [paint.strong(title), ...results.flatMap((result, index) => resultLines(result, index + 1, paint))];
}

function resultLines(result: HealingResult, number: number, paint: Paint): string[] {
  const { issue, plan, actionTaken } = result;
  const severity = Object.entries(Severity).find(([, value]) => value === issue.severity)?.[0] ?? '';
  const lines = [`  ${number}. ${paint.bad(issue.description)} ${paint.faint(`(${severity})`)}`];
  for (const line of issue.evidence ?? []) lines.push(paint.faint(`       ${line}`));
  if (plan) {
    lines.push(`     ${result.success ? 'Would do' : 'Could do'}: ${actionTaken}: ${plan.effect}`);
    for (const step of plan.steps)
      lines.push(`       ${paint.strong('$')} ${wordsOf(step)}${paint.faint(conditionOf(step))}`);
    for (const line of effectLines(plan.effects ?? NO_EFFECTS)) lines.push(`     ${line}`);
    if (plan.undo) lines.push(`     Taken back by: ${plan.undo}`);
    for (const note of plan.notes) lines.push(`     ${paint.doubt('Note')}: ${note}`);
  }
  const way = result.success
    ? paint.good('nothing stands in the way')
    : `${paint.doubt(result.blockedBy ?? result.outcome)}: ${result.error}`;
  lines.push(`     ${result.success ? '' : 'Why not: '}${way}`);
  return lines;
}
