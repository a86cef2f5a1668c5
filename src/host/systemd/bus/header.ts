import { ProtocolError } from './protocol-error.js';
import { parseSignature } from './signature.js';
import { createValueReader } from './unmarshal.js';

/** The kinds of messages. Others may come with a later version of the protocol, and are ignored. */
export const MessageType = { CALL: 1, RETURN: 2, ERROR: 3, SIGNAL: 4 } as const;

/** Bytes before the fields of a header. */
export const START_BYTES = 16;
/** Limits of the specification. */
const MAX_MESSAGE_BYTES = 2 ** 27;
const MAX_FIELDS_BYTES = 2 ** 26;

/** The first 16 bytes of a message, from which its length is known. */
export interface MessageStart {
  readonly littleEndian: boolean;
  readonly type: number;
  /** Bytes of the fields, without the padding behind them. */
  readonly fieldsBytes: number;
  readonly bodyBytes: number;
}

/** The fields of a header that a client needs; what is missing is empty or 0. */
export interface MessageFields {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly errorName: string;
  readonly replySerial: number;
  readonly sender: string;
  readonly signature: string;
}

/** Bytes of the fields, with the padding behind them. */
export const paddedBytes = (fieldsBytes: number): number => (fieldsBytes + 7) & -8;

/** Reads the start of a message. Throws a `ProtocolError` when it is invalid: then no later message can be found. */
export function readStart(bytes: Buffer): MessageStart {
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
/** Names of the fields by their codes. Others, such as the destination, are not needed. */
const NAMES: Readonly<Record<number, keyof MessageFields>> = {
  1: 'path',
  2: 'interface',
  3: 'member',
  4: 'errorName',
  5: 'replySerial',
  7: 'sender',
  8: 'signature',
};

/** Reads the fields of a header, without the padding. Throws a `ProtocolError` when they are invalid. */
export function readFields(bytes: Buffer, littleEndian: boolean): MessageFields {
  const fields = {
    path: '',
    interface: '',
    member: '',
    errorName: '',
    replySerial: 0,
    sender: '',
    signature: '',
  };
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
