import { Severity } from '../../model/issue.js';
import { bad, isDisabled, type UnitRule } from './unit-verdict.js';

/** Judges a failed unit: a stop by a person is only reported. */
export const judgeFailed: UnitRule = (question) => {
  const { unit, watched, subject } = question;
  if (unit.activeState !== 'failed') return undefined;
  const result = unit.result || unit.subState;
  if (!unit.id.endsWith('.service') && watched === undefined)
    return bad(question, Severity.LOW, `${subject} has failed`);
  // A unit that reached its start limit was started again after its last stop.
  if (unit.stoppedByJob === true && result !== 'start-limit-hit') {
    const how = unit.exitKind === 'exited' ? ` with status ${unit.exitStatus}` : '';
    const reason = `${subject} was stopped by a person or a program, and its stop ended${how} (${result})`;
    return bad(question, Severity.LOW, reason);
  }
  if (unit.loadState === 'masked')
    return bad(question, Severity.LOW, `${subject} has failed (${result}), and is masked`);
  if (!watched?.keepRunning && isDisabled(unit)) {
    const reason = `${subject} has failed (${result}), but it is disabled, and nothing that is active needs it`;
    return bad(question, Severity.LOW, reason);
  }
  return bad(question, Severity.HIGH, `${subject} has failed (${result})`);
};
