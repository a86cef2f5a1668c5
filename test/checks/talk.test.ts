import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Conversation, shown } from '../../src/checks/conversation.js';
import { verdictOfFailure } from '../../src/checks/failure.js';
import { READY, type ReadyProtocol } from '../../src/checks/ready.js';

/** A connection whose other side says what the test says, and whose sent bytes are kept. */
class Line extends EventEmitter {
  sent = '';
  paused = 0;
  /** Says something back to each thing that is sent, in order. */
  answers: string[] = [];

  write(data: string | Uint8Array): void {
    this.sent += typeof data === 'string' ? data : Buffer.from(data).toString('latin1');
    const answer = this.answers.shift();
    if (answer !== undefined) this.says(answer);
  }
  pause(): void {
    this.paused += 1;
  }
  says(text: string): void {
    this.emit('data', Buffer.from(text, 'latin1'));
  }
}
const begun = (): { line: Line; talk: Conversation } => {
  const line = new Line();
  return { line, talk: new Conversation(line as unknown as Socket) };
};

/** Asks a server that greets and answers so, and then hangs up; returns the verdict and what it was sent. */
async function asked(ready: ReadyProtocol, greeting: string, ...answers: string[]) {
  const { line, talk } = begun();
  line.answers = answers;
  if (greeting !== '') line.says(greeting);
  const judged = READY[ready](talk).then(
    () => ({ status: 'ok', reason: '' }),
    (error: unknown) => verdictOfFailure('server', error),
  );
  setImmediate(() => line.emit('close'));
  return { ...(await judged), sent: line.sent };
}

const SILENT = 'server closed the connection without an answer';
const mysql = (body: string): string => `${String.fromCharCode(body.length)}\0\0\0${body}`;
const postgres = (body: string): string => `E\0\0\0${String.fromCharCode(body.length + 4)}${body}`;

