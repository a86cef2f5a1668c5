import { ProtocolError } from './protocol-error.js';

/** Limit of the answer to the handshake, which has about 40 bytes. */
const MAX_BYTES = 1_024;

/**
 * Handshake of a client, sent in one go. The bus takes the user from the socket (EXTERNAL without a name, like sd-bus),
 * which also works in a user namespace.
 */
export const HANDSHAKE = '\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n';

/**
 * Creates a parser of the answer to the handshake, which takes pieces of any size. It returns the bytes after the
 * handshake once the bus has accepted the client, `undefined` before, and throws if the bus refuses the client or sends
 * anything else.
 */
export function createHandshake(): (piece: Buffer) => Buffer | undefined {
  const expected = [/^DATA/, /^OK( |$)/];
  let text = '';

  return (piece) => {
    const before = text.length;
    // Latin-1 has one character per byte.
    text += piece.toString('latin1', 0, MAX_BYTES);
    let lineAt = 0;
    for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n', lineAt)) {
      const line = text.slice(lineAt, end);
      lineAt = end + 2;
      const isExpected = expected.shift()?.test(line) === true;
      if (line.startsWith('REJECTED')) throw new Error('the bus does not accept this user');
      if (!isExpected) throw new ProtocolError(`the bus answered the handshake with ${quoted(line)}`);
      if (expected.length === 0) return piece.subarray(lineAt - before);
    }
    text = text.slice(lineAt);
    if (text.length >= MAX_BYTES || piece.length > MAX_BYTES)
      throw new ProtocolError(`the bus answered the handshake with ${quoted(text)}`);
    return undefined;
  };
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 60));
