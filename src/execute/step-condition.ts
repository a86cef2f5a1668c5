import type { CommandStep, Step } from '../model/plan.js';
import { runProgram } from '../host/systemd/run-program.js';
import type { StepReport } from '../model/execution.js';

/** The run of a unit before a step, to compare with afterwards. */
export interface UnitRun {
  readonly result: string;
  readonly invocationId: string;
}

/** Reads the run of the unit that a step names to systemctl, without privilege; nothing where it cannot be read. */
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

/** Whether the next step has a condition that this step has to be watched for. */
export const isWatched = (step: Step, next: Step | undefined): step is CommandStep =>
  step.kind === 'command' &&
  step.onlyIf === undefined &&
  next?.kind === 'command' &&
  next.onlyIf !== undefined;

/**
 * Whether a step failed because systemd refused one start more of its unit.
 *
 * systemd keeps the result of an earlier failure, so `start-limit-hit` is not always shown. Then a job that failed
 * without a new run tells: it has an error of its own, neither of a dependency nor of an assertion.
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
