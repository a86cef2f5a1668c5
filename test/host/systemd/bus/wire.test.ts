import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrames, type MessageHeader } from '../../../../src/host/systemd/bus/frames.js';
import { marshalCall } from '../../../../src/host/systemd/bus/marshal.js';
import { ProtocolError } from '../../../../src/host/systemd/bus/protocol-error.js';
import { parseSignature } from '../../../../src/host/systemd/bus/signature.js';
import { unmarshal } from '../../../../src/host/systemd/bus/unmarshal.js';
import { marshal, message, type Written } from './wire.js';

const SEED = { seed: 7 };

const recorded = (...lines: readonly string[]): Buffer => Buffer.from(lines.join(''), 'hex');
/** Call of `GetNameOwner` by dbus-send 1.14. */
const CALL_OF_DBUS_SEND = recorded(
  '6c01000119000000020000007f00000001016f00150000002f6f72672f667265656465736b746f702f44427573000000',
  '02017300140000006f72672e667265656465736b746f702e444275730000000003017300',
  '0c0000004765744e616d654f776e65720000000006017300140000006f72672e667265656465736b746f702e44427573',
  '000000000801670001730000140000006f72672e667265656465736b746f702e4442757300',
);
/** Replies of dbus-daemon 1.14 to `Hello` and `GetAll`. */
const STREAM_OF_DBUS_DAEMON = recorded(
  '6c02010109000000010000003d00000006017300040000003a312e31000000000501750001000000080167000173000007017300',
  '140000006f72672e667265656465736b746f702e4442757300000000040000003a312e3100',
  '6c04010109000000020000008d00000001016f00150000002f6f72672f667265656465736b746f702f4442757300000002017300',
  '140000006f72672e667265656465736b746f702e44427573000000000301730',
  '00c0000004e616d6541637175697265640000000006017300040000003a312e3100000000080167000173000007017300',
  '140000006f72672e667265656465736b746f702e4442757300000000040000003a312e3100',
  '6c020101b9000000030000004500000006017300040000003a312e310000000005017500020000000801670005617b73767d0000',
  '0000000007017300140000006f72672e667265656465736b746f702e4442757300000000b1000000000000000800000046656174',
  '757265730002617300000000340000001a0000004163746976617461626c6553657276696365734368616e67656400000f000000',
  '48656164657246696c746572696e6700000000000a000000496e7465726661636573000261730000490000001f0000006f72672e',
  '667265656465736b746f702e444275732e4d6f6e69746f72696e6700200000006f72672e667265656465736b746f702e44427573',
  '2e44656275672e537461747300',
);

/** A signature of one type, a value to encode, and the decoded value. */
type Sample = readonly [signature: string, written: unknown, read: unknown];

const same = <T>(code: string, values: fc.Arbitrary<T>): fc.Arbitrary<Sample> =>
  values.map((value) => [code, value, value]);
