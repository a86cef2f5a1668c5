import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHandshake } from '../../../../src/host/systemd/bus/handshake.js';

const GUID = '0123456789abcdef0123456789abcdef';

/** Bytes after the handshake in a stream that arrives in pieces of these lengths. */
function rest(stream: string, pieces: readonly number[]): string | undefined {
  const handshake = createHandshake();
  const bytes = Buffer.from(stream, 'latin1');
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = pieces[turn % pieces.length]!;
    const after = handshake(bytes.subarray(at, at + length));
    if (after) return Buffer.concat([after, bytes.subarray(at + length)]).toString('latin1');
    at += length;
  }
  return undefined;
}

describe('the handshake', () => {
  it('ends where the messages begin, in pieces of any size', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 50 }), sizes, (after, pieces) => {
        expect(rest(`DATA\r\nOK ${GUID}\r\n${after}`, pieces)).toBe(after);
      }),
      { seed: 7 },
    );
  });

  it('waits for the rest of an incomplete line', () => {
    for (const part of ['', 'DATA\r', 'DATA\r\n', `DATA\r\nOK ${GUID}\r`])
      expect(rest(part, [3])).toBeUndefined();
  });

  it.each([
    ['a refusal', 'REJECTED EXTERNAL\r\n', 'the bus does not accept this user'],
    ['a refusal after the first line', 'DATA\r\nREJECTED\r\n', 'the bus does not accept this user'],
    ['an error', 'ERROR "no"\r\n', String.raw`the bus answered the handshake with "ERROR \"no\""`],
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n', 'answered the handshake with "HTTP/1.1'],
    ['an end before the beginning', `OK ${GUID}\r\n`, 'answered the handshake with "OK'],
    ['a line without an end', 'x'.repeat(5_000), 'answered the handshake with "xxx'],
    [
      'a line that begins well and has no end',
      `DATA\r\nOK ${'x'.repeat(5_000)}`,
      'answered the handshake with "OK',
    ],
  ])('ends with %s', (_, answer, expected) => {
    expect(() => rest(answer, [1])).toThrow(expected);
    expect(() => rest(answer, [10_000])).toThrow(expected);
  });
});
