import type { CycleReport } from '../../report/events.js';
import type { PermissionStatus } from '../../execute/permission-status.js';
import { printable, printableData } from '../../base/printable.js';
import { countsOf } from '../../report/counted.js';
import { issueLines } from './issue-lines.js';
import type { Paint } from './paint.js';
import { verdictLines } from './verdict-lines.js';

/** Lines of two screens of a terminal. */
const TWO_SCREENS = 48;

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
  const head = [
    paint.strong('Luminous self-healing: a dry run on this host. Nothing is changed.'),
    ...(results.length > 1 ? [`${countsOf(results)}.`] : []),
    '',
    paint.strong(`What was read`) + paint.faint(` (in ${detectionMs.toFixed(2)} ms)`),
    ...verdictLines(verdicts, paint),
    '',
  ];
  const foot = ['', paint.strong('What this process may do'), `  ${printable(permissions.description)}`];
  const room = TWO_SCREENS - head.length - foot.length;
  return [...head, ...issueLines(results, verdicts, paint, room), ...foot].join('\n');
}