const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((word) => !word.includes('\0'));
const int = (bits: number, signed: boolean): fc.Arbitrary<number> => {
  const half = 2 ** (bits - 1);
  return fc.integer(signed ? { min: -half, max: half - 1 } : { min: 0, max: 2 * half - 1 });
};
const basic = fc.oneof(
  same('y', int(8, false)),
  same('b', fc.boolean()),
  same('n', int(16, true)),
  same('q', int(16, false)),
  same('i', int(32, true)),
  same('u', int(32, false)),
  same('h', int(32, false)),
  same('x', fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
  same('t', fc.bigInt(0n, 2n ** 64n - 1n)),
  same('d', fc.double({ noNaN: true })),
  same('s', text),
  same('o', fc.constantFrom('/', '/a', '/org/freedesktop/systemd1/unit/a_2eservice')),
  same('g', fc.constantFrom('', 's', 'a{sv}', 'a(ssssssouso)')),
);

const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    basic,
    tie('sample').map(([code, written, read]): Sample => ['v', [code, written], read]),
    fc
      .tuple(tie('sample'), fc.nat(3))
      .filter(([[code]]) => code !== 'y')
      .map(([[code, written, read], count]): Sample => [
        `a${code}`,
        Array<unknown>(count).fill(written),
        Array<unknown>(count).fill(read),
      ]),
    fc.uint8Array({ maxLength: 9 }).map((bytes): Sample => ['ay', bytes, Buffer.from(bytes)]),
    fc
      .array(tie('sample'), { minLength: 1, maxLength: 4 })
      .map((fields): Sample => [
        `(${fields.map(([code]) => code).join('')})`,
        fields.map(([, written]) => written),
        fields.map(([, , read]) => read),
      ]),
    fc
      .tuple(fc.uniqueArray(fc.oneof(text, fc.constant('__proto__')), { maxLength: 3 }), tie('sample'))
      .map(([keys, [code, written, read]]): Sample => [
        `a{s${code}}`,
        keys.map((key) => [key, written]),
        Object.setPrototypeOf(Object.fromEntries(keys.map((key) => [key, read])), null),
      ]),
  ),
}));

describe('values of D-Bus', () => {
  it('are decoded in both byte orders', () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 4 }), fc.boolean(), (samples, littleEndian) => {
        const signature = samples.map(([code]) => code).join('');
        fc.pre(signature.length <= 255);
        const bytes = marshal(
          signature,
          samples.map(([, written]) => written),
          littleEndian,
        );
        expect(unmarshal(bytes, signature, littleEndian)).toEqual(samples.map(([, , read]) => read));
      }),
      SEED,
    );
  });

  it('are rejected when truncated at any byte', () => {
    fc.assert(
      fc.property(sample, fc.boolean(), fc.nat(), ([signature, written], littleEndian, cut) => {
        const bytes = marshal(signature, [written], littleEndian);
        expect(() => unmarshal(bytes.subarray(0, cut % bytes.length), signature, littleEndian)).toThrow(
          ProtocolError,
        );
      }),
      SEED,
    );
  });

  it('are decoded or rejected for arbitrary bytes and signatures', () => {
    let decoded = 0;
    const anySignature = fc.oneof(
      sample.map(([signature]) => signature),
      fc.string({ unit: fc.constantFrom(...'ybnqiuxtdsoghva(){}rez'), maxLength: 20 }),
    );
    fc.assert(
      fc.property(
        anySignature,
        fc.uint8Array({ maxLength: 200 }),
        fc.boolean(),
        (signature, bytes, littleEndian) => {
          try {
            unmarshal(Buffer.from(bytes), signature, littleEndian);
            decoded += 1;
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        },
      ),
      { ...SEED, numRuns: 2_000 },
    );
    expect(decoded).toBeGreaterThan(20);
    expect(decoded).toBeLessThan(1_900);
  });

  it('of type ay are copies, because the socket reuses its buffer', () => {
    const bytes = marshal('ay', [[1, 2]]);
    const [read] = unmarshal(bytes, 'ay', true);
    bytes.fill(9);
    expect(read).toEqual(Buffer.from([1, 2]));
  });

  it.each<[string, string, Buffer]>([
    ['an array that is longer than its message', 'as', marshal('u', [64])],
    ['an array of four gigabytes', 'ay', marshal('u', [0xffff_ffff])],
    ['an array whose last value is longer than it', 'as', marshal('uus', [6, 2, 'ab'])],
    ['a string of four gigabytes', 's', marshal('u', [0xffff_ffff])],
    ['a string without an end', 's', Buffer.from([1, 0, 0, 0, 65, 66])],
    ['a boolean that is two', 'b', marshal('u', [2])],
    ['padding that is not zero', 'yu', Buffer.from([1, 1, 1, 1, 0, 0, 0, 0])],
    ['bytes behind the last value', 'y', Buffer.from([1, 2])],
    ['a variant of no value', 'v', Buffer.from([0, 0])],
    ['a variant of two values', 'v', Buffer.from([2, 121, 121, 0, 1, 1])],
    ['a variant of an unknown type', 'v', Buffer.from([1, 122, 0, 1])],
    [
      'variants in variants without end',
      'v',
      Buffer.from([...Array.from({ length: 100 }, () => [1, 118, 0]).flat(), 1, 121, 0, 1]),
    ],
    ['more values than any answer has', 'ag', marshal('ag', [Array<string>(1_000_001).fill('')])],
  ])('are rejected: %s', (_, signature, bytes) => {
    expect(() => unmarshal(bytes, signature, true)).toThrow(ProtocolError);
  });

  it.each([
    'a',
    '(',
    ')',
    '()',
    '(s',
    's)',
    'a{',
    'a{s}',
    'a{sss}',
    'a{vs}',
    'a{(s)s}',
    '{ss}',
    'z',
    'a'.repeat(40) + 's',
    `${'('.repeat(40)}s${')'.repeat(40)}`,
    's'.repeat(256),
  ])('reject the invalid signature %j', (signature) => {
    expect(() => parseSignature(signature)).toThrow(ProtocolError);
  });

  it('support every signature that systemd uses', () => {
    for (const signature of [
      'a(ssssssouso)',
      'sa{sv}as',
      '(uo)',
      'a(sasbttttuii)',
      'a(bs)',
      '(bas)',
      'ay',
      'a{sv}',
      '',
    ])
      expect(() => parseSignature(signature)).not.toThrow();
  });
});

