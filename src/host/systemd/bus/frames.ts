import {
  paddedBytes,
  parseFields,
  parseStart,
  START_BYTES,
  type MessageFields,
  type MessageStart,
} from './header.js';

/** Limit of the header fields; those of systemd have less than 300 bytes. */
const MAX_FIELDS_BYTES = 2 ** 14;
/** Limit of a body. A list of 10,000 units has about 3 MB. */
const MAX_BODY_BYTES = 2 ** 24;

export type MessageHeader = Pick<MessageStart, 'littleEndian' | 'type'> & MessageFields;

/** Handler of the messages of a stream. */
export interface FrameHandler {
  /** Returns whether this message is wanted. Others are skipped without being buffered. */
  wants(header: MessageHeader): boolean;
  /** Called with a wanted message. The body is valid during the call only. */
  message(header: MessageHeader, body: Buffer): void;
  /** Called when a wanted message is too long and is skipped. */
  tooLong(header: MessageHeader, bodyBytes: number): void;
}

/**
 * Creates a parser of a stream, which takes pieces of any size. It throws a `ProtocolError` at the first invalid byte. A
 * piece may be overwritten after the call.
 */
export function createFrames(handler: FrameHandler): (piece: Buffer) => void {
  /** The next part, and its length in bytes. */
  let part: 'start' | 'fields' | 'body' | 'skipped' = 'start';
  let wanted = START_BYTES;
  /** Buffer of a part that began in an earlier piece. */
  let begun: Buffer | undefined;
  let arrived = 0;
  let start: MessageStart;
  let header: MessageHeader;

  function next(following: typeof part, bytes: number): void {
    part = bytes === 0 && following === 'skipped' ? 'start' : following;
    wanted = part === 'start' ? START_BYTES : bytes;
  }

  function fieldsArrived(bytes: Buffer): void {
    const { littleEndian, type, fieldsBytes, bodyBytes } = start;
    header = { littleEndian, type, ...parseFields(bytes.subarray(0, fieldsBytes), littleEndian) };
    if (!handler.wants(header)) return next('skipped', bodyBytes);
    if (bodyBytes <= MAX_BODY_BYTES) return next('body', bodyBytes);
    handler.tooLong(header, bodyBytes);
    next('skipped', bodyBytes);
  }

  function take(bytes: Buffer): void {
    if (part === 'start') {
      start = parseStart(bytes);
      const fieldsBytes = paddedBytes(start.fieldsBytes);
      if (start.fieldsBytes > MAX_FIELDS_BYTES) next('skipped', fieldsBytes + start.bodyBytes);
      else next('fields', fieldsBytes);
    } else if (part === 'fields') fieldsArrived(bytes);
    else {
      next('start', START_BYTES);
      handler.message(header, bytes);
    }
  }

  return (piece) => {
    let at = 0;
    // A part without bytes, such as an empty body, is complete at once.
    while (at < piece.length || wanted === 0) {
      const length = Math.min(wanted - arrived, piece.length - at);
      if (part === 'skipped') {
        wanted -= length;
        if (wanted === 0) next('start', START_BYTES);
      } else if (begun === undefined && length === wanted) take(piece.subarray(at, at + length));
      else {
        begun ??= Buffer.allocUnsafe(wanted);
        piece.copy(begun, arrived, at, at + length);
        arrived += length;
        if (arrived === wanted) {
          const whole = begun;
          begun = undefined;
          arrived = 0;
          take(whole);
        }
      }
      at += length;
    }
  };
}
