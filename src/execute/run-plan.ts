import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { realClock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { CommandStep, Plan, Step, WriteStep } from '../model/plan.js';
import { within } from '../base/within.js';
import { runCommand } from './run-command.js';
import type { StartProgram } from './start-program.js';
import { hitStartLimit, isRetried, runOf } from './step-condition.js';
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
  const reports: StepReport[] = [];
  let conditionHolds = false;
  for (const [index, step] of plan.steps.entries()) {
    if (signal.aborted) break;
    if (isConditional(step) && !conditionHolds) {
      reports.push(Object.freeze({ step: stepText(step), ok: true, notNeeded: true, durationMs: 0 }));
      continue;
    }
    const hasRetry = isRetried(step, plan.steps[index + 1]);
    const before = hasRetry ? await runOf(step) : undefined;
    const report = await runStep(step, step.interruptible ? signal : undefined, onLine, start);
    conditionHolds =
      isConditional(step) || (hasRetry && !report.ok && hitStartLimit(report, before, await runOf(step)));
    const retried = !report.ok && hasRetry && conditionHolds;
    reports.push(retried ? Object.freeze({ ...report, retried: true as const }) : report);
    if (!report.ok && !retried) break;
  }
  return reports;
}

const isConditional = (step: Step): boolean => step.kind === 'command' && step.onlyIf !== undefined;

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
      await (step.kind === 'write' ? write(step) : step.run({ signal: inner }));
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
