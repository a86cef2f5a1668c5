import { createConnection, type Socket } from 'node:net';
import { asError } from '../../../base/errors.js';
import { createFlood } from './flood.js';
import { createFrames, type MessageHeader } from './frames.js';
import { createHandshake, HANDSHAKE } from './handshake.js';
import { MessageType } from './header.js';
import { createPendingCalls } from './pending-calls.js';
import { marshalCall, type MethodCall } from './marshal.js';
import { unmarshal } from './unmarshal.js';

/** Bytes read at once. */
const READ_BYTES = 2 ** 16;
/** Above this limit of unread bytes calls are rejected. */
const MAX_UNSENT_BYTES = 2 ** 20;
/** Interval of reads in a flood of unwanted signals, in milliseconds, unless a call is pending. */
const READ_EVERY_MS = 25;

export type SignalHeader = Pick<MessageHeader, 'sender' | 'path' | 'interface' | 'member'>;

export interface BusSignal extends SignalHeader {
  readonly body: readonly unknown[];
}

export interface ConnectionOptions {
  /** Path of the bus's socket; an abstract one begins with a zero. */
  readonly path: string;
  /** Timeout of a call, in milliseconds; the first one includes connecting. */
  readonly timeoutMs: number;
  /** Returns whether a signal is wanted. Others, which every user of the host can send, are skipped unread. */
  readonly accepts: (signal: SignalHeader) => boolean;
  /** Returns whether this sender may reply to a call to that destination. */
  readonly mayAnswer: (sender: string, destination: string) => boolean;
  /** Called with each signal that was accepted. */
  readonly onSignal: (signal: BusSignal) => void;
  /** Called once when the connection ends, unless `end` ended it. */
  readonly onEnd: (reason: Error) => void;
}

/**
 * Connects to a bus. Calls wait until the bus has accepted the client. The connection keeps the process alive only while a
 * call is pending.
 */
export function connectToBus(options: ConnectionOptions) {
  const { path, timeoutMs, accepts, mayAnswer, onSignal, onEnd } = options;
  const handshake = createHandshake();
  let isAccepted = false;
  let ended: Error | undefined;
  let serial = 0;
  /** Messages that wait for the end of the handshake. */
  const unsent: Buffer[] = [];

  const flood = createFlood();
  let nextRead: NodeJS.Timeout | undefined;
  const frames = createFrames({
    wants(header) {
      const { type, replySerial, sender } = header;
      if (type === MessageType.SIGNAL) {
        const wanted = accepts(header);
        if (!wanted) flood.count();
        return wanted;
      }
      const isReply = type === MessageType.RETURN || type === MessageType.ERROR;
      const call = isReply ? pending.get(replySerial)?.call : undefined;
      return call !== undefined && mayAnswer(sender, call.destination);
    },
    message(header, body) {
      const values = unmarshal(body, header.signature, header.littleEndian);
      const { type, replySerial } = header;
      if (type === MessageType.SIGNAL) onSignal({ ...header, body: values });
      else if (type === MessageType.RETURN) pending.get(replySerial)?.resolve(values[0]);
      else pending.get(replySerial)?.reject(replyError(header.errorName, values[0]));
    },
    tooLong(header, bytes) {
      if (header.type === MessageType.SIGNAL) onSignal({ ...header, body: [] });
      else pending.get(header.replySerial)?.reject(new Error(`the answer is too long: ${bytes} bytes`));
    },
  });

  function received(bytes: number, buffer: Uint8Array): boolean {
    try {
      let piece: Buffer | undefined = (buffer as Buffer).subarray(0, bytes);
      if (!isAccepted) {
        piece = handshake(piece);
        isAccepted = piece !== undefined;
        if (isAccepted) for (const message of unsent.splice(0)) send(message);
      }
      if (piece !== undefined) frames(piece);
    } catch (error) {
      end(asError(error));
    }
    if (ended !== undefined || isWaiting || !flood.isOn) return true;
    // Waking up for each signal costs ten times as much as reading it.
    nextRead ??= setTimeout(readOn, READ_EVERY_MS).unref();
    return false;
  }

  function readOn(): void {
    clearTimeout(nextRead);
    nextRead = undefined;
    socket.resume();
  }

  /** Sends the messages of one turn of the event loop together. */
  function send(message: Buffer): void {
    if (!isAccepted) return void unsent.push(message);
    socket.cork();
    process.nextTick(() => socket.uncork());
    socket.write(message);
  }

  function end(reason: Error): void {
    if (ended !== undefined) return;
    ended = reason;
    socket.destroy();
    pending.end(reason);
    onEnd(reason);
  }

  const socket: Socket = createConnection({
    path,
    onread: { buffer: Buffer.allocUnsafe(READ_BYTES), callback: received },
  });
  let isWaiting = false;
  const pending = createPendingCalls(timeoutMs, (waits) => {
    isWaiting = waits;
    if (waits) socket.ref();
    else socket.unref();
    if (waits && nextRead) readOn();
  });
  socket.unref();
  socket.on('error', end);
  for (const event of ['end', 'close'])
    socket.on(event, () => end(new Error('the bus closed the connection')));
  socket.write(HANDSHAKE);

  return {
    /** Calls a method and returns its first value. Rejects on timeout, on abort, and if the connection ends. */
    async call(call: MethodCall, signal?: AbortSignal): Promise<unknown> {
      if (ended !== undefined) throw ended;
      signal?.throwIfAborted();
      if (socket.writableLength > MAX_UNSENT_BYTES) throw new Error('the bus does not read');
      serial = (serial % 0xffff_ffff) + 1;
      send(marshalCall(serial, call));
      return pending.add(serial, call, signal);
    },
    end() {
      ended ??= new Error('the connection was closed');
      socket.destroy();
      pending.end(ended);
    },
  };
}

const MAX_ERROR_LENGTH = 500;
const replyError = (name: string, text: unknown): Error =>
  new Error((typeof text === 'string' && text !== '' ? text : name).slice(0, MAX_ERROR_LENGTH));
