/** The peer violates the D-Bus specification. The connection is unusable. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
