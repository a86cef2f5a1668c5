import { describe, expect, it } from 'vitest';
import { asError, isSelfHealingError, messageOf, SelfHealingError } from '../../src/base/errors.js';

describe('SelfHealingError', () => {
  it('has a code and a message, and keeps its cause', () => {
    const cause = new Error('underneath');
    const error = new SelfHealingError('timeout', 'It was late', { cause });
    expect(error).toMatchObject({ name: 'SelfHealingError', code: 'timeout', message: 'It was late', cause });
    expect(error).toBeInstanceOf(Error);
  });

  it('is recognised by its brand, also an instance from another copy of the library', () => {
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

  it('does not list its brand among its own keys', () => {
    expect(Object.getOwnPropertySymbols({ ...new SelfHealingError('closed', 'x') })).toEqual([]);
  });
});

describe('a thrown value that cannot be read', () => {
  const fails = () => {
    throw new Error('not to be read');
  };
  const hostile = new Proxy({}, { has: fails, get: fails, getPrototypeOf: fails });

  it('is no SelfHealingError, and an error with a text', () => {
    expect(isSelfHealingError(hostile)).toBe(false);
    expect(messageOf(hostile)).toBe('a thrown value that has no text');
    expect(asError(hostile).message).toBe('a thrown value that has no text');
  });
});

describe('asError', () => {
  it('returns an error as it is, and any other value as the cause of one', () => {
    const error = new RangeError('a');
    expect(asError(error)).toBe(error);
    expect(asError('b')).toMatchObject({ message: 'b', cause: 'b' });
    expect(asError('b')).toBeInstanceOf(Error);
  });
});

describe('messageOf', () => {
  it('returns the message of an error, and the text of any other value', () => {
    expect([messageOf(new Error('a')), messageOf('b'), messageOf(undefined)]).toEqual([
      'a',
      'b',
      'undefined',
    ]);
  });
});
