import { isUnknown } from '../../model/reading.js';
import type { UnitReading } from '../../model/unit.js';
import { Severity, type Verdict } from '../../model/issue.js';
import { utc } from '../../base/format.js';
import { bad, isDisabled, isEnabled, ok, type UnitQuestion, type UnitRule } from './unit-verdict.js';

/** Judges a unit that is inactive and has not failed. */
export const judgeInactive: UnitRule = (question) => {
  const { unit, watched, subject } = question;
  if (unit.activeState !== 'inactive') return undefined;
  if (watched === undefined) return { ...ok(`${subject} is inactive, and not listed`), value: 0 };
  if (unit.loadState === 'masked') return bad(question, Severity.LOW, `${subject} is masked`);
  if (watched.keepRunning) return judgeKept(question);
  return (
    judgeTriggered(question) ??
    judgeCondition(question) ??
    judgeOneshot(question) ??
    (isDisabled(unit) ? bad(question, Severity.LOW, `${subject} is inactive and disabled`) : undefined) ??
    judgeStop(question)
  );
};

/** `keepRunning` decides, unless a person is known to have stopped it. */
function judgeKept(question: UnitQuestion): Verdict {
  const { unit, subject } = question;
  if (unit.stoppedByJob === true)
    return bad(question, Severity.LOW, `${subject} was stopped by a person or a program`);
  const condition = unit.conditionMet ? '' : `; ${conditionWords(unit)}`;
  return bad(question, Severity.HIGH, `${subject} is inactive and is to be kept running${condition}`);
}

/** Judges a unit that a socket, timer or path starts on demand. One that died although it is enabled itself must run. */
const judgeTriggered: UnitRule = (question) => {
  const { unit, subject } = question;
  const failed = unit.triggeredBy.find(({ activeState }) => activeState === 'failed');
  const trigger = unit.triggeredBy.find(({ activeState }) => activeState === 'active');
  if (trigger === undefined) {
    return failed === undefined
      ? undefined
      : bad(
          question,
          Severity.HIGH,
          `${subject} is inactive, and ${failed.name}, which starts it, has failed`,
        );
  }
  const died = unit.exitKind !== '' && (unit.exitKind !== 'exited' || unit.exitStatus !== 0);
  if (died && isEnabled(unit) && unit.stoppedByJob !== true) {
    const how =
      unit.exitKind === 'exited' ? `with status ${unit.exitStatus}` : `by signal ${unit.exitStatus}`;
    if (isUnknown(unit.stoppedByJob))
      return bad(question, Severity.LOW, doubt(question, unit.stoppedByJob.unknown));
    const reason = `${subject} is inactive: it is enabled, and its main process ended ${how}`;
    return bad(question, Severity.HIGH, reason);
  }
  return ok(`${subject} is inactive, and ${trigger.name} starts it when it is needed`);
};

const judgeCondition: UnitRule = ({ unit, subject }) =>
  unit.conditionMet ? undefined : ok(`${subject} is inactive: ${conditionWords(unit)}`);

function conditionWords({ conditionAt }: UnitReading): string {
  const when = conditionAt > 0 ? `, at ${utc(conditionAt)}` : '';
  return `a condition of its unit file did not hold when it was last tried${when}`;
}

const judgeOneshot: UnitRule = ({ unit, subject }) =>
  unit.type === 'oneshot' && unit.result === 'success' && !unit.remainsAfterExit
    ? ok(`${subject} is a oneshot that has not failed`)
    : undefined;

/** Judges by who stopped it. */
function judgeStop(question: UnitQuestion): Verdict {
  const { unit, subject } = question;
  if (isUnknown(unit.stoppedByJob))
    return bad(question, Severity.LOW, doubt(question, unit.stoppedByJob.unknown));
  if (unit.stoppedByJob)
    return bad(question, Severity.LOW, `${subject} was stopped by a person or a program`);
  return bad(question, Severity.HIGH, `${subject} is inactive, though nobody stopped it`);
}

const doubt = ({ subject }: UnitQuestion, reason: string): string =>
  `${subject} is inactive, and whether a person stopped it is not known: ${reason}`;
