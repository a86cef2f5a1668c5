import { describe, expect, it } from 'vitest';
import { expectStep } from '../../src/execute/expect-step.js';
import type { CallStep, CommandStep, WriteStep } from '../../src/model/plan.js';

const limits = { timeoutMs: 1_000, interruptible: true };
const COMMAND: CommandStep = { kind: 'command', argv: ['sync'], needsRoot: false, ...limits };
const WRITE: WriteStep = { kind: 'write', path: '/sys/x', content: '1', needsRoot: true, ...limits };
const CALL: CallStep = { kind: 'call', name: 'renew the pool', run: () => undefined, ...limits };

/** Checks a value as the first step of the action `own`. */
const check = (step: unknown) => (): void => expectStep('own: steps[0]', step);

describe('a step of a plan is accepted', () => {
  it.each<[string, object]>([
    ['that runs a command', COMMAND],
    ['that writes a file', WRITE],
    ['that writes an empty text', { ...WRITE, content: '' }],
    ['that calls a function', CALL],
    ['that has no time limit', { ...COMMAND, timeoutMs: Infinity }],
    ['whose time limit is 0', { ...CALL, timeoutMs: 0 }],
    ['whose time limit is the longest timer of Node', { ...CALL, timeoutMs: 2_147_483_647 }],
    ['that must not be interrupted', { ...COMMAND, interruptible: false }],
    [
      'with an environment, an input and a unit',
      { ...COMMAND, env: { A: '' }, input: '', unit: 'x.service' },
    ],
    ['after a start limit', { ...COMMAND, onlyIf: 'start-limit-hit' }],
    ['after a switch that was not activated', { ...COMMAND, onlyIf: 'not-activated' }],
    ['after a boot loader that was not written', { ...COMMAND, onlyIf: 'boot-loader-failed' }],
  ])('%s', (_which, step) => {
    expect(check(step)).not.toThrow();
  });
});

describe('a step of a plan is refused', () => {
  it.each<[string, unknown, string]>([
    ['is not an object', 'sync', 'Expected `own: steps[0]` to be an object'],
    [
      'has an unknown kind',
      { ...COMMAND, kind: 'comand' },
      'Unknown kind of step `comand` in `own: steps[0].kind`: did you mean `command`?',
    ],
    [
      'has an unknown condition: it would run after any failure',
      { ...COMMAND, onlyIf: 'start-limit' },
      'Unknown condition `start-limit` in `own: steps[0].onlyIf`',
    ],
    ['has no kind', limits, '`own: steps[0].kind`; known: command, write, call'],
  ])('that %s', (_which, step, message) => {
    expect(check(step)).toThrow(message);
  });

  it.each<[string, object, unknown, string]>([
    ['timeoutMs', COMMAND, undefined, 'a number from 0 to 2147483647'],
    ['timeoutMs', COMMAND, NaN, 'a number from 0 to 2147483647'],
    ['timeoutMs', WRITE, -1, 'a number from 0 to 2147483647'],
    ['timeoutMs', CALL, 2_147_483_648, 'a number from 0 to 2147483647'],
    ['interruptible', CALL, undefined, 'true or false'],
    ['argv', COMMAND, 'sync', 'an array of strings'],
    ['argv', COMMAND, [], 'a program and its arguments'],
    ['needsRoot', COMMAND, undefined, 'true or false'],
    ['input', COMMAND, 5, 'a string'],
    ['unit', COMMAND, '', 'a non-empty string'],
    ['env', COMMAND, 'A=1', 'an object'],
    ['env.A', { ...COMMAND, env: { A: 1 } }, undefined, 'a string'],
    ['path', WRITE, undefined, 'a string'],
    ['content', WRITE, 1, 'a string'],
    ['needsRoot', WRITE, 'yes', 'true or false'],
    ['name', CALL, undefined, 'a string'],
    ['run', CALL, 'renew', 'a function'],
  ])('whose `%s`, of %o, is %o', (key, step, value, expected) => {
    expect(check({ ...step, [key]: value })).toThrow(
      `Expected \`own: steps[0].${key}\` to be ${expected}, got`,
    );
  });
});
