import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSystemBus, DAEMON, MANAGER, type SystemBus } from '../../../../src/host/systemd/bus.js';
import type { BusSignal } from '../../../../src/host/systemd/bus/connection.js';
import { BUS, fakeBus, type FakeBus } from './fake-bus.js';
import { message } from './wire.js';

const OK = 'DATA\r\nOK 0123456789abcdef0123456789abcdef\r\n';
const SYSTEMD = MANAGER.destination;
const until = (check: () => void) => vi.waitFor(check, { timeout: 4_000, interval: 2 });

const cleanups: (() => unknown)[] = [];
let signals: BusSignal[];
let lost: string[];

function client(address: string, timeoutMs = 5_000): SystemBus {
  const made = createSystemBus({
    ...{ address, timeoutMs },
    onSignal: (signal) => void signals.push(signal),
    onLost: (reason) => void lost.push(reason),
  });
  cleanups.push(() => made.close());
  return made;
}

/** A server with a handler per connection, which records the received bytes. */
async function server(serve: (socket: Socket) => void): Promise<{ address: string; sockets: Socket[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'odd-bus-'));
  const sockets: Socket[] = [];
  const made = createServer((socket) => {
    socket.on('error', () => {});
    socket.resume();
    sockets.push(socket);
    serve(socket);
  });
  await new Promise<void>((resolve) => made.listen(join(folder, 'bus'), resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    made.close();
    rmSync(folder, { recursive: true });
  });
  return { address: `unix:path=${folder}/bus`, sockets };
}

