import { CannotTell, WrongAnswer } from './failure.js';
import { shown, type Conversation } from './conversation.js';

/** Asks a server in its own protocol whether it serves. Rejects when it does not. */
type Ready = (talk: Conversation) => Promise<void>;

const wrong = (said: string): WrongAnswer => new WrongAnswer(`answered ${shown(said)}`);

/** A server that speaks first, or answers a line with a line. */
const line =
  (expected: RegExp, send?: string): Ready =>
  async (talk) => {
    if (send !== undefined) talk.send(send);
    const said = await talk.line();
    if (!expected.test(said)) throw wrong(said);
  };

const redis: Ready = async (talk) => {
  talk.send('PING\r\n');
  const said = await talk.line();
  // A restart would make it load again.
  if (said.startsWith('-LOADING')) throw new CannotTell('it is loading its data', true);
  // It wants a password, so it serves.
  if (!/^\+PONG|^-NOAUTH|^-NOPERM/.test(said)) throw wrong(said);
};

/** As `pg_isready` asks: the start of a connection, which the server answers with a request to authenticate. */
const postgres: Ready = async (talk) => {
  const body = Buffer.from('user\0healthcheck\0database\0postgres\0\0');
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(196_608, 4);
  talk.send(Buffer.concat([head, body]));
  const kind = await talk.bytes(1);
  if (kind.toString() === 'R') return;
  if (kind.toString() !== 'E') throw wrong(kind.toString('latin1'));
  const length = (await talk.bytes(4)).readInt32BE();
  const fields = (await talk.bytes(Math.max(0, Math.min(length - 4, 8_192)))).toString('utf8').split('\0');
  const code = fields.find((field) => field.startsWith('C'))?.slice(1);
  const message = fields.find((field) => field.startsWith('M'))?.slice(1) ?? '';
  // cannot_connect_now: it is starting, stopping or recovering.
  if (code === '57P03') throw new CannotTell(message, true);
  // Too many connections, or a failure of the server itself. Everything else refuses this user only.
  if (code !== undefined && /^53|^58|^XX/.test(code)) throw wrong(message);
};

const smtp: Ready = async (talk) => {
  const answer = async (): Promise<string> => {
    for (;;) {
      const said = await talk.line();
      if (!/^\d{3}-/.test(said)) return said;
    }
  };
  const greeting = await answer();
  if (!/^220[ -]?/.test(greeting)) throw wrong(greeting);
  talk.send('EHLO localhost\r\n');
  const said = await answer();
  talk.send('QUIT\r\n');
  if (!said.startsWith('250')) throw wrong(said);
};

const mysql: Ready = async (talk) => {
  const length = (await talk.bytes(4)).readUIntLE(0, 3);
  const body = await talk.bytes(Math.max(1, Math.min(length, 1_024)));
  // 255 is an error packet, such as too many connections.
  if (body[0] === 255) throw wrong(body.toString('latin1', 3));
  if (body[0] !== 10) throw new WrongAnswer('does not speak the MySQL protocol');
};

/** Asks for the name servers of the root: each name server answers, if only with a refusal. */
const dns: Ready = async (talk) => {
  const query = Buffer.from([0x4c, 0x48, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1]);
  talk.send(Buffer.concat([Buffer.from([0, query.length]), query]));
  const head = await talk.bytes(6);
  const code = head[5]! & 15;
  if (head.readUInt16BE(2) !== 0x4c48 || (head[4]! & 128) === 0)
    throw new WrongAnswer('does not speak the DNS protocol');
  // 2 is a failure of the server.
  if (code === 2) throw new WrongAnswer('answered with a server failure');
};

const mqtt: Ready = async (talk) => {
  talk.send(Buffer.from([0x10, 12, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 5, 0, 0]));
  const answer = await talk.bytes(4);
  if (answer[0] !== 0x20) throw new WrongAnswer('does not speak the MQTT protocol');
  if (answer[3] === 3) throw new WrongAnswer('answered that it is unavailable');
};

/** An anonymous bind, and its answer. */
const ldap: Ready = async (talk) => {
  talk.send(Buffer.from([0x30, 12, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0]));
  const [tag] = await talk.bytes(1);
  if (tag !== 0x30) throw new WrongAnswer('does not speak the LDAP protocol');
};

/** Request to each server. */
export const READY = {
  redis,
  postgres,
  smtp,
  mysql,
  dns,
  mqtt,
  ldap,
  ssh: line(/^SSH-2\.0-|^SSH-1\.99-/),
  ftp: line(/^220/),
  pop3: line(/^\+OK/),
  imap: line(/^\* OK|^\* PREAUTH/),
  nntp: line(/^20[01]/),
  rsync: line(/^@RSYNCD:/),
  memcached: line(/^VERSION /, 'version\r\n'),
  clamav: line(/^PONG/, 'PING\n'),
  spamassassin: line(/^SPAMD\/[\d.]+ 0/, 'PING SPAMC/1.2\r\n\r\n'),
  sip: line(
    /^SIP\/2\.0 (?!5)/,
    'OPTIONS sip:healthcheck SIP/2.0\r\nVia: SIP/2.0/TCP localhost;branch=z9hG4bKhealth\r\nFrom: <sip:healthcheck@localhost>;tag=1\r\nTo: <sip:healthcheck@localhost>\r\nCall-ID: healthcheck\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n',
  ),
} as const satisfies Record<string, Ready>;

/** A server that can be asked in its own protocol. */
export type ReadyProtocol = keyof typeof READY;
