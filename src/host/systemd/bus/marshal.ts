import { MessageType } from './header.js';

/** Argument of a call. No other types are needed. */
export type Argument = string | readonly string[];

export interface MethodCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body?: readonly Argument[];
}

/** Encodes a method call. */
export function marshalCall(serial: number, call: MethodCall): Buffer {
  const { destination, path, interface: face, member, body = [] } = call;
  const signature = body.map((argument) => (typeof argument === 'string' ? 's' : 'as')).join('');
  const bodyBytes = marshalBody(body);
  const fields = createWriter();
  const field = (code: number, type: string, text: string): void => {
    fields.align(8).bytes(code, 1, type.charCodeAt(0), 0);
    if (type === 'g') fields.bytes(text.length).text(text);
    else fields.string(text);
  };
  field(1, 'o', path);
  field(2, 's', face);
  field(3, 's', member);
  field(6, 's', destination);
  if (signature !== '') field(8, 'g', signature);
  const header = createWriter()
    .bytes(0x6c, MessageType.CALL, 0, 1)
    .uint32(bodyBytes.length)
    .uint32(serial)
    .uint32(fields.length());
  return Buffer.concat([header.done(), fields.align(8).done(), bodyBytes]);
}

function marshalBody(body: readonly Argument[]): Buffer {
  const writer = createWriter();
  for (const argument of body) {
    if (typeof argument === 'string') writer.string(argument);
    else {
      const list = createWriter();
      for (const text of argument) list.string(text);
      // A list has the alignment of its strings, so it can be encoded separately.
      writer.uint32(list.length()).append(list.done());
    }
  }
  return writer.done();
}

function createWriter() {
  const parts: Buffer[] = [];
  let length = 0;
  const writer = {
    length: () => length,
    done: () => Buffer.concat(parts, length),
    append(part: Buffer) {
      parts.push(part);
      length += part.length;
      return writer;
    },
    bytes: (...values: number[]) => writer.append(Buffer.from(values)),
    align: (alignment: number) => writer.append(Buffer.alloc(-length & (alignment - 1))),
    uint32(value: number) {
      const part = Buffer.alloc(4);
      part.writeUInt32LE(value);
      return writer.align(4).append(part);
    },
    /** Appends a text and a zero. A zero within the text would make the bus end the connection. */
    text(text: string) {
      if (text.includes('\0')) throw new Error(`${JSON.stringify(text)} cannot be sent over D-Bus`);
      return writer.append(Buffer.from(`${text}\0`));
    },
    string(text: string) {
      return writer.uint32(Buffer.byteLength(text)).text(text);
    },
  };
  return writer;
}
