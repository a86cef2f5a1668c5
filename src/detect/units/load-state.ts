import { Severity } from '../../model/issue.js';
import { bad, ok, type UnitRule } from './unit-verdict.js';

/** Start of the reason for a unit that does not exist. */
export const UNKNOWN_UNIT = 'systemd does not know';

const DOWN = ['inactive', 'failed'];

/** Judges a unit whose file systemd cannot use: no start would help. */
export const judgeLoadState: UnitRule = (question) => {
  const { unit, subject } = question;
  const { loadState, activeState, subState, name } = unit;
  switch (loadState) {
    case 'not-found': {
      if (activeState === 'inactive') return { status: 'unknown', reason: `${UNKNOWN_UNIT} ${name}` };
      const how = activeState === 'failed' ? 'has failed' : `is still ${activeState} (${subState})`;
      return bad(
        question,
        Severity.LOW,
        `${subject} ${how}, and its unit file is gone: it cannot be started again`,
      );
    }
    case 'bad-setting':
    case 'error': {
      const error = `its unit file has an error${unit.loadError === '' ? '' : `: ${unit.loadError}`}`;
      if (activeState === 'active')
        return ok(`${subject} is active (${subState}), but ${error}; it could not be started again`);
      if (!DOWN.includes(activeState)) return undefined;
      return bad(question, Severity.HIGH, `${subject} is ${activeState}, and ${error}`);
    }
    default:
      return undefined;
  }
};
