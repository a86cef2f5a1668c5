import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFrames, type MessageHeader } from '../../../../src/host/systemd/bus/frames.js';
import { unmarshal } from '../../../../src/host/systemd/bus/unmarshal.js';
import { marshal, message, type Written } from './wire.js';

export const BUS = 'org.freedesktop.DBus';
/** Limits of dbus-daemon. */
const MAX_RULES = 512;
const MAX_WAITING = 128;

export interface Call {
  readonly member: string;
  readonly path: string;
  readonly interface: string;
  readonly body: readonly unknown[];
}
/** Signature and values of a reply, the name of an error, or no reply. */
export type Answer = readonly [signature: string, ...body: unknown[]] | string | undefined;
export type Service = (call: Call) => Answer;

/** A client of the bus. */
export interface Peer {
  readonly name: string;
  readonly socket: Socket;
  readonly rules: string[];
}

/** A message bus with the limits, match rules and name owners of dbus-daemon. */
export interface FakeBus {
  readonly address: string;
  readonly peers: Peer[];
  /** Calls to the bus, as `Member argument`. */
  readonly calls: string[];
  /** Members that the bus refuses. */
  readonly refused: Set<string>;
  /** Assigns a name to a service, and sends `NameOwnerChanged`. */
  own(name: string, unique: string, service: Service): void;
  disown(name: string): void;
  /** Sends a signal by the match rules, or to one client. */
  signal(signal: Written): void;
  /** Sends these bytes to every client. */
  write(bytes: Buffer): void;
  /** Closes all connections, and listens again. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a bus on a new socket. */
export async function fakeBus(): Promise<FakeBus> {
  const folder = mkdtempSync(join(tmpdir(), 'fake-bus-'));
  const path = join(folder, 'bus');
  const owners = new Map<string, { readonly unique: string; readonly service: Service }>();
  let server: Server;
  let names = 0;

  const bus: FakeBus = {
    address: `unix:path=${path}`,
    peers: [],
    calls: [],
    refused: new Set(),
    own(name, unique, service) {
      const before = owners.get(name)?.unique ?? '';
      owners.set(name, { unique, service });
      tellOwner(name, before, unique);
    },
    disown(name) {
      const before = owners.get(name)?.unique ?? '';
      owners.delete(name);
      tellOwner(name, before, '');
    },
    signal(signal) {
      const bytes = message({ ...signal, type: 4 });
      for (const { socket, name, rules } of bus.peers)
        if (signal.destination ? signal.destination === name : rules.some((rule) => matches(rule, signal)))
          socket.write(bytes);
    },
    write: (bytes) => bus.peers.forEach(({ socket }) => socket.write(bytes)),
    async restart() {
      await stop();
      await start();
    },
    async close() {
      await stop();
      rmSync(folder, { recursive: true });
    },
  };

  const tellOwner = (name: string, before: string, now: string): void =>
    bus.signal({
      ...{ sender: BUS, path: '/org/freedesktop/DBus', interface: BUS, member: 'NameOwnerChanged' },
      ...{ signature: 'sss', body: [name, before, now] },
    });

  function matches(rule: string, signal: Written): boolean {
    const wanted = [...rule.matchAll(/(\w+)='([^']*)'/g)];
    return wanted.every(([, key, value = '']) => {
      if (key === 'type') return value === 'signal';
      if (key === 'sender') return (owners.get(value)?.unique ?? value) === signal.sender;
      if (key === 'arg0') return signal.body?.[0] === value;
      if (key === 'path_namespace')
        return signal.path === value || signal.path?.startsWith(`${value}/`) === true;
      if (key === 'interface' || key === 'member' || key === 'path') return signal[key] === value;
      throw new Error(`a rule with the key ${String(key)}`);
    });
  }

  function ownAnswer({ member, body: [argument = ''] }: Call, { name, rules }: Peer): Answer {
    const word = String(argument);
    switch (member) {
      case 'Hello':
        bus.signal({
          ...{ sender: BUS, destination: name, path: '/org/freedesktop/DBus', interface: BUS },
          ...{ member: 'NameAcquired', signature: 's', body: [name] },
        });
        return ['s', name];
      case 'AddMatch':
        if (rules.length >= MAX_RULES) return `${BUS}.Error.LimitsExceeded`;
        rules.push(word);
        return [''];
      case 'RemoveMatch':
        if (!rules.includes(word)) return `${BUS}.Error.MatchRuleNotFound`;
        rules.splice(rules.indexOf(word), 1);
        return [''];
      case 'GetNameOwner':
        return owners.has(word) ? ['s', owners.get(word)!.unique] : `${BUS}.Error.NameHasNoOwner`;
      default:
        return `${BUS}.Error.UnknownMethod`;
    }
  }

  function answer(call: Call, destination: string, peer: Peer): { sender: string; is: Answer } {
    const owner = owners.get(destination);
    if (owner) return { sender: owner.unique, is: owner.service(call) };
    if (destination !== BUS) return { sender: BUS, is: `${BUS}.Error.ServiceUnknown` };
    bus.calls.push(`${call.member} ${String(call.body[0] ?? '')}`.trim());
    return {
      sender: BUS,
      is: bus.refused.has(call.member) ? `${BUS}.Error.AccessDenied` : ownAnswer(call, peer),
    };
  }

  function connected(socket: Socket): void {
    const peer: Peer = { name: `:1.${++names + 100}`, socket, rules: [] };
    let isReady = false;
    let waiting = 0;

    function called(
      header: MessageHeader & { destination: string; serial: number },
      body: readonly unknown[],
    ): void {
      const { path: at, interface: face, member, destination, serial } = header;
      const reply = (sender: string, is: Answer): void => {
        if (is === undefined) return;
        const [signature = '', ...values] = typeof is === 'string' ? ['s', `because of ${is}`] : is;
        const errorName = typeof is === 'string' ? is : '';
        const to = { replySerial: serial, destination: peer.name, sender };
        socket.write(
          message({ ...to, type: errorName ? 3 : 2, errorName, signature: String(signature), body: values }),
        );
      };
      if (waiting >= MAX_WAITING) return reply(BUS, `${BUS}.Error.LimitsExceeded`);
      waiting++;
      setImmediate(() => {
        const { sender, is } = answer({ path: at, interface: face, member, body }, destination, peer);
        if (is !== undefined) waiting--;
        reply(sender, is);
      });
    }

    socket.on('error', () => {});
    socket.on('close', () => bus.peers.splice(bus.peers.indexOf(peer), 1));
    let bytes = Buffer.alloc(0);
    socket.on('data', (piece) => {
      bytes = Buffer.concat([bytes, piece]);
      if (!isReady) {
        const greeting = '\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n';
        if (bytes.length < greeting.length) return;
        if (bytes.toString('latin1', 0, greeting.length) !== greeting) return socket.destroy();
        bytes = bytes.subarray(greeting.length);
        isReady = true;
        bus.peers.push(peer);
        socket.write('DATA\r\nOK 0123456789abcdef0123456789abcdef\r\n');
      }
      for (let length = lengthOf(bytes); length <= bytes.length; length = lengthOf(bytes)) {
        read(bytes.subarray(0, length), called);
        bytes = bytes.subarray(length);
      }
    });
  }

  async function start(): Promise<void> {
    server = createServer(connected);
    await new Promise<void>((resolve) => server.listen(path, resolve));
  }

  async function stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const { socket } of bus.peers) socket.destroy();
    await closed;
  }

  await start();
  return bus;
}

const lengthOf = (bytes: Buffer): number =>
  bytes.length < 16 ? Infinity : 16 + ((bytes.readUInt32LE(12) + 7) & -8) + bytes.readUInt32LE(4);

/** Parses a call of a client. */
function read(
  bytes: Buffer,
  called: (header: MessageHeader & { destination: string; serial: number }, body: readonly unknown[]) => void,
): void {
  const fields = bytes.subarray(16, 16 + bytes.readUInt32LE(12));
  const [list] = unmarshal(
    Buffer.concat([marshal('u', [fields.length]), Buffer.alloc(4), fields]),
    'a(yv)',
    true,
  );
  const destination = (list as [number, string][]).find(([code]) => code === 6)?.[1] ?? '';
  createFrames({
    wants: () => true,
    tooLong: () => undefined,
    message: (header, body) =>
      called(
        { ...header, destination, serial: bytes.readUInt32LE(8) },
        unmarshal(body, header.signature, true),
      ),
  })(bytes);
}
