import { refusal } from '../base/expect.js';
import { printable } from '../base/printable.js';
import type { GuardState } from './state.js';
import type { OperatorCommand, CommandOptions } from '../model/operator-command.js';

/** Number of commands kept. */
const KEPT = 50;
const LONGEST = 200;
const LONGEST_BY = 100;
/** Limit of simultaneous pause reasons. */
export const MOST_PAUSES = 16;

/** Returns the author of a command. Throws a `SelfHealingError` unless it is one short line. */
export function expectBy({ by = 'the host program' }: CommandOptions): string {
  return expectLine('by', by, LONGEST_BY);
}

/** Returns a pause reason. Throws a `SelfHealingError` unless it is one short line. */
export function expectReason(reason: unknown): string {
  return expectLine('reason', reason, LONGEST);
}

function expectLine(option: string, value: unknown, longest: number): string {
  if (typeof value !== 'string' || value.trim() === '') throw refusal(option, 'a non-empty string', value);
  if (value.length > longest)
    throw refusal(option, `at most ${longest} characters`, `${value.slice(0, 20)}… (${value.length})`);
  if (printable(value) !== value) throw refusal(option, 'one line without control characters', value);
  return value;
}

/** Adds a command to the state, which keeps the last 50. */
export const withCommand = (state: GuardState, command: OperatorCommand): GuardState => ({
  ...state,
  commands: [...(state.commands ?? []), { ...command, of: command.of.slice(0, LONGEST) }].slice(-KEPT),
});

/** Removes a command that was added since `before` and could not be saved. */
export function withoutCommand(
  state: GuardState,
  before: GuardState,
  { command, of }: Pick<OperatorCommand, 'command' | 'of'>,
): GuardState {
  const isFailed = (one: OperatorCommand): boolean =>
    one.command === command && one.of === of.slice(0, LONGEST) && before.commands?.includes(one) !== true;
  return { ...state, commands: (state.commands ?? []).filter((one) => !isFailed(one)) };
}

/** Sets the time since when a reason pauses, or removes the reason. */
export function setPause(state: GuardState, reason: string, since: number | undefined): GuardState {
  const { [reason]: _, ...pauses } = state.pauses;
  return { ...state, pauses: since === undefined ? pauses : { ...pauses, [reason]: since } };
}

/** Returns the author of the last pause with this reason. */
export const pausedBy = ({ commands = [] }: GuardState, reason: string): string | undefined =>
  commands.findLast(({ command, of }) => command === 'pause' && of === reason)?.by;
