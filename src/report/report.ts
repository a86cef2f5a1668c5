import type { CycleReport } from '../events.js';
import type { PermissionStatus } from '../execute/permission-status.js';
import { printable, printableData } from '../printable.js';
import { issueLines } from './issue-lines.js';
import type { Paint } from './paint.js';
import { verdictLines } from './verdict-lines.js';

/**
 * Renders a dry run for a person: what was read, what is wrong, what would be done and why not. It fits on two
 * screens, however many units have failed: what is alike is shown together.
 */
export function renderReport(
  report: Pick<CycleReport, 'verdicts' | 'results' | 'detectionMs'>,
  permissions: PermissionStatus,
  paint: Paint,
): string {
  const { verdicts, results, detectionMs } = printableData(report);
  return [
    paint.strong('Luminous self-healing: a dry run on this host. Nothing is changed.'),
    '',
    paint.strong(`What was read`) + paint.faint(` (in ${detectionMs.toFixed(2)} ms)`),
    ...verdictLines(verdicts, paint),
    '',
    ...issueLines(results, verdicts, paint),
    '',
    paint.strong('What this process may do'),
    `  ${printable(permissions.description)}`,
  ].join('\n');
}
