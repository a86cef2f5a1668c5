import { ProtocolError } from './protocol-error.js';
import { parseSignature } from './signature.js';
import { createValueReader } from './unmarshal.js';

/** Message types. Others are ignored, as the specification demands. */
export const MessageType = { CALL: 1, RETURN: 2, ERROR: 3, SIGNAL: 4 } as const;

/** Length of the start of a header. */
export const START_BYTES = 16;
/** Limits of the specification. */
const MAX_MESSAGE_BYTES = 2 ** 27;
const MAX_FIELDS_BYTES = 2 ** 26;

/** The first 16 bytes of a message. */
export interface MessageStart {
  readonly littleEndian: boolean;
  readonly type: number;
  /** Length of the fields without padding. */
  readonly fieldsBytes: number;
  readonly bodyBytes: number;
}

/** The fields of a header that a client needs; a missing one is empty or 0. */
const NO_FIELDS = {
  path: '',
  interface: '',
  member: '',
  errorName: '',
  replySerial: 0,
  sender: '',
  signature: '',
};
export type MessageFields = Readonly<typeof NO_FIELDS>;

/** Returns the length of the fields with padding. */
export const paddedBytes = (fieldsBytes: number): number => (fieldsBytes + 7) & -8;

/** Parses the start of a message. Throws a `ProtocolError` if it is invalid: the stream is then unusable. */
export function parseStart(bytes: Buffer): MessageStart {
  const littleEndian = bytes[0] === 0x6c;
  if (!littleEndian && bytes[0] !== 0x42) throw new ProtocolError('a message without a byte order');
  if (bytes[3] !== 1) throw new ProtocolError(`a message of version ${bytes[3]} of the protocol`);
  const type = bytes[1]!;
  if (type === 0) throw new ProtocolError('a message without a type');
  const bodyBytes = littleEndian ? bytes.readUInt32LE(4) : bytes.readUInt32BE(4);
  const fieldsBytes = littleEndian ? bytes.readUInt32LE(12) : bytes.readUInt32BE(12);
  const total = START_BYTES + fieldsBytes + bodyBytes;
  if (fieldsBytes > MAX_FIELDS_BYTES || total > MAX_MESSAGE_BYTES)
    throw new ProtocolError(`a message of ${total} bytes`);
  return { littleEndian, type, fieldsBytes, bodyBytes };
}

const FIELD = parseSignature('(yv)')[0]!;
/** Names of the fields by code. */
const NAMES: Readonly<Record<number, keyof MessageFields>> = {
  1: 'path',
  2: 'interface',
  3: 'member',
  4: 'errorName',
  5: 'replySerial',
  7: 'sender',
  8: 'signature',
};

/** Parses the fields of a header, without padding. Throws a `ProtocolError` if they are invalid. */
export function parseFields(bytes: Buffer, littleEndian: boolean): MessageFields {
  const fields = { ...NO_FIELDS };
  const { read, position } = createValueReader(bytes, littleEndian);
  while (position() < bytes.length) {
    const [code, value] = read(FIELD) as [number, unknown];
    const name = NAMES[code];
    if (name === undefined) continue;
    if (typeof value !== typeof fields[name])
      throw new ProtocolError(`the ${name} of a message is ${typeof value}`);
    (fields as Record<string, unknown>)[name] = value;
  }
  return fields;
}