beforeEach(() => {
  signals = [];
  lost = [];
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('opening a bus', () => {
  it.each<[string, string, (socket: Socket) => void]>([
    ['never answers', 'no answer within 50 ms', () => {}],
    ['closes at once', 'the bus closed the connection', (socket) => socket.end()],
    [
      'refuses the user',
      'the bus does not accept this user',
      (socket) => socket.write('REJECTED EXTERNAL\r\n'),
    ],
    ['speaks something else', 'the bus answered the handshake', (socket) => socket.write('HTTP/1.1 400\r\n')],
    ['floods the handshake', 'the bus answered the handshake', (socket) => socket.write('x'.repeat(100_000))],
    ['accepts and never answers', 'no answer within 50 ms', (socket) => socket.write(OK)],
    ['closes after the handshake', 'the bus closed the connection', (socket) => socket.end(OK)],
    [
      'sends no messages',
      'a message without a byte order',
      (socket) => socket.write(`${OK}${'x'.repeat(64)}`),
    ],
    [
      'stops half-way',
      'no answer within 50 ms',
      (socket) => {
        socket.write(
          Buffer.concat([Buffer.from(OK), message({ type: 2, replySerial: 1, sender: BUS }).subarray(0, 20)]),
        );
      },
    ],
    [
      'closes half-way',
      'the bus closed the connection',
      (socket) => {
        socket.end(
          Buffer.concat([Buffer.from(OK), message({ type: 2, replySerial: 1, sender: BUS }).subarray(0, 20)]),
        );
      },
    ],
    [
      'announces a message that never ends',
      'no answer within 50 ms',
      (socket) => {
        const reply = { type: 2, replySerial: 1, sender: BUS, signature: 's', body: [''] };
        socket.write(Buffer.concat([Buffer.from(OK), message(reply, 2 ** 24)]));
      },
    ],
    [
      'answers with an error',
      'because of a.Limit',
      (socket) => {
        const error = { type: 3, replySerial: 1, sender: BUS, errorName: 'a.Limit' };
        socket.write(
          Buffer.concat([
            Buffer.from(OK),
            message({ ...error, signature: 's', body: ['because of a.Limit'] }),
          ]),
        );
      },
    ],
    [
      'answers with an error without a text',
      'a.Limit',
      (socket) => {
        socket.write(
          Buffer.concat([
            Buffer.from(OK),
            message({ type: 3, replySerial: 1, sender: BUS, errorName: 'a.Limit' }),
          ]),
        );
      },
    ],
    [
      'answers what cannot be read',
      'a text has no end',
      (socket) => {
        const reply = message({ type: 2, replySerial: 1, sender: BUS, signature: 's', body: ['ab'] });
        reply[reply.length - 1] = 1;
        socket.write(Buffer.concat([Buffer.from(OK), reply]));
      },
    ],
  ])('fails if it %s', async (_, reason, serve) => {
    const { address, sockets } = await server(serve);
    const timeoutMs = reason.startsWith('no answer') ? 50 : 5_000;
    await expect(client(address, timeoutMs).open()).rejects.toThrow(
      `the system bus does not answer: ${reason}`,
    );
    await until(() => expect(sockets.every(({ readyState }) => readyState !== 'open')).toBe(true));
    expect(lost).toEqual([]);
  });

  it('fails without a listening socket', async () => {
    const { address } = await server(() => {});
    await expect(client(address.replace('/bus', '')).open()).rejects.toThrow(
      'the system bus does not answer',
    );
    await expect(client('unix:path=/nonexistent').open()).rejects.toThrow('there is no system bus');
  });

  it('accepts replies in the other byte order, byte by byte', async () => {
    const { address } = await server((socket) => {
      const reply = { type: 2, sender: BUS, signature: 's', body: [':1.7'], littleEndian: false };
      socket.setNoDelay(true);
      for (const byte of Buffer.concat([Buffer.from(OK), message({ ...reply, replySerial: 1 })]))
        socket.write(Buffer.of(byte));
      socket.write(message({ type: 3, sender: BUS, replySerial: 3, errorName: 'a.b' }));
    });
    expect(await client(address).open()).toBe(1);
  });
});

describe('an open bus', () => {
  let bus: FakeBus;
  beforeEach(async () => {
    bus = await fakeBus();
    cleanups.push(bus.close);
  });
  const silent = (): undefined => undefined;
  const call = (made: SystemBus, member: string, signal?: AbortSignal) =>
    made.call({ ...MANAGER, member }, signal);

  it('rejects a call after the timeout, and ignores a late reply', async () => {
    bus.own(SYSTEMD, ':1.0', ({ member }) => (member === 'Late' ? undefined : ['s', member]));
    const made = client(bus.address, 1_000);
    await made.open();
    await expect(call(made, 'Late')).rejects.toThrow('no answer within 1000 ms');
    for (let serial = 0; serial <= 4; serial++)
      bus.write(message({ type: 2, replySerial: serial, sender: ':1.0', signature: 's', body: ['late'] }));
    expect(await call(made, 'Next')).toBe('Next');
  });

  it('rejects a call that is aborted before or after it is sent', async () => {
    bus.own(SYSTEMD, ':1.0', silent);
    const made = client(bus.address);
    await made.open();
    await expect(call(made, 'A', AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    const ending = new AbortController();
    const waiting = call(made, 'A', ending.signal);
    setImmediate(() => ending.abort(new Error('after')));
    await expect(waiting).rejects.toThrow('after');
  });

  it.each<[string, Buffer, string]>([
    ['closes', Buffer.alloc(0), 'the bus closed the connection'],
    [
      'sends nonsense',
      Buffer.from('nonsense, and more of it than a header'),
      'a message without a byte order',
    ],
  ])('rejects pending calls when it %s, and reports the end once', async (_, bytes, reason) => {
    const arrived: string[] = [];
    bus.own(SYSTEMD, ':1.0', ({ member }) => void arrived.push(member));
    const made = client(bus.address);
    await made.open();
    const waiting = ['A', 'B'].map((member) => expect(call(made, member)).rejects.toThrow(reason));
    await until(() => expect(arrived).toEqual(['A', 'B']));
    if (bytes.length > 0) bus.write(bytes);
    else for (const { socket } of bus.peers) socket.destroy();
    await Promise.all(waiting);
    expect(lost).toEqual([`the connection to the system bus has ended (${reason})`]);
    await expect(call(made, 'C')).rejects.toThrow('the connection to the system bus was lost');
    expect(await made.open()).toBe(2);
  });

  it('rejects pending calls when it is closed locally, and reports no end', async () => {
    bus.own(SYSTEMD, ':1.0', silent);
    const made = client(bus.address);
    await made.open();
    const waiting = expect(call(made, 'A')).rejects.toThrow('the connection was closed');
    await Promise.resolve();
    made.close();
    await waiting;
    expect(lost).toEqual([]);
    expect(made.knowsSystemd).toBe(false);
    expect(await made.open()).toBe(2);
  });

  it('rejects a call with a too long reply, and reads the next message', async () => {
    const arrived: string[] = [];
    bus.own(SYSTEMD, ':1.0', ({ member }) => (arrived.push(member) === 1 ? undefined : ['s', member]));
    const made = client(bus.address);
    await made.open();
    const refused = expect(call(made, 'Long')).rejects.toThrow('the answer is too long: 20000000 bytes');
    await until(() => expect(arrived).toEqual(['Long']));
    // Three calls to the bus preceded it.
    bus.write(message({ type: 2, replySerial: 4, sender: ':1.0', signature: 'ay' }, 20_000_000));
    bus.write(Buffer.alloc(20_000_000));
    await refused;
    expect(await call(made, 'Next')).toBe('Next');
  });

  it('rejects calls while the bus does not read', async () => {
    bus.own(SYSTEMD, ':1.0', silent);
    const made = client(bus.address, 1_500);
    await made.open();
    for (const { socket } of bus.peers) socket.pause();
    const words = [Array<string>(20_000).fill('x'.repeat(50))];
    const calls = Array.from({ length: 4 }, () => made.call({ ...MANAGER, member: 'A', body: words }));
    const errors = await Promise.all(calls.map((one) => one.catch((error: Error) => error.message)));
    expect(errors).toContain('the bus does not read');
  });
});

describe('signals', () => {
  let bus: FakeBus;
  let made: SystemBus;
  beforeEach(async () => {
    bus = await fakeBus();
    bus.own(SYSTEMD, ':1.0', ({ member }) => ['s', member]);
    cleanups.push(bus.close);
    made = client(bus.address);
    await made.open();
    await made.call({ ...DAEMON, member: 'AddMatch', body: [`type='signal',sender='${SYSTEMD}'`] });
  });
  const change = { path: '/a', interface: 'b.c', member: 'Changed' };
  const heard = async (): Promise<string[]> => {
    await made.call({ ...MANAGER, member: 'Ping' });
    return signals.map(({ sender, member }) => `${member} of ${sender}`);
  };

  it('are received from systemd', async () => {
    bus.signal({ ...change, sender: ':1.0', signature: 's', body: ['x'] });
    expect(await heard()).toEqual(['Changed of :1.0']);
    expect(signals[0]).toMatchObject({ path: '/a', interface: 'b.c', member: 'Changed', body: ['x'] });
  });

  it.each<[string, object]>([
    ['of a stranger, sent to this client alone', { sender: ':1.66' }],
    [
      'of a stranger that says who owns systemd',
      {
        sender: ':1.66',
        interface: BUS,
        member: 'NameOwnerChanged',
        signature: 'sss',
        body: [SYSTEMD, ':1.0', ':1.66'],
      },
    ],
    ['of a stranger whose name begins as that of systemd', { sender: ':1.01' }],
    ['of nobody', { sender: '' }],
    [
      'of the bus, about something else',
      { sender: BUS, interface: BUS, member: 'NameLost', signature: 's', body: ['a'] },
    ],
    [
      'of the bus, about another name',
      {
        sender: BUS,
        interface: BUS,
        member: 'NameOwnerChanged',
        signature: 'sss',
        body: ['a.b', '', ':1.66'],
      },
    ],
    [
      'of a stranger, with a body that cannot be read',
      { sender: ':1.66', signature: 'g', body: ['x'.repeat(200)] },
    ],
  ])('are dropped: %s', async (_, signal) => {
    const { name } = bus.peers[0]!;
    bus.signal({ ...change, ...signal, destination: name });
    bus.signal({ ...change, sender: ':1.0' });
    expect(await heard()).toEqual(['Changed of :1.0']);
  });

  it('are received, but calls and messages of unknown types are ignored', async () => {
    for (const type of [1, 9, 255]) bus.write(message({ ...change, type, sender: ':1.0' }));
    const before = bus.peers[0]!.socket.bytesRead;
    expect(await heard()).toEqual([]);
    expect(bus.peers[0]!.socket.bytesRead - before).toBeLessThan(200);
  });

  it('from other senders do not fill the memory, however many and long they are', async () => {
    const { name } = bus.peers[0]!;
    for (let sent = 0; sent < 2_000; sent++) bus.signal({ ...change, sender: ':1.66', destination: name });
    const header = message({ ...change, sender: ':1.66', signature: 'ay' }, 2 ** 26);
    for (const { socket } of bus.peers) {
      socket.write(header);
      for (let piece = 0; piece < 64; piece++) socket.write(Buffer.alloc(2 ** 20));
    }
    bus.signal({ ...change, sender: ':1.0' });
    expect(await heard()).toEqual(['Changed of :1.0']);
  });

  it('from other senders in an endless flood do not suppress those of systemd, nor replies', async () => {
    const { name } = bus.peers[0]!;
    const flood = setInterval(() => {
      for (let sent = 0; sent < 200; sent++) bus.signal({ ...change, sender: ':1.66', destination: name });
    }, 1);
    cleanups.push(() => clearInterval(flood));
    for (let round = 1; round <= 20; round++) {
      bus.signal({ ...change, sender: ':1.0', member: `Change${round}` });
      expect((await heard()).at(-1)).toBe(`Change${round} of :1.0`);
    }
    expect(signals).toHaveLength(20);
  });

  it('are received from the new owner of the name of systemd, and no longer from the previous one', async () => {
    bus.disown(SYSTEMD);
    bus.own(SYSTEMD, ':1.9', ({ member }) => ['s', member]);
    const { name } = bus.peers[0]!;
    for (const sender of [':1.0', ':1.9']) bus.signal({ ...change, sender, destination: name });
    const changes = [`NameOwnerChanged of ${BUS}`, `NameOwnerChanged of ${BUS}`];
    expect(await heard()).toEqual([...changes, 'Changed of :1.9']);
    expect(made.knowsSystemd).toBe(true);
  });

  it('are dropped while the name of systemd has no owner', async () => {
    bus.disown(SYSTEMD);
    const { name } = bus.peers[0]!;
    bus.signal({ ...change, sender: ':1.0', destination: name });
    await made.call({ ...DAEMON, member: 'GetNameOwner', body: [SYSTEMD] }).catch(() => undefined);
    expect(signals.map(({ member }) => member)).toEqual(['NameOwnerChanged']);
    expect(made.knowsSystemd).toBe(false);
  });

  it.each(['AddMatch', 'GetNameOwner'])('are dropped if the bus refuses %s', async (refused) => {
    bus.refused.add(refused);
    made.close();
    await made.open();
    expect(made.knowsSystemd).toBe(false);
    expect(await made.call({ ...MANAGER, member: 'Ping' })).toBe('Ping');
  });
});

describe('answers', () => {
  it('are accepted from the callee and from the bus only', async () => {
    const bus = await fakeBus();
    cleanups.push(bus.close);
    bus.own(SYSTEMD, ':1.0', ({ member }) => (member === 'Slow' ? undefined : ['s', member]));
    const made = client(bus.address);
    await made.open();
    const slow = made.call({ ...MANAGER, member: 'Slow' });
    await made.call({ ...MANAGER, member: 'Ping' });
    for (const sender of [':1.66', '', 'org.freedesktop.systemd1', ':1.0'])
      for (let serial = 1; serial < 20; serial++)
        bus.write(message({ type: 2, replySerial: serial, sender, signature: 's', body: [`of ${sender}`] }));
    expect(await slow).toBe('of :1.0');
    bus.disown(SYSTEMD);
    await expect(made.call({ ...MANAGER, member: 'Ping' })).rejects.toThrow('ServiceUnknown');
  });
});
