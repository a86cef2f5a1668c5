import { readlinkSync, realpathSync } from 'node:fs';
import type { CommandStep, Step } from '../model/plan.js';
import { runProgram } from '../host/systemd/run-program.js';
import type { StepReport } from '../model/execution.js';
import { endOfSwitch } from './switch-end.js';

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

/** A step that conditional steps follow, with what their conditions need. */
export interface Watched {
  readonly step: CommandStep;
  readonly report: StepReport;
  /** Run of its unit before the step, if a condition is about its start limit. */
  readonly before: UnitRun | undefined;
}

/** Returns whether the next step depends on the result of this one. */
export const isWatched = (step: Step, next: Step | undefined): step is CommandStep =>
  isUnconditional(step) && next?.kind === 'command' && next.onlyIf !== undefined;

/** Returns whether a condition is about the start limit of the unit that the step before it starts. */
export const isAboutStart = (next: Step | undefined): boolean =>
  next?.kind === 'command' && next.onlyIf === 'start-limit-hit';

const isUnconditional = (step: Step): step is CommandStep =>
  step.kind === 'command' && step.onlyIf === undefined;

/** Returns whether a conditional step runs, by the result of the last unconditional step. */
export async function holds(step: CommandStep, { step: watched, report, before }: Watched): Promise<boolean> {
  if (report.ok) return false;
  switch (step.onlyIf) {
    case undefined:
      return true;
    case 'start-limit-hit':
      return hitStartLimit(report, before, await runOf(watched));
    case 'not-activated':
      return endOfSwitch(report) !== 'activated' && !isMovedByOthers(step, watched);
    case 'boot-loader-failed':
      return endOfSwitch(report) === 'boot-loader';
    default:
      return step.onlyIf satisfies never;
  }
}

/** Returns whether steps with this condition replace the failed step; the others undo it. */
export const makesGood = ({ onlyIf }: CommandStep): boolean =>
  onlyIf === 'start-limit-hit' || onlyIf === 'boot-loader-failed';

/** Returns whether somebody else has set the profile since, so that it must not be set back. */
function isMovedByOthers({ argv }: CommandStep, { argv: switched }: CommandStep): boolean {
  const profile = argv[argv.indexOf('--profile') + 1] ?? '';
  const target = switched.map((word) => /^(.+)\/bin\/switch-to-configuration$/.exec(word)?.[1]).find(Boolean);
  try {
    readlinkSync(profile);
    return target !== undefined && realpathSync(profile) !== target;
  } catch {
    return false;
  }
}

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
