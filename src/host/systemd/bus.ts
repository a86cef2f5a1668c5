import { messageOf } from '../../base/errors.js';
import { socketPath } from './bus/address.js';
import { connectToBus, type BusSignal, type Connection, type SignalHeader } from './bus/connection.js';
import type { MethodCall } from './bus/marshal.js';
import { createSlots } from './slots.js';

/** dbus-daemon refuses the 129th call that waits for its answer. */
const MAX_WAITING = 64;

/** A connection to the system bus that opens itself when it is needed. */
export interface SystemBus {
  /** Connects if there is no connection, and gives the number of the connection: a new one each time. */
  open(): Promise<number>;
  /** Calls a method over the open connection. Rejects after the time limit, on abort, and when the bus is gone. */
  call(call: MethodCall, signal?: AbortSignal): Promise<unknown>;
  /** Whether it is known who systemd is on this connection; signals from anybody else are dropped. */
  readonly knowsSystemd: boolean;
  /** Ends the connection and what waits for it; a later `open` makes a new one. */
  close(): void;
}

/** How to reach the bus. */
export interface SystemBusOptions {
  /** Default: `DBUS_SYSTEM_BUS_ADDRESS`, or the well-known socket. */
  readonly address?: string | undefined;
  /** How long a call may take, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Called with every signal of systemd that some match rule lets through, and when systemd's owner has changed. */
  readonly onSignal?: (signal: BusSignal) => void;
  /** Called when an open connection has ended, with the reason; not when `close` ended it. */
  readonly onLost?: (reason: string) => void;
}

/**
 * Makes the connection to the system bus; nothing is opened before it is needed.
 *
 * While no call is waiting, the connection does not keep the process alive.
 */
export function createSystemBus(options: SystemBusOptions = {}): SystemBus {
  const { timeoutMs = 5_000, onSignal, onLost } = options;
  const inSlot = createSlots(MAX_WAITING);
  let link: Link | undefined;
  let opening: Promise<number> | undefined;
  let connections = 0;

  async function connect(): Promise<number> {
    let owner: string | undefined;
    let hasChanged = false;
    const connection = connectToBus({
      path: socketPath(options.address),
      timeoutMs,
      accepts: (signal) => isOwnerChange(signal) || (owner !== undefined && signal.sender === owner),
      // While the owner is not known, the bus alone sees to it that nobody answers who was not called.
      mayAnswer: (sender, destination) =>
        sender === DAEMON.destination ||
        (destination !== DAEMON.destination && (owner === undefined || sender === owner)),
      onSignal(signal) {
        if (isOwnerChange(signal)) {
          if (signal.body[0] !== MANAGER.destination) return;
          hasChanged = true;
          owner = nameIn(signal.body[2]);
        }
        if (link === made) onSignal?.(signal);
      },
      onEnd(reason) {
        if (link !== made) return;
        link = undefined;
        if (made.ready) onLost?.(`the connection to the system bus has ended (${reason.message})`);
      },
    });
    const made: Link = { connection, ready: false, knowsSystemd: () => owner !== undefined };
    link = made;
    const ask = (member: string, ...body: readonly string[]): Promise<unknown> =>
      connection.call({ ...DAEMON, member, body });
    const greeted = ask('Hello');
    const found = Promise.all([ask('AddMatch', OWNER_CHANGES), ask('GetNameOwner', MANAGER.destination)]);
    try {
      await greeted;
    } catch (error) {
      connection.end();
      await found.catch(() => {});
      throw new Error(`the system bus does not answer: ${messageOf(error)}`, { cause: error });
    }
    // An owner that is not there yet is followed; one whose changes are not told cannot be.
    const [, name] = await found.catch(() => []);
    if (!hasChanged) owner = nameIn(name);
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
        return link.connection.call(call, signal);
      }),
    get knowsSystemd() {
      return link?.knowsSystemd() === true;
    },
    close() {
      link?.connection.end();
      link = undefined;
    },
  };
}

interface Link {
  readonly connection: Connection;
  readonly knowsSystemd: () => boolean;
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

const OWNER_CHANGES =
  `type='signal',sender='${DAEMON.destination}',interface='${DAEMON.interface}',` +
  `member='NameOwnerChanged',arg0='${MANAGER.destination}'`;

const isOwnerChange = ({ sender, interface: face, member }: SignalHeader): boolean =>
  sender === DAEMON.destination && face === DAEMON.interface && member === 'NameOwnerChanged';

/** A unique name, or `undefined` for none. */
const nameIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
