import { ProtocolError } from './protocol-error.js';
import { alignmentOf, parseSignature, type Type } from './signature.js';

/** Limit of the specification for nested values, variants included. */
const MAX_DEPTH = 64;
const MAX_ARRAY_BYTES = 2 ** 26;
/** Limit of values in a message. A list of 10,000 units has 110,000. */
const MAX_VALUES = 1_000_000;

/**
 * Decodes the values of a signature. The buffer has to begin at an offset of the message that is a multiple of 8. Throws
 * a `ProtocolError` if the bytes do not match the signature.
 *
 * Numbers of 64 bits become a `bigint`, a variant its value, `ay` a new `Buffer`, a struct an array, and a dictionary an
 * object without a prototype.
 */
export function unmarshal(bytes: Buffer, signature: string, littleEndian: boolean): unknown[] {
  const { read, position } = createValueReader(bytes, littleEndian);
  const values = parseSignature(signature).map(read);
  if (position() !== bytes.length) throw new ProtocolError('a message is longer than its signature says');
  return values;
}

export function createValueReader(bytes: Buffer, littleEndian: boolean) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let count = 0;

  /** Advances by `length` bytes after alignment. Returns where they begin. */
  function take(length: number, alignment: number): number {
    const start = (at + alignment - 1) & -alignment;
    if (start + length > bytes.length) throw new ProtocolError('a value goes beyond the end of its message');
    for (let pad = at; pad < start; pad++)
      if (bytes[pad] !== 0) throw new ProtocolError('padding is not zero');
    at = start + length;
    return start;
  }
  const uint32 = (): number => view.getUint32(take(4, 4), littleEndian);

  /** Reads a text and the zero after it. */
  function text(length: number): string {
    const start = take(length + 1, 1);
    if (bytes[start + length] !== 0) throw new ProtocolError('a text has no end');
    return bytes.toString('utf8', start, start + length);
  }

  function basic(code: string): unknown {
    switch (code) {
      case 's':
      case 'o':
        return text(uint32());
      case 'g':
        return text(bytes[take(1, 1)]!);
      case 'b': {
        const value = uint32();
        if (value > 1) throw new ProtocolError(`a boolean is ${value}`);
        return value === 1;
      }
      case 'u':
      case 'h':
        return uint32();
      case 'i':
        return view.getInt32(take(4, 4), littleEndian);
      case 't':
        return view.getBigUint64(take(8, 8), littleEndian);
      case 'x':
        return view.getBigInt64(take(8, 8), littleEndian);
      case 'd':
        return view.getFloat64(take(8, 8), littleEndian);
      case 'q':
        return view.getUint16(take(2, 2), littleEndian);
      case 'n':
        return view.getInt16(take(2, 2), littleEndian);
      default:
        return bytes[take(1, 1)];
    }
  }

  /** Calls `item` until the end of an array. */
  function elements(alignment: number, item: () => void): void {
    const length = uint32();
    if (length > MAX_ARRAY_BYTES) throw new ProtocolError(`an array of ${length} bytes`);
    take(0, alignment);
    const end = at + length;
    if (end > bytes.length) throw new ProtocolError('an array goes beyond the end of its message');
    while (at < end) item();
    if (at !== end) throw new ProtocolError('the last value of an array goes beyond its end');
  }

  function array(item: Type, depth: number): unknown {
    if (item.kind === 'basic' && item.code === 'y') {
      const start = take(uint32(), 1);
      return Buffer.from(bytes.subarray(start, at));
    }
    const values: unknown[] = [];
    elements(alignmentOf(item), () => void values.push(value(item, depth)));
    return values;
  }

  function dictionary(key: Type, held: Type, depth: number): unknown {
    const values = Object.create(null) as Record<string, unknown>;
    elements(8, () => {
      take(0, 8);
      const name = String(value(key, depth));
      values[name] = value(held, depth);
    });
    return values;
  }

  function variant(depth: number): unknown {
    const [type, ...more] = parseSignature(text(bytes[take(1, 1)]!));
    if (type === undefined || more.length > 0) throw new ProtocolError('a variant does not hold one value');
    return value(type, depth);
  }

  function value(type: Type, depth = 0): unknown {
    if (depth > MAX_DEPTH) throw new ProtocolError('values are nested too deeply');
    if (++count > MAX_VALUES) throw new ProtocolError(`a message has more than ${MAX_VALUES} values`);
    switch (type.kind) {
      case 'basic':
        return basic(type.code);
      case 'array':
        return array(type.item, depth + 1);
      case 'dictionary':
        return dictionary(type.key, type.value, depth + 1);
      case 'struct':
        take(0, 8);
        return type.fields.map((field) => value(field, depth + 1));
      case 'variant':
        return variant(depth + 1);
      default:
        return type satisfies never;
    }
  }

  return {
    read: (type: Type): unknown => value(type),
    /** Returns the number of bytes read so far. */
    position: () => at,
  };
}
