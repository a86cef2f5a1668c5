import { ProtocolError } from './protocol-error.js';

/** Longest answer to the handshake; the real ones have about 40 bytes. */
const MAX_BYTES = 1_024;

/**
 * What a client sends first. The bus takes the user from the socket (EXTERNAL without a name, as sd-bus does), which is
 * right in a user namespace too. Nothing has to be waited for between the lines.
 */
export const HANDSHAKE = '\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n';

/** Reads the answer to the handshake, in pieces of any size. */
export interface Handshake {
  /**
   * Takes the next piece. Returns what follows the handshake once the bus has accepted the client, `undefined` before.
   * Throws when the bus refuses the client or answers something else.
   */
  take(piece: Buffer): Buffer | undefined;
}

/** Makes the reader of one handshake. */
export function createHandshake(): Handshake {
  const expected = [/^DATA/, /^OK( |$)/];
  let text = '';

  return {
    take(piece) {
      const before = text.length;
      // Latin-1 has one character for each byte.
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
    },
  };
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 60));
