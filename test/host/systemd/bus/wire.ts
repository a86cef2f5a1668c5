/** Encoder of valid and invalid D-Bus messages in both byte orders, independent of the code under test. */

/** Parts of a message; a missing one is left out. */
export interface Written {
  readonly type?: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly destination?: string;
  readonly sender?: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
  readonly littleEndian?: boolean;
}

/** Splits a signature into its complete types. */
export function typesOf(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length;) {
    const end = endOfType(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function endOfType(signature: string, at: number): number {
  if (signature[at] === 'a') return endOfType(signature, at + 1);
  if (!'({'.includes(signature[at]!)) return at + 1;
  let depth = 0;
  for (let end = at; ; end++) {
    if ('({'.includes(signature[end]!)) depth++;
    if (')}'.includes(signature[end]!) && --depth === 0) return end + 1;
  }
}

const alignment = (type: string): number =>
  ({ y: 1, g: 1, v: 1, n: 2, q: 2, x: 8, t: 8, d: 8, '(': 8, '{': 8 })[type[0]!] ?? 4;

/** Marshals values. A variant is `[signature, value]`, a dictionary a list of `[key, value]`. */
export function marshal(signature: string, values: readonly unknown[], littleEndian = true): Buffer {
  const bytes: number[] = [];
  const align = (to: number): void => {
    while (bytes.length % to !== 0) bytes.push(0);
  };
  const number = (size: number, write: (view: DataView) => void): void => {
    align(size);
    const view = new DataView(new ArrayBuffer(size));
    write(view);
    for (let at = 0; at < size; at++) bytes.push(view.getUint8(at));
  };
  const uint32 = (value: number): void => number(4, (view) => view.setUint32(0, value, littleEndian));

  function write(type: string, value: unknown): void {
    align(alignment(type));
    switch (type[0]) {
      case 'y':
        return void bytes.push(value as number);
      case 'b':
        return uint32(value ? 1 : 0);
      case 'n':
        return number(2, (view) => view.setInt16(0, value as number, littleEndian));
      case 'q':
        return number(2, (view) => view.setUint16(0, value as number, littleEndian));
      case 'i':
        return number(4, (view) => view.setInt32(0, value as number, littleEndian));
      case 'u':
      case 'h':
        return uint32(value as number);
      case 'x':
        return number(8, (view) => view.setBigInt64(0, value as bigint, littleEndian));
      case 't':
        return number(8, (view) => view.setBigUint64(0, value as bigint, littleEndian));
      case 'd':
        return number(8, (view) => view.setFloat64(0, value as number, littleEndian));
      case 's':
      case 'o': {
        const text = Buffer.from(value as string);
        uint32(text.length);
        return void bytes.push(...text, 0);
      }
      case 'g':
        return void bytes.push((value as string).length, ...Buffer.from(value as string), 0);
      case 'v': {
        const [held, inner] = value as [string, unknown];
        write('g', held);
        return write(held, inner);
      }
      case 'a': {
        const at = bytes.length;
        uint32(0);
        align(alignment(type.slice(1)));
        const start = bytes.length;
        for (const item of value as Iterable<unknown>) write(type.slice(1), item);
        const length = new DataView(new ArrayBuffer(4));
        length.setUint32(0, bytes.length - start, littleEndian);
        for (let byte = 0; byte < 4; byte++) bytes[at + byte] = length.getUint8(byte);
        return;
      }
      default:
        return typesOf(type.slice(1, -1)).forEach((field, index) =>
          write(field, (value as unknown[])[index]),
        );
    }
  }

  typesOf(signature).forEach((type, index) => write(type, values[index]));
  return Buffer.from(bytes);
}

/** Encodes a message. Without a body, `bodyBytes` is the length of the body that the test appends. */
export function message(written: Written, bodyBytes?: number): Buffer {
  const { type = 4, signature = '', body, littleEndian = true } = written;
  const content = body === undefined ? Buffer.alloc(0) : marshal(signature, body, littleEndian);
  const fields: [number, [string, unknown]][] = [];
  const add = (code: number, kind: string, value: unknown): void => {
    if (value !== undefined && value !== '') fields.push([code, [kind, value]]);
  };
  add(1, 'o', written.path);
  add(2, 's', written.interface);
  add(3, 's', written.member);
  add(4, 's', written.errorName);
  add(5, 'u', written.replySerial);
  add(6, 's', written.destination);
  add(7, 's', written.sender);
  add(8, 'g', signature);
  const order = littleEndian ? 0x6c : 0x42;
  const header = marshal(
    'yyyyuua(yv)',
    [order, type, 0, 1, bodyBytes ?? content.length, 7, fields],
    littleEndian,
  );
  return Buffer.concat([header, Buffer.alloc(-header.length & 7), content]);
}