describe('a server that is asked in its own protocol', () => {
  it.each<[ReadyProtocol, string, string, string, string]>([
    ['redis', '', '+PONG\r\n', 'ok', ''],
    ['redis', '', '-NOAUTH Authentication required.\r\n', 'ok', ''],
    ['redis', '', '-NOPERM no right\r\n', 'ok', ''],
    ['redis', '', '-LOADING dataset\r\n', 'unknown', 'server: it is loading its data'],
    ['redis', '', '-ERR busy\r\n', 'bad', 'server answered "-ERR busy"'],
    ['redis', '', '', 'bad', SILENT],
    ['postgres', '', 'R', 'ok', ''],
    ['postgres', '', 'X', 'bad', 'server answered "X"'],
    ['postgres', '', postgres('SFATAL\0C57P03\0Mit starts\0\0'), 'unknown', 'server: it starts'],
    ['postgres', '', postgres('SFATAL\0C53300\0Mtoo many\0\0'), 'bad', 'server answered "too many"'],
    ['postgres', '', postgres('SFATAL\0C58030\0Mdisk\0\0'), 'bad', 'server answered "disk"'],
    ['postgres', '', postgres('SFATAL\0CXX000\0\0'), 'bad', 'server answered ""'],
    ['postgres', '', postgres('SFATAL\0C28P01\0Mno\0\0'), 'ok', ''],
    ['postgres', '', postgres('SFATAL\0Mno code\0\0'), 'ok', ''],
    ['postgres', '', 'E\0\0\0\x04', 'ok', ''],
    ['postgres', '', 'E\0\0\0\0', 'ok', ''],
    ['mysql', mysql('\x0a8.0.36\0'), '', 'ok', ''],
    ['mysql', mysql('\x0a'), '', 'ok', ''],
    ['mysql', mysql('\x0a').replace('\0\0\0', '\0\0\x01'), '', 'ok', ''],
    ['mysql', mysql('\xff\x10\x04Too many connections'), '', 'bad', 'server answered "Too many connections"'],
    ['mysql', mysql('\x098.0.36\0'), '', 'bad', 'server does not speak the MySQL protocol'],
    ['mysql', 'SSH-2.0-x'.padEnd(2_000), '', 'bad', 'server does not speak the MySQL protocol'],
    ['mysql', '\0\0\0\0', '', 'bad', SILENT],
    ['smtp', '220 mail\r\n', '250 mail\r\n', 'ok', ''],
    ['smtp', '220-one\r\n220-two\r\n220 three\r\n', '250-mail\r\n250 HELP\r\n', 'ok', ''],
    ['smtp', '220\r\n', '250 mail\r\n', 'ok', ''],
    ['smtp', '421 busy\r\n', '', 'bad', 'server answered "421 busy"'],
    ['smtp', '220 mail\r\n', '502 no\r\n', 'bad', 'server answered "502 no"'],
    ['dns', '', '\0\x0cLH\x81\x80', 'ok', ''],
    ['dns', '', '\0\x0cLH\x81\x85', 'ok', ''],
    ['dns', '', '\0\x0cLH\x81\x83', 'ok', ''],
    ['dns', '', '\0\x0cLH\x81\x82', 'bad', 'server answered with a server failure'],
    ['dns', '', '\0\x0cLH\x01\x80', 'bad', 'server does not speak the DNS protocol'],
    ['dns', '', '\0\x0cLI\x81\x80', 'bad', 'server does not speak the DNS protocol'],
    ['mqtt', '', '\x20\x02\0\0', 'ok', ''],
    ['mqtt', '', '\x20\x02\0\x05', 'ok', ''],
    ['mqtt', '', '\x20\x02\0\x03', 'bad', 'server answered that it is unavailable'],
    ['mqtt', '', '\x30\x02\0\0', 'bad', 'server does not speak the MQTT protocol'],
    ['mqtt', '', '\x20\x02\0', 'bad', 'server answered " "'],
    ['ldap', '', '0', 'ok', ''],
    ['ldap', '', '1', 'bad', 'server does not speak the LDAP protocol'],
    ['ssh', 'SSH-1.99-old\r\n', '', 'ok', ''],
    ['ssh', 'SSH-1.5-old\r\n', '', 'bad', 'server answered "SSH-1.5-old"'],
    ['ftp', '220-hello\r\n', '', 'ok', ''],
    ['ftp', '421 no\r\n', '', 'bad', 'server answered "421 no"'],
    ['pop3', '-ERR no\r\n', '', 'bad', 'server answered "-ERR no"'],
    ['imap', '* PREAUTH hello\r\n', '', 'ok', ''],
    ['nntp', '201 no posting\r\n', '', 'ok', ''],
    ['nntp', '202 what\r\n', '', 'bad', 'server answered "202 what"'],
    ['rsync', '@ERROR\n', '', 'bad', 'server answered "@ERROR"'],
    ['memcached', '', 'ERROR\r\n', 'bad', 'server answered "ERROR"'],
    ['clamav', '', 'UNKNOWN COMMAND\n', 'bad', 'server answered "UNKNOWN COMMAND"'],
    ['spamassassin', '', 'SPAMD/1.5 76 Bad\r\n', 'bad', 'server answered "SPAMD/1.5 76 Bad"'],
    ['sip', '', 'SIP/2.0 404 Not Found\r\n', 'ok', ''],
    ['sip', '', 'SIP/2.0 500 no\r\n', 'bad', 'server answered "SIP/2.0 500 no"'],
  ])('%s that greets with %j and answers %j is %s: %s', async (ready, greeting, answer, status, reason) => {
    const { status: got, reason: why } = await asked(ready, greeting, ...(answer === '' ? [] : [answer]));
    expect([got, why]).toEqual([status, reason]);
  });

  it.each<[ReadyProtocol, string, string]>([
    ['redis', '', 'PING\r\n'],
    ['postgres', '', '\0\0\0\x2c\0\x03\0\0user\0healthcheck\0database\0postgres\0\0'],
    ['smtp', '220 mail\r\n', 'EHLO localhost\r\n'],
    ['dns', '', '\0\x11LH\x01\0\0\x01\0\0\0\0\0\0\0\0\x02\0\x01'],
    ['mqtt', '', '\x10\x0c\0\x04MQTT\x04\x02\0\x05\0\0'],
    ['ldap', '', '0\x0c\x02\x01\x01`\x07\x02\x01\x03\x04\0\x80\0'],
    ['memcached', '', 'version\r\n'],
    ['clamav', '', 'PING\n'],
    ['spamassassin', '', 'PING SPAMC/1.2\r\n\r\n'],
    ['ssh', '', ''],
    ['mysql', '', ''],
  ])('%s is sent the bytes of its protocol', async (ready, greeting, bytes) => {
    expect((await asked(ready, greeting)).sent).toBe(bytes);
  });

  it('gets a goodbye over SMTP, and a question for its options over SIP', async () => {
    const { sent } = await asked('smtp', '220 mail\r\n', '250 mail\r\n');
    expect(sent).toBe('EHLO localhost\r\nQUIT\r\n');
    expect((await asked('sip', '')).sent).toMatch(/^OPTIONS sip:healthcheck SIP\/2\.0\r\n(.+\r\n)+\r\n$/);
  });

  it('is starting, which a restart would only prolong: a short state', async () => {
    const { talk, line } = begun();
    line.answers = ['-LOADING dataset\r\n'];
    await expect(READY.redis(talk)).rejects.toMatchObject({ transient: true });
    const other = begun();
    other.line.answers = [postgres('SFATAL\0C57P03\0Mit starts\0\0')];
    await expect(READY.postgres(other.talk)).rejects.toMatchObject({ transient: true });
  });
});

