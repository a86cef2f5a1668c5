import type { UnitCause } from '../../model/unit-circumstances.js';
import { Severity } from '../../model/issue.js';
import { bad, isDisabled, type UnitQuestion, type UnitRule } from './unit-verdict.js';

const UP = ['active', 'reloading', 'refreshing'];
const DOWN = ['inactive', 'failed'];

/** Returns whether the unit that caused a stop is well again. */
export const isOver = ({ activeState }: UnitCause): boolean => UP.includes(activeState);

/** Returns why a unit is down, in words. */
export const causeWords = ({ kind, unit }: UnitCause): string => {
  switch (kind) {
    case 'failed':
      return `was stopped because ${unit} failed`;
    case 'ended':
      return `was stopped because ${unit} ended`;
    case 'vanished':
      return `was stopped because ${unit} went away`;
    case 'dependency':
      return `was not started because ${unit} could not be started`;
    case 'conflict':
      return `gave way to ${unit}`;
  }
};

/** Judges a unit that is down because of another one, which is repaired first. */
export const judgeCause: UnitRule = (question) => {
  const { unit, watched, subject } = question;
  const { cause } = unit;
  if (cause === null || !DOWN.includes(unit.activeState)) return undefined;
  const words = `${subject} ${causeWords(cause)}`;
  if (cause.kind === 'conflict') {
    const isThere = isOver(cause) || cause.activeState === 'activating';
    return isThere
      ? bad(question, Severity.LOW, `${words}, which is ${cause.activeState}: both cannot run`)
      : undefined;
  }
  if (cause.kind === 'dependency' && isDisabled(unit) && !watched?.keepRunning) return undefined;
  const next = isOver(cause)
    ? `${cause.unit} is ${cause.activeState} again, and ${unit.name} is still ${unit.activeState}`
    : `${cause.unit} is ${cause.activeState === '' ? 'gone' : cause.activeState}, and comes first`;
  return { ...bad(question, severityOf(question, cause), `${words}; ${next}`), becauseOf: cause.unit };
};

/** Without a list, a unit that a target wants and that could not be started is repaired, too. */
function severityOf({ unit, watched, hasList }: UnitQuestion, { kind }: UnitCause): Severity {
  if (watched !== undefined) return Severity.HIGH;
  return !hasList && kind === 'dependency' && isWantedByTarget(unit) ? Severity.HIGH : Severity.LOW;
}

/** Returns whether a target wants or requires it. */
export const isWantedByTarget = ({ wantedBy }: { readonly wantedBy: readonly string[] }): boolean =>
  wantedBy.some((name) => name.endsWith('.target'));
