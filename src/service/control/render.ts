import { stepText } from '../../model/step-text.js';
import type { EngineStatus, WaitingApproval } from '../../report/status.js';
import type { Explanation } from '../../report/explain.js';
import { capabilityLines } from '../text/capability-lines.js';
import { renderExplanations } from '../text/explanation-lines.js';
import { nameOfSeverity } from '../text/issue-lines.js';
import type { Paint } from '../text/paint.js';
import { printable, printableData } from '../../base/printable.js';
import { renderReport } from '../text/cycle-text.js';
import type { HealingResult } from '../../model/result.js';
import { span, utc } from '../../base/format.js';
import { statusLine } from '../text/status-line.js';
import type { Answers } from './obey.js';
import type { Command } from './protocol.js';

/** Returns an answer as text. Its dates came as JSON, and are strings. */
export function render<Asked extends Command>(
  command: Asked,
  data: Answers[Asked],
  given: string,
  paint: Paint,
): string {
  const argument = printable(given);
  const texts: { readonly [Key in Command]: (data: Answers[Key]) => string } = {
    status: (status) => renderStatus(status, paint),
    explain: (explanations) =>
      explanations.length === 0
        ? `There is no open issue${argument === '' ? '' : ` with ${argument}`}.`
        : renderExplanations(explanations),
    capabilities: (capabilities) => capabilityLines(capabilities, paint).join('\n'),
    approve: ({ result }) =>
      result
        ? renderResult(result, paint)
        : 'Approved. The issue is gone, or is already being repaired: see `luminous-healing status`.',
    reject: () => `Rejected ${argument}. It is requested again only after the backoff.`,
    pause: ({ pauses }) => `Nothing is repaired until someone resumes. ${pausedFor(pauses)}`,
    resume: ({ pauses }) => (pauses.length === 0 ? 'Repairs resumed.' : `Still paused. ${pausedFor(pauses)}`),
    reset: () => `${argument} reset: failures, backoff and circuit breaker are cleared.`,
    dashboard: ({ link }) => link,
    heal: ({ permissions, ...report }) => renderReport(report, permissions, paint),
  };
  return texts[command](printableData(data));
}

/** Returns whether a command succeeded. */
export const wentWell = (command: Command, data: unknown): boolean =>
  command !== 'approve' || (data as Answers['approve']).result?.success !== false;

function renderStatus(status: Answers['status'], paint: Paint): string {
  const { issues, approvals, components, acts, budget, lastLook, cycles, monitoring } = status;
  const well = issues.length === 0 && status.lastFailure === undefined;
  const explained = new Map((status.explanations ?? []).map((one) => [one.component, one]));
  const look = lastLook
    ? `Last check ${span(lastLook.agoMs)} ago, in ${lastLook.detectionMs.toFixed(1)} ms; ${cycles.done} so far`
    : 'Not checked yet';
  const every = monitoring ? `, every ${span(monitoring.intervalMs)}` : '';
  const spent = `repairs in the last hour: ${budget.host.used} of ${budget.host.most}`;
  return [
    paint[well ? 'good' : 'bad'](statusLine(status)),
    paint.faint(`${look}${every}; ${spent}`),
    ...section(
      'Issues',
      issues.flatMap(({ component, severity, description }) => {
        const worth = paint.faint(`(${nameOfSeverity(severity)})`);
        return [
          `${paint.bad('✗')} ${component}: ${description} ${worth}`,
          ...whyAndNext(explained.get(component)),
        ];
      }),
    ),
    ...section(
      'Cannot be read',
      status.lostReadings.map(
        ({ component, reason, forMs }) => `${paint.doubt('?')} ${component}, for ${span(forMs)}: ${reason}`,
      ),
    ),
    ...section('Awaiting approval', approvals.flatMap(approvalLines)),
    ...section(
      'Repairs stopped',
      components
        .filter(({ breaker, needsHuman }) => breaker === 'open' || needsHuman)
        .map(({ component, failures, needsHuman, breakerForMs = 0 }) => {
          const until = needsHuman
            ? `needs attention; afterwards: luminous-healing reset ${component}`
            : `breaker open for ${span(breakerForMs)}`;
          return `${component}: ${failures} repairs in a row failed; ${until}`;
        }),
    ),
    ...section(
      'Repairs in the last 24 hours',
      acts.slice(-10).map(({ timestamp, component, action, outcome, words }) => {
        const mark = outcome === 'fixed' ? paint.good(outcome) : paint.doubt(outcome);
        return `${utc(new Date(timestamp).getTime())} ${component} ${action}: ${mark}: ${words}`;
      }),
    ),
  ].join('\n');

  function section(title: string, lines: readonly string[]): string[] {
    return lines.length === 0 ? [] : ['', paint.strong(title), ...lines.map((line) => `  ${line}`)];
  }
}

/** Returns why nothing was done about an issue, and what happens next. */
function whyAndNext(one: Explanation | undefined): string[] {
  if (one === undefined) return [];
  const why = one.blockedBy === undefined ? [] : [`    why: ${one.blockedBecause} (${one.blockedBy})`];
  return [...why, `    next: ${one.next}`];
}

function approvalLines({ id, component, action, reason, lapsesInMs, plan }: WaitingApproval): string[] {
  return [
    `${id}: ${action} for ${component}: ${reason}`,
    ...(plan?.steps ?? []).map((step) => `  $ ${stepText(step)}`),
    `  luminous-healing approve ${id}, or reject ${id}; expires (as a rejection) in ${span(lapsesInMs)}`,
  ];
}

function renderResult(result: HealingResult, paint: Paint): string {
  const { issue, actionTaken, outcome, durationMs } = result;
  const words = outcome === 'fixed' ? result.proof : (result.error ?? 'this is a dry run');
  const mark = paint[result.success ? 'good' : 'bad'](outcome);
  return `${actionTaken} for ${issue.component}: ${mark} after ${span(durationMs)}: ${words}`;
}

const pausedFor = (pauses: EngineStatus['pauses']): string =>
  `Paused for: ${pauses.map(({ reason, by }) => (by === undefined ? reason : `${reason} (by ${by})`)).join('; ')}.`;
