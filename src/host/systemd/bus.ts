import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Message, MessageBus } from 'dbus-native';
import { messageOf } from '../../errors.js';
import { createSlots } from './slots.js';

const DEFAULT_ADDRESS = 'unix:path=/run/dbus/system_bus_socket';
const SIGNAL = 4;
/** dbus-daemon refuses the 129th call that waits for its answer. */
const MAX_WAITING = 64;

/** One call of a method that returns one value. */
export interface BusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: unknown[];
}

/** A connection to the system bus that opens itself when it is needed. */
export interface SystemBus {
  /** Connects if there is no connection, and gives the number of the connection: a new one each time. */
  open(): Promise<number>;
  /** Calls a method over the open connection. Rejects after the time limit, on abort, and when the bus is gone. */
  call(call: BusCall, signal?: AbortSignal): Promise<unknown>;
  /** Ends the connection and what waits for it; a later `open` makes a new one. */
  close(): void;
}

/** How to reach the bus. */
export interface SystemBusOptions {
  /** Default: `DBUS_SYSTEM_BUS_ADDRESS`, or the well-known socket. */
  readonly address?: string | undefined;
  /** How long a call may take, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Hears every signal that some match rule lets through. */
  readonly onSignal?: (signal: Message) => void;
  /** Hears that an open connection has ended, with the reason; not when `close` ended it. */
  readonly onLost?: (reason: string) => void;
}

/**
 * Makes the connection to the system bus; nothing is opened or loaded before it is needed.
 *
 * While no call is waiting, the connection does not keep the process alive.
 */
export function createSystemBus(options: SystemBusOptions = {}): SystemBus {
  const { timeoutMs = 5_000, onSignal, onLost } = options;
  const inSlot = createSlots(MAX_WAITING);
  let link: Link | undefined;
  let opening: Promise<number> | undefined;
  let connections = 0;
  let closings = 0;

  async function invoke(over: Link, call: BusCall, signal?: AbortSignal): Promise<unknown> {
    if (over.waiting++ === 0) over.socket.ref();
    try {
      return await over.bus.invoke(call, { timeout: timeoutMs, ...(signal ? { signal } : {}) });
    } finally {
      if (--over.waiting === 0) over.socket.unref();
    }
  }

  async function connect(): Promise<number> {
    const closingsBefore = closings;
    const target = busTarget(options.address);
    const { createClient } = await import('dbus-native');
    if (closings !== closingsBefore) throw new Error('the connection to the system bus was closed');
    // `direct` keeps the library from saying hello itself: it throws out of a timer when nobody answers.
    const bus = createClient({ ...target, direct: true, fdTransport: false, authMethods: ['EXTERNAL'] });
    const made: Link = { bus, socket: bus.connection.stream as Socket, waiting: 0, ready: false };
    link = made;
    let failure: Error | undefined;
    bus.connection.on('error', (error: Error) => {
      failure = error;
    });
    bus.connection.on('handlerError', () => {});
    bus.connection.on('close', () => {
      if (link !== made) return;
      link = undefined;
      const why = failure === undefined ? '' : ` (${failure.message})`;
      if (made.ready) onLost?.(`the connection to the system bus has ended${why}`);
    });
    bus.connection.on('message', (message: Message) => {
      if (message.type === SIGNAL && link === made) onSignal?.(message);
    });
    try {
      await invoke(made, { ...DAEMON, member: 'Hello' });
    } catch (error) {
      made.socket.destroy();
      throw new Error(`the system bus does not answer: ${messageOf(failure ?? error)}`, { cause: error });
    }
    made.ready = true;
    return ++connections;
  }

  return {
    async open() {
      if (link?.ready) return connections;
      opening ??= connect().finally(() => {
        opening = undefined;
      });
      return opening;
    },
    call: (call, signal) =>
      inSlot(async () => {
        if (!link?.ready) throw new Error('the connection to the system bus was lost');
        return invoke(link, call, signal);
      }),
    close() {
      closings++;
      link?.socket.destroy();
      link = undefined;
    },
  };
}

/** One connection, and how many calls wait for their answer on it. */
interface Link {
  readonly bus: MessageBus;
  readonly socket: Socket;
  waiting: number;
  ready: boolean;
}

/** Where the bus itself answers. */
export const DAEMON = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const;

/** The object that stands for systemd itself on the bus. */
export const MANAGER = {
  destination: 'org.freedesktop.systemd1',
  path: '/org/freedesktop/systemd1',
  interface: 'org.freedesktop.systemd1.Manager',
} as const;

/** Finds the first socket that is there in a bus address, which may list several. */
function busTarget(
  given = process.env['DBUS_SYSTEM_BUS_ADDRESS'],
): { socket: string } | { busAddress: string } {
  const address = given === undefined || given === '' ? DEFAULT_ADDRESS : given;
  for (const entry of address.split(';')) {
    // Other kinds of addresses may start programs.
    if (entry.startsWith('unix:abstract=')) return { busAddress: entry };
    const socket = /^unix:(?:.*,)?path=([^,]+)/.exec(entry)?.[1];
    if (socket !== undefined && existsSync(decodeURIComponent(socket)))
      return { socket: decodeURIComponent(socket) };
  }
  throw new Error(`there is no system bus at ${address}`);
}