/** Messages found in a stream that arrives in pieces of these lengths, repeated. */
function found(
  stream: Buffer,
  pieces: readonly number[],
  wants: (header: MessageHeader) => boolean = () => true,
) {
  const messages: unknown[] = [];
  const frames = createFrames({
    wants,
    message: ({ member, signature, littleEndian }, body) =>
      messages.push([member, ...unmarshal(body, signature, littleEndian)]),
    tooLong: ({ member }, bytes) => messages.push([member, 'too long', bytes]),
  });
  // One buffer for all pieces, like the socket's.
  const shared = Buffer.alloc(stream.length);
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const length = Math.min(pieces[turn % pieces.length]!, stream.length - at);
    stream.copy(shared, 0, at, at + length);
    frames(shared.subarray(0, length));
    at += length;
  }
  return messages;
}

const signal = (member: string, ...words: string[]): Written => ({
  ...{ type: 4, path: '/a', interface: 'b.c', member, sender: ':1.5' },
  ...{ signature: 's'.repeat(words.length), body: words },
});

describe('messages in a stream', () => {
  const list = fc.array(
    fc.record({
      member: fc.constantFrom('One', 'Two'),
      words: fc.array(text, { maxLength: 3 }),
      littleEndian: fc.boolean(),
      isWanted: fc.boolean(),
    }),
    { maxLength: 5 },
  );

  it('are found in pieces of any size, and unwanted ones are skipped', () => {
    fc.assert(
      fc.property(
        list,
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }),
        (sent, pieces) => {
          const stream = sent.map(({ member, words, littleEndian, isWanted }) =>
            message({
              ...signal(member, ...words),
              littleEndian,
              interface: isWanted ? 'a.wanted' : 'a.not',
            }),
          );
          const wanted = sent.filter(({ isWanted }) => isWanted);
          expect(found(Buffer.concat(stream), pieces, ({ interface: face }) => face === 'a.wanted')).toEqual(
            wanted.map(({ member, words }) => [member, ...words]),
          );
        },
      ),
      SEED,
    );
  });

  it('are found in recorded output of dbus-daemon', () => {
    const features = ['ActivatableServicesChanged', 'HeaderFiltering'];
    const interfaces = ['org.freedesktop.DBus.Monitoring', 'org.freedesktop.DBus.Debug.Stats'];
    const properties: unknown = Object.assign(Object.create(null), {
      Features: features,
      Interfaces: interfaces,
    });
    const expected = [
      ['', ':1.1'],
      ['NameAcquired', ':1.1'],
      ['', properties],
    ];
    expect(found(STREAM_OF_DBUS_DAEMON, [1_000])).toEqual(expected);
    expect(found(STREAM_OF_DBUS_DAEMON, [1])).toEqual(expected);
  });

  it('that are too long are reported and skipped, and those with too long headers are skipped', () => {
    const long = Buffer.concat([message(signal('Long'), 2 ** 24 + 1), Buffer.alloc(2 ** 24 + 1)]);
    const odd = message({ ...signal('Odd', 'a'), path: `/${'x'.repeat(20_000)}` });
    const stream = Buffer.concat([message(signal('A', 'a')), long, odd, message(signal('B', 'b'))]);
    expect(found(stream, [65_536])).toEqual([
      ['A', 'a'],
      ['Long', 'too long', 2 ** 24 + 1],
      ['B', 'b'],
    ]);
  });

  it('with unknown types and fields are found', () => {
    const bytes = message({ ...signal('A', 'a'), type: 99 });
    expect(found(bytes, [3])).toEqual([['A', 'a']]);
  });

  it.each<[string, (bytes: Buffer) => void]>([
    ['a byte order', (bytes) => (bytes[0] = 0)],
    ['a type', (bytes) => (bytes[1] = 0)],
    ['the right version', (bytes) => (bytes[3] = 2)],
    ['a length that may be', (bytes) => bytes.writeUInt32LE(2 ** 27, 4)],
    ['fields that may be as long', (bytes) => bytes.writeUInt32LE(2 ** 26 + 1, 12)],
    ['fields as long as it says', (bytes) => bytes.writeUInt32LE(bytes.readUInt32LE(12) - 9, 12)],
    ['fields of the right type', (bytes) => (bytes[18] = 0x79)],
  ])('end the stream when one is without %s', (_, spoil) => {
    const bytes = message(signal('A', 'a'));
    spoil(bytes);
    expect(() => found(Buffer.concat([bytes, message(signal('B', 'b'))]), [7])).toThrow(ProtocolError);
  });

  it('are found, or the stream ends, for arbitrary bytes', () => {
    const spoiled = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(fc.array(spoiled, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Buffer.concat([message(signal('A', 'abc')), message(signal('B', 'b'))]);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          expect(found(bytes, [50]).length).toBeLessThanOrEqual(2);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { ...SEED, numRuns: 2_000 },
    );
  });
});

