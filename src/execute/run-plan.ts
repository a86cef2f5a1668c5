import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { realClock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { CommandStep, Plan, Step, WriteStep } from '../model/plan.js';
import { within } from '../base/within.js';
import { runCommand } from './run-command.js';
import type { StartProgram } from './start-program.js';
import { holds, isAboutStart, isWatched, makesGood, runOf, type Watched } from './step-condition.js';
import { gateOf } from './switch-end.js';
import { stepText } from '../model/step-text.js';
import type { StepReport } from '../model/execution.js';

/** Receives the output of a command, line by line. */
export type OnLine = (line: string, step: CommandStep) => void;

/**
 * Carries out the steps in order, until one fails or the signal is aborted. Returns a report for each step that was
 * started or not needed.
 */
export async function runPlan(
  plan: Plan,
  signal: AbortSignal,
  onLine: OnLine = () => undefined,
  start?: StartProgram,
): Promise<readonly StepReport[]> {
  const run = (step: Step) => runStep(step, step.interruptible ? signal : undefined, onLine, start);
  const reports: StepReport[] = [];
  let last: (Watched & { readonly index: number }) | undefined;
  const due = new Map<CommandStep['onlyIf'], boolean>();
  for (const [index, step] of plan.steps.entries()) {
    if (isConditional(step)) {
      // An abort does not stop the steps that undo half of a change.
      const isStopped = signal.aborted && makesGood(step);
      // Judged once for steps with the same condition: the first of them may change what it depends on.
      const isDue = due.get(step.onlyIf) ?? (last !== undefined && (await holds(step, last)));
      due.set(step.onlyIf, isDue);
      if (!isDue || isStopped) {
        reports.push(Object.freeze({ step: stepText(step), ok: true, notNeeded: true, durationMs: 0 }));
        continue;
      }
      if (makesGood(step) && last)
        reports[last.index] = Object.freeze({ ...last.report, retried: true as const });
      const report = await run(step);
      reports.push(report);
      if (!report.ok) break;
      continue;
    }
    if (signal.aborted || reports.some(({ ok, retried }) => !ok && !retried)) break;
    due.clear();
    const next = plan.steps[index + 1];
    const watched = isWatched(step, next);
    const before = watched && isAboutStart(next) ? await runOf(step) : undefined;
    const report = switched(step, await run(step));
    reports.push(report);
    if (watched) last = { step, report, before, index };
    else if (!report.ok) break;
  }
  const failed = reports.findIndex(({ ok, retried }) => !ok && !retried);
  return failed === -1 ? reports : reports.filter(({ notNeeded }, index) => index < failed || !notNeeded);
}

const isConditional = (step: Step): step is CommandStep =>
  step.kind === 'command' && step.onlyIf !== undefined;

/** Reports a switch that was refused before it changed anything as a gate, not as a failure. */
function switched(step: Step, report: StepReport): StepReport {
  const isSwitch = step.kind === 'command' && step.argv.at(-2)?.endsWith('/bin/switch-to-configuration');
  if (!isSwitch || report.ok) return report;
  const block = gateOf(report);
  return block === undefined ? report : Object.freeze({ ...report, error: block.sentence, block });
}

async function runStep(
  step: Step,
  signal: AbortSignal | undefined,
  onLine: OnLine,
  start: StartProgram | undefined,
): Promise<StepReport> {
  const startedAt = performance.now();
  const report = (rest: Pick<StepReport, 'ok' | 'output' | 'error'>): StepReport =>
    Object.freeze({ step: stepText(step), ...rest, durationMs: performance.now() - startedAt });
  try {
    if (step.kind === 'command')
      return report(await runCommand(step, signal, (line) => onLine(line, step), start));
    const limit = { ms: step.timeoutMs, clock: realClock, signal, stopped: 'stopped while it was running' };
    await within(limit, async (inner) => {
      await (step.kind === 'write' ? write(step) : step.run({ signal: inner() }));
    });
    return report({ ok: true });
  } catch (error) {
    return report({ ok: false, error: `${stepText(step)}: ${messageOf(error)}` });
  }
}

/** Writes in one piece and never creates the file, as files under /sys and /proc require. */
async function write(step: WriteStep): Promise<void> {
  const file = await open(step.path, constants.O_WRONLY | constants.O_TRUNC);
  try {
    await file.write(step.content);
  } finally {
    await file.close();
  }
}
