import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { realClock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { CallStep, CommandStep, Plan, Step, WriteStep } from '../model/plan.js';
import { within } from '../base/within.js';
import { runCommand } from './run-command.js';
import type { StartProgram } from './start-program.js';
import { hitStartLimit, isWatched, runOf, type UnitRun } from './step-condition.js';
import { stepText } from '../model/step-text.js';
import type { StepReport } from '../model/execution.js';

/** Hears what a command prints, line by line. */
export type OnLine = (line: string, step: CommandStep) => void;

/**
 * Carries out the steps in order, and stops at the first that fails or when the signal is aborted. Tells of what was
 * begun, and of each line that a command prints as soon as it is printed.
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
    const watched = isWatched(step, plan.steps[index + 1]);
    const before = watched ? await runOf(step) : undefined;
    const stop = step.interruptible ? signal : undefined;
    const report = await runStep(step, stop, onLine, start);
    conditionHolds = isConditional(step) || (watched && (await retries(step, report, before)));
    const retried = !report.ok && watched && conditionHolds;
    reports.push(retried ? Object.freeze({ ...report, retried: true as const }) : report);
    if (!report.ok && !retried) break;
  }
  return reports;
}

const isConditional = (step: Step): boolean => step.kind === 'command' && step.onlyIf !== undefined;

async function retries(step: CommandStep, report: StepReport, before: UnitRun | undefined): Promise<boolean> {
  return !report.ok && hitStartLimit(report, before, await runOf(step));
}

async function runStep(
  step: Step,
  signal: AbortSignal | undefined,
  onLine: OnLine,
  start: StartProgram | undefined,
): Promise<StepReport> {
  const begun = performance.now();
  const report = (rest: Pick<StepReport, 'ok' | 'output' | 'error'>): StepReport =>
    Object.freeze({ step: stepText(step), ...rest, durationMs: performance.now() - begun });
  try {
    if (step.kind === 'command')
      return report(await runCommand(step, signal, (line) => onLine(line, step), start));
    const limit = { ms: step.timeoutMs, clock: realClock, signal, stopped: 'stopped while it was under way' };
    await within(limit, (inner) => (step.kind === 'write' ? write(step) : call(step, inner)));
    return report({ ok: true });
  } catch (error) {
    return report({ ok: false, error: `${stepText(step)}: ${messageOf(error)}` });
  }
}

/** Files under /sys and /proc take one write, and refuse to be created. */
async function write(step: WriteStep): Promise<void> {
  const file = await open(step.path, constants.O_WRONLY | constants.O_TRUNC);
  try {
    await file.write(step.content);
  } finally {
    await file.close();
  }
}

async function call(step: CallStep, signal: AbortSignal): Promise<void> {
  await step.run({ signal });
}
