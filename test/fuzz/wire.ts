import { connect, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** Raw response of a connection. */
export interface Reply {
  readonly status: number;
  /** Header lines as received, without line ends. */
  readonly lines: readonly string[];
  readonly header: (name: string) => string | undefined;
  /** Text of the response, decompressed. */
  readonly body: string;
  /** `true` if more bytes follow the response, such as a second response. */
  readonly extra: boolean;
}

/** Connection for several requests, without the input validation of an HTTP client. */
export class Wire {
  readonly #port: number;
  #socket: Socket | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /**
   * Sends bytes. `undefined`: the connection was closed without a response. With `last`, nothing more is sent on it.
   */
  send(bytes: Uint8Array, { last = false, head = false } = {}): Promise<Reply | undefined> {
    const socket = (this.#socket ??= connect({ port: this.#port, host: '127.0.0.1', noDelay: true }));
    return new Promise((resolve) => {
      let heard = Buffer.alloc(0);
      const finish = (reply: Reply | undefined, goesOn: boolean): void => {
        socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error');
        if (!goesOn || last) this.#drop(socket);
        resolve(reply);
      };
      socket.on('error', () => undefined);
      socket.on('close', () => finish(parse(heard, head, true)?.reply, false));
      socket.on('data', (chunk: Buffer) => {
        heard = Buffer.concat([heard, chunk]);
        const parsed = parse(heard, head, false);
        if (parsed) finish(parsed.reply, parsed.goesOn);
      });
      if (last) socket.end(bytes);
      else socket.write(bytes);
    });
  }

  close(): void {
    if (this.#socket) this.#drop(this.#socket);
  }

  /** Reset instead of closed: 100,000 closed connections would use up the ports of this machine. */
  #drop(socket: Socket): void {
    if (this.#socket === socket) this.#socket = undefined;
    socket.on('error', () => undefined);
    socket.resetAndDestroy();
  }
}

/** Parses one response; `undefined` while it is incomplete. */
function parse(
  bytes: Buffer,
  head: boolean,
  isClosed: boolean,
): { reply: Reply; goesOn: boolean } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const [, digits = '0'] = /^HTTP\/1\.1 (\d{3}) [ -~]*$/.exec(first) ?? [];
  const header = (name: string): string | undefined =>
    lines
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const rest = bytes.subarray(end + 4);
  // An interim response, for a client that waits before it sends its body.
  if (digits === '100') return parse(rest, head, isClosed);
  const reply = (body: Buffer, extra: boolean): Reply => ({
    ...{ status: Number(digits), lines, header, extra },
    body: (header('content-encoding') === 'gzip' && body.length > 0 ? gunzipSync(body) : body).toString(
      'utf8',
    ),
  });
  // A stream does not end: its first bytes are enough.
  if (header('transfer-encoding') !== undefined) {
    const begun = rest.includes('event: view') || isClosed;
    const chunks = Buffer.from(
      rest
        .toString('latin1')
        .replace(/(^|\r\n)[0-9a-f]+\r\n/g, '')
        .replace(/\r\n$/, ''),
      'latin1',
    );
    return begun ? { reply: reply(chunks, false), goesOn: false } : undefined;
  }
  const length = head ? 0 : Number(header('content-length') ?? (isClosed ? rest.length : NaN));
  if (Number.isNaN(length))
    return header('connection') === 'close' && !isClosed
      ? undefined
      : { reply: reply(rest, false), goesOn: false };
  if (rest.length < length) return undefined;
  const goesOn = !/close/i.test(header('connection') ?? '');
  return { reply: reply(rest.subarray(0, length), rest.length > length), goesOn };
}
