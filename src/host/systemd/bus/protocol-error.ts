/** The other side does not speak D-Bus as it is specified. The connection cannot be used any longer. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
