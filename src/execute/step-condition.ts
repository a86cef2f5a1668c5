import type { CommandStep, Step } from '../model/plan.js';
import { runProgram } from '../host/systemd/run-program.js';
import type { StepReport } from '../model/execution.js';

/** Run of a unit, to compare before and after a step. */
export interface UnitRun {
  readonly result: string;
  readonly invocationId: string;
}

/** Reads the run of the unit of a systemctl step, without privilege; `undefined` when it cannot be read. */
export async function runOf(step: CommandStep): Promise<UnitRun | undefined> {
  const unit = step.argv.at(-1) ?? '';
  try {
    const args = ['show', '--no-pager', '--property=Result,InvocationID', '--', unit];
    const { stdout } = await runProgram('systemctl', args, { timeoutMs: 10_000 });
    const valueOf = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)?.[1] ?? '';
    const result = valueOf('Result');
    return result === '' ? undefined : { result, invocationId: valueOf('InvocationID') };
  } catch {
    return undefined;
  }
}

/** Returns whether the next step retries this one under a condition. */
export const isRetried = (step: Step, next: Step | undefined): step is CommandStep =>
  step.kind === 'command' &&
  step.onlyIf === undefined &&
  next?.kind === 'command' &&
  next.onlyIf !== undefined;

/**
 * Returns whether a step failed because its unit hit the start limit.
 *
 * systemd keeps the result of an earlier failure, so `start-limit-hit` is not always shown. A job that failed without a
 * new run shows it as well: failed dependencies and assertions have other messages.
 */
export function hitStartLimit(
  report: StepReport,
  before: UnitRun | undefined,
  after: UnitRun | undefined,
): boolean {
  if (report.ok || after === undefined) return false;
  if (after.result === 'start-limit-hit') return true;
  const jobFailed = /^Job for \S+ failed/m.test(report.output ?? '');
  return jobFailed && before?.invocationId === after.invocationId;
}