describe('a conversation over a socket', () => {
  it('reads one line after the other, in whatever pieces they come', async () => {
    const { line, talk } = begun();
    line.says('one\r\ntw');
    expect(await talk.line()).toBe('one');
    const second = talk.line();
    line.says('o\n');
    expect(await second).toBe('two');
    line.says('\r\n');
    expect(await talk.line()).toBe('');
    line.says('\nthree\n');
    expect(await talk.line()).toBe('');
    expect(await talk.line()).toBe('three');
  });

  it('reads so many bytes, and leaves the rest', async () => {
    const { line, talk } = begun();
    const three = talk.bytes(3);
    line.says('ab');
    line.says('cdef');
    expect((await three).toString()).toBe('abc');
    expect((await talk.bytes(3)).toString()).toBe('def');
  });

  it.each<[string, string | RegExp, string[], string | undefined]>([
    ['a text within a line', 'ready', ['all ready now'], undefined],
    ['a text in two pieces', 'ready', ['rea', 'dy'], undefined],
    ['a text with signs of a regular expression', '+PONG?', ['+PONG?'], undefined],
    ['a text with a dot, which is no other sign', 'a.c', ['abc\n'], 'answered "abc"'],
    ['a match', /^\d+ ready/, ['12 ready'], undefined],
    ['a match over lines', /two$/, ['one two'], undefined],
    ['another line', 'ready', ['busy\r\n'], 'answered "busy"'],
    ['a line without a match', /ready/, ['busy\n'], 'answered "busy"'],
    ['a line that is not whole, and then its end', 'ready', ['bus', 'y\n'], 'answered "busy"'],
  ])('waits for %s', async (_what, expected, pieces, problem) => {
    const { line, talk } = begun();
    const waited = talk.expect(expected).then(
      () => undefined,
      (error: Error) => error.message,
    );
    for (const piece of pieces) {
      line.says(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await waited).toBe(problem);
  });

  it('drops what it read for one answer before the next one', async () => {
    const { line, talk } = begun();
    line.says('one ready');
    await talk.expect('ready');
    const next = talk.expect('ready');
    line.says('busy\n');
    await expect(next).rejects.toThrow('answered "busy"');
  });

  it.each<[string, (line: Line) => void, string]>([
    ['is closed', (line) => line.emit('close'), 'closed the connection without an answer'],
    ['fails', (line) => line.emit('error', new Error('reset')), 'reset'],
    [
      'fails and is closed',
      (line) => {
        line.emit('error', new Error('reset'));
        line.emit('close');
      },
      'reset',
    ],
    [
      'is closed after half of an answer',
      (line) => {
        line.says(' 22\n');
        line.emit('close');
      },
      'answered "22"',
    ],
    [
      'is closed after white space',
      (line) => {
        line.says(' \r');
        line.emit('close');
      },
      'closed the connection without an answer',
    ],
  ])('ends in an error when it %s', async (_what, happen, message) => {
    const { line, talk } = begun();
    const early = begun();
    happen(early.line);
    const waited = talk.bytes(9);
    happen(line);
    await expect(waited).rejects.toThrow(message);
    await expect(early.talk.bytes(9)).rejects.toThrow(message);
  });

  it('still reads what came before its end', async () => {
    const { line, talk } = begun();
    line.says('220 ready\n');
    line.emit('close');
    expect(await talk.line()).toBe('220 ready');
  });

  it('reads 64 KiB for an answer, and no more', async () => {
    const { line, talk } = begun();
    line.says('x'.repeat(65_536));
    expect(line.paused).toBe(0);
    expect((await talk.bytes(65_536)).length).toBe(65_536);
    const much = begun();
    const waited = much.talk.line();
    much.line.says('x'.repeat(65_536));
    much.line.says('x');
    expect(much.line.paused).toBe(1);
    await expect(waited).rejects.toThrow('did not answer as expected');
  });

  it('sends text and bytes', () => {
    const { line, talk } = begun();
    talk.send('PING');
    talk.send(Buffer.from([10]));
    expect(line.sent).toBe('PING\n');
  });

  it.each([
    ['  220 ready\r\n', '"220 ready"'],
    ['a\r\nb\tc', '"a b c"'],
    ['ä~ ', '" ~"'],
    ['x'.repeat(61), `"${'x'.repeat(60)}"`],
    ['say "hi"', '"say \\"hi\\""'],
  ])('shows %j as %s', (said, short) => expect(shown(said)).toBe(short));
});