describe('a call', () => {
  const words = fc.array(fc.oneof(text, fc.array(text, { maxLength: 3 })), { maxLength: 3 });

  it('is encoded like the reference encoder of the tests', () => {
    fc.assert(
      fc.property(words, (body) => {
        const call = { destination: 'a.b', path: '/c/d', interface: 'e.f', member: 'Get' };
        const signature = body.map((word) => (typeof word === 'string' ? 's' : 'as')).join('');
        const expected = message({ ...call, type: 1, signature, body });
        expect(marshalCall(7, { ...call, body })).toEqual(expected);
      }),
      SEED,
    );
  });

  it('is byte for byte the same as from libdbus', () => {
    const bus = 'org.freedesktop.DBus';
    const call = { destination: bus, path: '/org/freedesktop/DBus', interface: bus, member: 'GetNameOwner' };
    expect(marshalCall(2, { ...call, body: [bus] })).toEqual(CALL_OF_DBUS_SEND);
  });

  it('is rejected if a text contains a zero, which would make the bus end the connection', () => {
    const call = { destination: 'a.b', path: '/c', interface: 'd.e', member: 'Get', body: ['a\0b'] };
    expect(() => marshalCall(1, call)).toThrow('"a\\u0000b" cannot be sent over D-Bus');
  });
});
