import { describe, expect, it } from 'vitest';
import { isSelfHealingError, messageOf, SelfHealingError } from '../../src/base/errors.js';

describe('SelfHealingError', () => {
  it('has a code, a message, and keeps its cause', () => {
    const cause = new Error('underneath');
    const error = new SelfHealingError('timeout', 'It was late', { cause });
    expect(error).toMatchObject({ name: 'SelfHealingError', code: 'timeout', message: 'It was late', cause });
    expect(error).toBeInstanceOf(Error);
  });

  it('is known by its brand, so that one of another copy of the library is known too', () => {
    const foreign = Object.assign(new Error('from the other copy'), {
      [Symbol.for('@luminous-nix/self-healing/error')]: true,
    });
    expect(isSelfHealingError(foreign)).toBe(true);
    expect(isSelfHealingError(new SelfHealingError('closed', 'x'))).toBe(true);
  });

  it.each([undefined, null, 'text', 7, new Error('x'), {}])(
    'does not recognise %s as a SelfHealingError',
    (value) => {
      expect(isSelfHealingError(value)).toBe(false);
    },
  );

  it('does not show its brand among its own keys', () => {
    expect(Object.getOwnPropertySymbols({ ...new SelfHealingError('closed', 'x') })).toEqual([]);
  });
});

describe('messageOf', () => {
  it('gives the message of an error and the text of anything else', () => {
    expect([messageOf(new Error('a')), messageOf('b'), messageOf(undefined)]).toEqual([
      'a',
      'b',
      'undefined',
    ]);
  });
});
