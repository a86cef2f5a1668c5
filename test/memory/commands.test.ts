import { describe, expect, it } from 'vitest';
import {
  expectBy,
  expectReason,
  MOST_PAUSES,
  pausedBy,
  setPause,
  withCommand,
  withoutCommand,
} from '../../src/memory/commands.js';
import { EMPTY_STATE, type GuardState } from '../../src/memory/state.js';
import type { OperatorCommand } from '../../src/model/operator-command.js';

const command = (more: Partial<OperatorCommand> = {}): OperatorCommand => ({
  ...{ at: 0, command: 'pause', of: 'backup', by: 'uid 1000' },
  ...more,
});
const stateAfter = (...commands: readonly OperatorCommand[]): GuardState =>
  commands.reduce(withCommand, EMPTY_STATE);

describe('the reason of a pause', () => {
  it('is one line of 1 to 200 characters, kept as it is', () => {
    for (const reason of ['x', ' backup of /home ', 'x'.repeat(200)])
      expect(expectReason(reason)).toBe(reason);
  });

  it.each([
    ['missing', undefined, 'Expected `reason` to be a non-empty string'],
    ['a number', 7, 'Expected `reason` to be a non-empty string'],
    ['empty', '', 'Expected `reason` to be a non-empty string'],
    ['only spaces', '  ', 'Expected `reason` to be a non-empty string'],
    ['longer than 200 characters', 'x'.repeat(201), 'Expected `reason` to be at most 200 characters'],
    ['two lines', 'a\nb', 'Expected `reason` to be one line without control characters'],
    ['with a terminal sequence', 'a\u001b[2J', 'Expected `reason` to be one line without control characters'],
  ])('is refused with an explanation when it is %s', (_what, reason, message) => {
    expect(() => expectReason(reason)).toThrow(message);
  });
});

describe('the author of a command', () => {
  it('is the host program unless it is given', () => {
    expect(expectBy({})).toBe('the host program');
    expect(expectBy({ by: 'uid 1000' })).toBe('uid 1000');
  });

  it('has at most 100 characters', () => {
    expect(expectBy({ by: 'x'.repeat(100) })).toHaveLength(100);
    expect(() => expectBy({ by: 'x'.repeat(101) })).toThrow('Expected `by` to be at most 100 characters');
  });
});

describe('the commands of operators', () => {
  it('are kept oldest first, the last 50 of them', () => {
    const { commands } = stateAfter(...Array.from({ length: 52 }, (_, at) => command({ at })));
    expect(commands).toHaveLength(50);
    expect([commands?.at(0)?.at, commands?.at(-1)?.at]).toEqual([2, 51]);
  });

  it('are kept with their author and the first 200 characters of what they are about', () => {
    expect(stateAfter(command({ of: `${'x'.repeat(199)}yz` })).commands).toEqual([
      command({ of: `${'x'.repeat(199)}y` }),
    ]);
  });

  it('are the same without one that could not be saved', () => {
    const of = 'x'.repeat(201);
    const reset = { command: 'reset', of } as const;
    const before = stateAfter(command(reset), command());
    const others = [command({ ...reset, of: 'nginx' }), command({ of })];
    const after = [command(reset), ...others].reduce(withCommand, before);
    expect(withoutCommand(after, before, reset).commands).toEqual([
      ...before.commands!,
      ...others.map((one) => ({ ...one, of: one.of.slice(0, 200) })),
    ]);
    expect(withoutCommand(stateAfter(command(reset)), EMPTY_STATE, reset).commands).toEqual([]);
  });

  it('are none without one that could not be saved if an earlier version saved the state', () => {
    const { commands: _none, ...ofEarlierVersion } = EMPTY_STATE;
    const { commands } = withoutCommand(ofEarlierVersion, ofEarlierVersion, command());
    expect(commands).toEqual([]);
  });

  it('name the author of the last pause with a reason', () => {
    const state = stateAfter(
      command({ by: 'the first' }),
      command({ by: 'the second' }),
      command({ of: 'upgrade', by: 'of another reason' }),
      command({ command: 'resume', by: 'who ended it' }),
    );
    expect(pausedBy(state, 'backup')).toBe('the second');
    expect(pausedBy(state, 'never given')).toBeUndefined();
    expect(pausedBy(EMPTY_STATE, 'backup')).toBeUndefined();
  });
});

it('a reason for a pause is set and removed without changing the other reasons', () => {
  const paused = setPause(setPause(EMPTY_STATE, 'backup', 5), 'upgrade', 6);
  expect(paused.pauses).toEqual({ backup: 5, upgrade: 6 });
  expect(setPause(paused, 'backup', undefined).pauses).toStrictEqual({ upgrade: 6 });
  expect(setPause(paused, 'backup', 7).pauses).toEqual({ backup: 7, upgrade: 6 });
});

it('at most 16 reasons for a pause may apply at the same time', () => {
  expect(MOST_PAUSES).toBe(16);
});
