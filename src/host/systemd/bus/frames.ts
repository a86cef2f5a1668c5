import {
  paddedBytes,
  readFields,
  readStart,
  START_BYTES,
  type MessageFields,
  type MessageStart,
} from './header.js';

/** Longest header that is read; those of systemd have less than 300 bytes. */
const MAX_FIELDS_BYTES = 2 ** 14;
/** Longest body that is read. A list of 10,000 units has about 3 MB. */
const MAX_BODY_BYTES = 2 ** 24;

/** The header of a message: its start and its fields. */
export type MessageHeader = Pick<MessageStart, 'littleEndian' | 'type'> & MessageFields;

/** What is done with the messages of a stream. */
export interface FrameHandler {
  /** Returns whether the body of this message is wanted. What is not wanted is skipped without being kept. */
  wants(header: MessageHeader): boolean;
  /** Takes a message that was wanted. The body is valid during the call only. */
  message(header: MessageHeader, body: Buffer): void;
  /** A message that was wanted is too long to be read, and is skipped. */
  tooLong(header: MessageHeader, bodyBytes: number): void;
}

/**
 * Makes a function that takes the bytes of a stream, in pieces of any size, and finds the messages in them. It throws a
 * `ProtocolError` at the first byte that is not D-Bus. The pieces may be overwritten after each call.
 */
export function createFrames(handler: FrameHandler): (piece: Buffer) => void {
  /** The part that comes next, and how many bytes it has. */
  let part: 'start' | 'fields' | 'body' | 'skipped' = 'start';
  let wanted = START_BYTES;
  /** What has arrived of a part that began in an earlier piece. */
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
    header = { littleEndian, type, ...readFields(bytes.subarray(0, fieldsBytes), littleEndian) };
    if (!handler.wants(header)) return next('skipped', bodyBytes);
    if (bodyBytes <= MAX_BODY_BYTES) return next('body', bodyBytes);
    handler.tooLong(header, bodyBytes);
    next('skipped', bodyBytes);
  }

  function take(bytes: Buffer): void {
    if (part === 'start') {
      start = readStart(bytes);
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
    // A part without bytes, such as an empty body, has always arrived.
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
