import { refusal } from '../base/expect.js';
import { printable } from '../base/printable.js';
import type { GuardState } from './state.js';
import type { OperatorCommand, CommandOptions } from '../model/operator-command.js';

/** Commands that are kept, the newest. */
const KEPT = 50;
const LONGEST = 200;
const LONGEST_BY = 100;
/** Reasons for a pause at once. */
export const MOST_PAUSES = 16;

/** Returns who gives a command. Throws a `SelfHealingError` for anything but one short line. */
export function expectBy({ by = 'the host program' }: CommandOptions): string {
  return expectLine('by', by, LONGEST_BY);
}

/** Returns a reason for a pause. Throws a `SelfHealingError` for anything but one short line. */
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

/** Adds a command to the state; the oldest is forgotten when there are more than 50. */
export const withCommand = (state: GuardState, command: OperatorCommand): GuardState => ({
  ...state,
  commands: [...(state.commands ?? []), { ...command, of: command.of.slice(0, LONGEST) }].slice(-KEPT),
});

/** Returns who paused for a reason last. */
export const pausedBy = ({ commands = [] }: GuardState, reason: string): string | undefined =>
  commands.findLast(({ command, of }) => command === 'pause' && of === reason)?.by;
