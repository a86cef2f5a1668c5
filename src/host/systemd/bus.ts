import { messageOf } from '../../base/errors.js';
import { socketPath } from './bus/address.js';
import { connectToBus, type BusSignal, type SignalHeader } from './bus/connection.js';
import type { MethodCall } from './bus/marshal.js';

/** Limit of pending calls; that of dbus-daemon is 128. */
const MAX_PENDING = 64;

export interface SystemBusOptions {
  /** Default: `DBUS_SYSTEM_BUS_ADDRESS`, or the well-known socket. */
  readonly address?: string | undefined;
  /** Timeout of a call, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Called with every signal of systemd that matches a rule, and when the owner of systemd's name has changed. */
  readonly onSignal?: (signal: BusSignal) => void;
  /** Called with the reason when a connection has ended, unless `close` ended it. */
  readonly onLost?: (reason: string) => void;
}

export type SystemBus = ReturnType<typeof createSystemBus>;

/** Creates a connection to the system bus, opened on demand. It keeps the process alive only while a call is pending. */
export function createSystemBus(options: SystemBusOptions) {
  const { timeoutMs = 5_000, onSignal, onLost } = options;
  const inSlot = createSlots(MAX_PENDING);
  let link: Link | undefined;
  let opening: Promise<number> | undefined;
  let connections = 0;

  async function connect(): Promise<number> {
    let hasChanged = false;
    const connection = connectToBus({
      path: socketPath(options.address),
      timeoutMs,
      accepts: (signal) =>
        isOwnerChange(signal) || (made.owner !== undefined && signal.sender === made.owner),
      // While the owner is unknown, only the bus ensures that a reply comes from the callee.
      mayAnswer: (sender, destination) =>
        sender === DAEMON.destination ||
        (destination !== DAEMON.destination && (made.owner === undefined || sender === made.owner)),
      onSignal(signal) {
        if (isOwnerChange(signal)) {
          if (signal.body[0] !== MANAGER.destination) return;
          hasChanged = true;
          made.owner = nameIn(signal.body[2]);
        }
        if (link === made) onSignal?.(signal);
      },
      onEnd(reason) {
        if (link !== made) return;
        link = undefined;
        if (made.ready) onLost?.(`the connection to the system bus has ended (${reason.message})`);
      },
    });
    const made: Link = { connection, ready: false, owner: undefined };
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
    // Without `NameOwnerChanged` signals the owner stays unknown.
    const [, name] = await found.catch(() => []);
    if (!hasChanged) made.owner = nameIn(name);
    made.ready = true;
    return ++connections;
  }

  return {
    /** Connects if there is no connection. Returns the number of the connection, a new one each time. */
    async open(): Promise<number> {
      if (link?.ready) return connections;
      opening ??= connect().finally(() => {
        opening = undefined;
      });
      return opening;
    },
    /** Calls a method over the open connection. Rejects on timeout, on abort, and if the connection ends. */
    call: (call: MethodCall, signal?: AbortSignal): Promise<unknown> =>
      inSlot(async () => {
        if (!link?.ready) throw new Error('the connection to the system bus was lost');
        return link.connection.call(call, signal);
      }),
    /** True if the bus name of systemd has an owner; signals from other senders are dropped. */
    get knowsSystemd() {
      return link?.owner !== undefined;
    },
    /** Ends the connection and pending calls; a later `open` connects again. */
    close() {
      link?.connection.end();
      link = undefined;
    },
  };
}

interface Link {
  readonly connection: ReturnType<typeof connectToBus>;
  /** Bus name of systemd; `undefined` if it has none, or if it is not known. */
  owner: string | undefined;
  ready: boolean;
}

/** Object of the bus daemon. */
export const DAEMON = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const;

/** Object of the systemd manager. */
export const MANAGER = {
  destination: 'org.freedesktop.systemd1',
  path: '/org/freedesktop/systemd1',
  interface: 'org.freedesktop.systemd1.Manager',
} as const;

/** Limits how many calls run at once; the others wait in order. */
export function createSlots(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = count;
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // Passes the slot on directly, so that a new call cannot overtake.
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

const OWNER_CHANGES =
  `type='signal',sender='${DAEMON.destination}',interface='${DAEMON.interface}',` +
  `member='NameOwnerChanged',arg0='${MANAGER.destination}'`;

const isOwnerChange = ({ sender, interface: face, member }: SignalHeader): boolean =>
  sender === DAEMON.destination && face === DAEMON.interface && member === 'NameOwnerChanged';

/** Returns a bus name, or `undefined` for none. */
const nameIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
