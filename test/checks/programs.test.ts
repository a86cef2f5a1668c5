import dgram, { createSocket, type RemoteInfo } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { clock, command, timer } from '../../src/checks/index.js';
import { clockWith, type ClockOptions } from '../../src/checks/clock.js';
import { findProcesses } from '../../src/checks/process-find.js';
import { processWith } from '../../src/checks/process.js';
import { ProcessTable } from '../../src/checks/process-table.js';
import { timerWith } from '../../src/checks/timer.js';
import { folder, verdictOf } from './house.js';

const NOW = 1_800_000_000;
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  syncBuiltinESMExports();
});

const programs = mkdtempSync(join(tmpdir(), 'checks-'));
afterAll(() => rmSync(programs, { recursive: true, force: true }));
let made = 0;
/** Creates a program that runs a shell script. */
function program(script: string): string {
  made += 1;
  const path = join(programs, String(made));
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}
/** Makes a program the one that is found by a name. */
function installed(name: string, script: string): void {
  const at = folder();
  writeFileSync(join(at, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${at}:${process.env['PATH']}`);
}
const lines = (values: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');

describe('the check timer', () => {
  const timerIs = {
    ...{ LoadState: 'loaded', ActiveState: 'active', Unit: 'b.service', LastTriggerUSec: `@${NOW - 50}` },
    ActiveEnterTimestamp: `@${NOW - 9_000}`,
  };
  const unitIs = { ActiveState: 'inactive', Result: 'success', ExecMainExitTimestamp: `@${NOW - 40}` };
  const judge = async (timerSays: object, unitSays: object, name = 'b') => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW * 1_000 });
    const at = folder();
    writeFileSync(join(at, 'b.timer'), lines({ ...timerIs, ...timerSays }));
    writeFileSync(join(at, 'b.service'), lines({ ...unitIs, ...unitSays }));
    const check = timerWith(
      { timer: name, maxAgeSeconds: 60 },
      program(`[ "$5" ] || { echo no unit >&2; exit 1; }; cat "${at}/$5"`),
    );
    return verdictOf(check);
  };
  const ran = (value: number) => ({ value, threshold: 60, valueUnit: 's' });
  const before = (seconds: number): string => `@${NOW - seconds}`;

  it.each<[string, object, object, object]>([
    ['ran lately', {}, {}, { status: 'ok', reason: 'timer:b.timer ran 40 s ago', ...ran(40) }],
    [
      'ran just within its greatest age',
      { LastTriggerUSec: before(70) },
      { ExecMainExitTimestamp: before(60) },
      { status: 'ok', reason: 'timer:b.timer ran 1 min ago', ...ran(60) },
    ],
    [
      'ran too long ago',
      { LastTriggerUSec: before(70) },
      { ExecMainExitTimestamp: before(61) },
      { status: 'bad', reason: 'timer:b.timer ran 1 min 1 s ago, over 1 min', ...ran(61) },
    ],
    [
      'started what has no end yet known',
      { LastTriggerUSec: before(55) },
      { ExecMainExitTimestamp: '' },
      { status: 'ok', reason: 'timer:b.timer ran 55 s ago', ...ran(55) },
    ],
    [
      'started a service that stays active',
      { LastTriggerUSec: before(900) },
      { ExecMainExitTimestamp: '', ActiveState: 'active', ActiveEnterTimestamp: before(30) },
      { status: 'ok', reason: 'timer:b.timer ran 30 s ago', ...ran(30) },
    ],
    [
      'ran in the future, by a clock that was set back',
      {},
      { ExecMainExitTimestamp: before(-30) },
      { status: 'ok', reason: 'timer:b.timer ran 0 ms ago', ...ran(0) },
    ],
    [
      'started what runs now',
      {},
      { ActiveState: 'activating', InactiveExitTimestamp: before(60) },
      { status: 'ok', reason: 'b.service runs now' },
    ],
    [
      'started what reloads',
      {},
      { ActiveState: 'reloading', InactiveExitTimestamp: '' },
      { status: 'ok', reason: 'b.service runs now' },
    ],
    [
      'started what hangs',
      {},
      { ActiveState: 'activating', InactiveExitTimestamp: before(61) },
      { status: 'bad', reason: 'timer:b.timer started b.service, which has run for 1 min 1 s', ...ran(61) },
    ],
    [
      'started what failed',
      {},
      { Result: 'exit-code' },
      { status: 'bad', reason: 'timer:b.timer started b.service, which failed (exit-code)' },
    ],
    [
      'has not run yet, and is new',
      { LastTriggerUSec: '', ActiveEnterTimestamp: before(60) },
      { ExecMainExitTimestamp: '' },
      { status: 'ok', reason: 'timer:b.timer has not run yet, and is active for 1 min' },
    ],
    [
      'has never run, and is not new',
      { LastTriggerUSec: '', ActiveEnterTimestamp: before(61) },
      { ExecMainExitTimestamp: '' },
      { status: 'bad', reason: 'timer:b.timer has never run' },
    ],
    [
      'is stopped',
      { ActiveState: 'inactive' },
      {},
      { status: 'bad', reason: 'timer:b.timer is inactive, so it starts nothing' },
    ],
    [
      'has no state',
      { ActiveState: '' },
      {},
      { status: 'bad', reason: 'timer:b.timer is unknown, so it starts nothing' },
    ],
    [
      'has a state that systemd does not tell',
      { ActiveState: undefined },
      {},
      { status: 'bad', reason: 'timer:b.timer is unknown, so it starts nothing' },
    ],
    [
      'starts what has no result, as a target',
      {},
      { Result: undefined },
      { status: 'ok', reason: 'timer:b.timer ran 40 s ago', ...ran(40) },
    ],
    [
      'starts what systemd does not tell',
      { Unit: undefined },
      {},
      { status: 'unknown', reason: 'timer:b.timer: systemd cannot be asked: no unit' },
    ],
    [
      'became active in the future, by a clock that was set back',
      { LastTriggerUSec: '', ActiveEnterTimestamp: before(-30) },
      { ExecMainExitTimestamp: '' },
      { status: 'ok', reason: 'timer:b.timer has not run yet, and is active for 0 ms' },
    ],
    [
      'is not known to systemd',
      { LoadState: 'not-found' },
      {},
      { status: 'unknown', reason: 'timer:b.timer: systemd does not know b.timer' },
    ],
  ])('judges a timer that %s', async (_what, timerSays, unitSays, verdict) =>
    expect(await judge(timerSays, unitSays)).toEqual(verdict),
  );

  it('takes a timer with and without its suffix', async () => {
    expect(await judge({}, {}, 'b.timer')).toMatchObject({ status: 'ok' });
    expect(timerWith({ timer: 'b', maxAgeSeconds: 60 }, 'x')).toMatchObject({
      ...{ name: 'timer:b.timer', type: 'service' },
    });
  });

  it('asks systemd for what it needs, with times as seconds since the epoch', async () => {
    const said = join(folder(), 'said');
    installed('systemctl', `echo "$@" >> ${said}; printf 'ActiveState=active\\nUnit=b.service\\n'`);
    await verdictOf(timer({ timer: 'b', maxAgeSeconds: 60 }));
    expect(readFileSync(said, 'utf8')).toBe(
      `show --timestamp=unix --property=LoadState,ActiveState,Unit,LastTriggerUSec,ActiveEnterTimestamp -- b.timer
show --timestamp=unix --property=ActiveState,Result,ExecMainExitTimestamp,ActiveEnterTimestamp,InactiveExitTimestamp -- b.service
`,
    );
  });

  it.each([
    ['echo "Failed to connect to bus" >&2; echo more >&2; exit 1', 'Failed to connect to bus'],
    ['exit 1', ''],
  ])('is unknown when systemd cannot be asked: %s', async (script, why) => {
    const check = timerWith({ timer: 'b', maxAgeSeconds: 60 }, program(script));
    expect(await verdictOf(check)).toEqual({
      status: 'unknown',
      reason: `timer:b.timer: systemd cannot be asked: ${why}`,
    });
  });
});

describe('the processes of a unit', () => {
  const cgroups = folder();
  const write = (path: string, ...pids: readonly number[]): void => {
    mkdirSync(join(cgroups, path), { recursive: true });
    writeFileSync(join(cgroups, path, 'cgroup.procs'), pids.map((pid) => `${pid}\n`).join(''));
  };
  write('system.slice/a.service', 5, 6);
  write('system.slice/a.service/inner', 7);
  mkdirSync(join(cgroups, 'system.slice/a.service/empty'));
  write('systemd/old.service', 8);
  write('unified/mixed.service', 9);
  const find = (says: object, exit = 0) =>
    findProcesses(
      { unit: 'a' },
      {
        ...{ table: new ProcessTable(), cgroups },
        systemctl: program(
          `printf '${lines({ LoadState: 'loaded', ...says })}'; echo oops >&2; exit ${exit}`,
        ),
      },
      new AbortController().signal,
    );

  it.each<[string, object, number[]]>([
    ['also below its group', { ControlGroup: '/system.slice/a.service' }, [5, 6, 7]],
    ['on a machine with the old hierarchy', { ControlGroup: '/old.service' }, [8]],
    ['on a machine with both hierarchies', { ControlGroup: '/mixed.service' }, [9]],
    ['none when it does not run', { ControlGroup: '' }, []],
    ['none when systemd names no group', {}, []],
  ])('are those of its control group: %s', async (_what, says, pids) =>
    expect(await find(says)).toEqual(pids),
  );

  it.each<[object, number, string]>([
    [{ LoadState: 'not-found' }, 0, 'systemd does not know a.service'],
    [{ ControlGroup: '/gone' }, 0, 'the control group /gone cannot be read'],
    [{}, 1, 'systemd cannot be asked: oops'],
  ])('are unknown when systemd answers %o and exits with %d', async (says, exit, why) => {
    await expect(find(says, exit)).rejects.toThrow(why);
  });
});

describe('the check process of a unit', () => {
  it.each([
    ['are hidden from this program is unknown', [5], false, 'unknown', 'processes of other users are hidden'],
    ['have ended is bad', [5], true, 'bad', 'process:a is not running'],
    ['are none is bad, whatever is hidden', [], false, 'bad', 'process:a is not running'],
  ])('whose processes %s', async (_what, pids, showsFirst, status, reason) => {
    const [proc, cgroups] = [folder(), folder()];
    writeFileSync(join(proc, 'uptime'), '100.00 1.00\n');
    if (showsFirst) mkdirSync(join(proc, '1'));
    mkdirSync(join(cgroups, 'a.service'));
    writeFileSync(join(cgroups, 'a.service', 'cgroup.procs'), pids.join('\n'));
    const systemctl = program(`printf '${lines({ LoadState: 'loaded', ControlGroup: '/a.service' })}'`);
    const check = processWith({ unit: 'a' }, { table: new ProcessTable(proc), cgroups, systemctl });
    expect(await verdictOf(check)).toMatchObject({
      ...{ status, reason: expect.stringContaining(reason) as string },
    });
  });
});

describe('the process of a file with its number', () => {
  const at = (text: string, ageSeconds = 0): string => {
    const path = join(folder(), 'pid');
    writeFileSync(path, text);
    const seconds = statSync(path).mtimeMs / 1_000 - ageSeconds;
    utimesSync(path, seconds, seconds);
    return path;
  };
  const find = (pidFile: string) =>
    findProcesses({ pidFile }, { table: new ProcessTable() }, new AbortController().signal);

  it.each([
    [`${process.pid}`, [process.pid]],
    [`  ${process.pid} more words\n`, [process.pid]],
    // The greatest number that the kernel gives is 4,194,304.
    ['4194305', []],
  ])('%j is found if it runs', async (text, pids) => {
    // A signal to this process would end it.
    const kill = vi.spyOn(process, 'kill').mockImplementation((pid) => {
      if (pid !== process.pid) throw Object.assign(new Error('no such process'), { code: 'ESRCH' });
      return true;
    });
    expect(await find(at(text))).toEqual(pids);
    expect(kill).toHaveBeenCalledExactlyOnceWith(expect.any(Number), 0);
  });

  it.each(['', 'x', '0', '-1', '1.5'])('%j is no number of a process', async (text) => {
    const path = at(text);
    await expect(find(path)).rejects.toThrow(`has no process number in ${path}`);
  });

  it('runs also if it is that of another user', async () => {
    const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('no right'), { code: 'EPERM' });
    });
    expect(await find(at('4194305'))).toEqual([4_194_305]);
    expect(kill).toHaveBeenCalledWith(4_194_305, 0);
  });

  it('is unknown if the file may not be read', async () => {
    const path = folder();
    await expect(find(path)).rejects.toThrow(`${path} cannot be read: `);
    expect(await find(join(path, 'gone'))).toEqual([]);
  });
});

describe('the check command', () => {
  const judge = (script: string, options: object = {}) =>
    verdictOf(command({ argv: [program(script)], ...options }));
  const name = () => `command:${made}`;

  it.each<[string, string, object, object]>([
    ['exits with 0', 'exit 0', {}, { status: 'ok', reason: 'exited with 0', value: 0 }],
    ['exits with 3', 'exit 3', {}, { status: 'bad', reason: 'exited with 3', value: 3 }],
    ['complains', 'echo out; echo " why" >&2; echo x >&2; exit 1', {}, { reason: 'exited with 1: why' }],
    ['prints its complaint', 'echo why; exit 1', {}, { reason: 'exited with 1: why' }],
    [
      'exits with an expected code',
      'exit 3',
      { exitCode: 3 },
      { status: 'ok', reason: 'exited with 3', value: 3 },
    ],
    ['exits with 0 where 3 is expected', 'exit 0', { exitCode: [3, 4] }, { status: 'bad', value: 0 }],
    [
      'prints a number within its bounds',
      'echo 7 of 9',
      { number: { min: 7, max: 7 } },
      { status: 'ok', reason: 'says 7', value: 7, threshold: 7 },
    ],
    ['prints no number', 'echo no', { number: { min: 7 } }, { reason: ': there is no number in its output' }],
    [
      'prints what it must not',
      'echo a b',
      { lacks: 'b' },
      { status: 'bad', reason: 'has "b" in its output' },
    ],
    ['complains where output is asked for', 'echo b >&2', { contains: 'b' }, { status: 'bad' }],
    ['is ended by a signal', 'kill -9 $$', {}, { status: 'unknown', reason: 'was ended by SIGKILL' }],
    ['could not run what it wraps', 'exit 127', {}, { reason: 'exited with 127: it could not be run' }],
  ])('judges a program that %s', async (_what, script, options, expected) => {
    const verdict = await judge(script, options);
    const { reason = '', ...others } = expected as { reason?: string };
    expect(verdict).toMatchObject(others);
    expect(verdict.reason).toMatch(new RegExp(`^${name()}`));
    expect(verdict.reason.endsWith(reason)).toBe(true);
  });

  it('shortens a long complaint to 200 characters', async () => {
    const { reason } = await judge(`echo ${'x'.repeat(300)} >&2; exit 1`);
    expect(reason).toBe(`${name()} exited with 1: ${'x'.repeat(200)}`);
  });

  it('is about a service', () => {
    expect(command({ argv: ['true'] })).toMatchObject({ name: 'command:true', type: 'service' });
  });

  it('says that a number is out of its bounds', async () => {
    expect(await judge('echo 8', { number: { max: 7 } })).toEqual({
      ...{ status: 'bad', reason: `number of ${name()} is 8, over 7`, value: 8, threshold: 7 },
    });
  });

  it('is unknown, with the reason, for a program that is not there', async () => {
    expect(await verdictOf(command({ argv: ['/nowhere/raid-state'] }))).toEqual({
      ...{ status: 'unknown', reason: 'command:raid-state: /nowhere/raid-state cannot be run: ENOENT' },
    });
  });

  it('is not started for a caller who has given up', async () => {
    const path = join(folder(), 'ran');
    const check = command({ argv: [program(`touch ${path}`)] });
    const verdict = await check.run({} as never, { signal: AbortSignal.abort(new Error('stopped')) });
    expect(verdict).toMatchObject({ status: 'unknown' });
    expect(() => statSync(path)).toThrow('ENOENT');
  });

  it('has the environment of this program, and secrets from files', async () => {
    const key = join(folder(), 'key');
    writeFileSync(key, 'sesame\n');
    const check = { env: { KEY: { file: key }, WORD: 'x' }, matches: '^sesame x /.*\n$' };
    expect(await judge('echo $KEY $WORD $PATH', check)).toMatchObject({ status: 'ok' });
    expect(await judge('true', { env: { KEY: { file: '/nowhere/key' } } })).toMatchObject({
      ...{
        status: 'unknown',
        reason: expect.stringContaining('the file of a secret cannot be read') as string,
      },
    });
  });
});

describe('the check clock with a time server', () => {
  /** A packet of a time server, in milliseconds since the epoch. */
  const answer = (question: Buffer, told: Told): Buffer => {
    const packet = Buffer.alloc(told.length ?? 48);
    packet[0] = ((told.leap ?? 0) << 6) | (4 << 3) | (told.mode ?? 4);
    packet[1] = told.stratum ?? 2;
    question.copy(packet, 24, 40, 48);
    if (told.isForeign) packet[24]! ^= 1;
    for (const [place, ms] of [
      [32, told.received ?? 0],
      [40, told.sent ?? told.received ?? 0],
    ] as const) {
      if (packet.length < place + 8) continue;
      const since1900 = Date.now() + ms + 2_208_988_800_000;
      packet.writeUInt32BE(Math.floor(since1900 / 1_000) % 2 ** 32, place);
      packet.writeUInt32BE(((since1900 % 1_000) / 1_000) * 2 ** 32, place + 4);
    }
    return packet;
  };
  interface Told {
    readonly received?: number;
    readonly sent?: number;
    readonly stratum?: number;
    readonly mode?: number;
    readonly leap?: number;
    readonly length?: number;
    readonly isForeign?: boolean;
  }
  const questions: Buffer[] = [];
  const ask = async (told: readonly Told[], options: ClockOptions = {}, now = NOW * 1_000) => {
    vi.useFakeTimers({ toFake: ['Date'], now });
    const server = createSocket('udp4');
    server.on('message', (question: Buffer, from: RemoteInfo) => {
      questions.push(question);
      for (const one of told) server.send(answer(question, one), from.port, from.address);
    });
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      return await verdictOf(
        clock({ synchronised: false, server: '127.0.0.1', port: server.address().port, ...options }),
      );
    } finally {
      server.close();
    }
  };

  it.each<[string, Told, object]>([
    [
      'the same time',
      {},
      {
        status: 'ok',
        reason: 'clock is 0 ms ahead of 127.0.0.1',
        value: 0,
        threshold: 1_000,
        valueUnit: 'ms',
      },
    ],
    [
      'a time within the limit',
      { received: 1_000 },
      { status: 'ok', reason: 'clock is 1 s behind 127.0.0.1' },
    ],
    [
      'a later time',
      { received: 1_500 },
      {
        ...{ status: 'bad', reason: 'clock is 1.5 s behind 127.0.0.1, over 1 s', value: 1_500 },
        ...{ threshold: 1_000, valueUnit: 'ms' },
      },
    ],
    [
      'an earlier time',
      { received: -1_500 },
      { status: 'bad', reason: /^clock is 1.5 s ahead of .*, over 1 s$/ },
    ],
    ['a time that is later by 1 ms', { received: 1 }, { reason: 'clock is 1 ms behind 127.0.0.1' }],
    ['the time of another day', { received: 86_400_000 }, { status: 'bad', value: 86_400_000 }],
    ['a way that took time', { received: 500, sent: 1_000 }, { reason: 'clock is 750 ms behind 127.0.0.1' }],
    ['stratum 15, the last one', { stratum: 15 }, { status: 'ok' }],
    ['stratum 1, the first one', { stratum: 1 }, { status: 'ok' }],
    ['stratum 16, not synchronised', { stratum: 16 }, { reason: 'clock: 127.0.0.1 has no time to give' }],
    ['stratum 0, a refusal', { stratum: 0 }, { status: 'unknown' }],
    ['the alarm that it has no time', { leap: 3 }, { status: 'unknown' }],
    ['a second that is left out', { leap: 2 }, { status: 'ok' }],
    ['the packet of a client', { mode: 3 }, { status: 'unknown' }],
    ['the packet of a broadcast', { mode: 5 }, { status: 'unknown' }],
  ])('judges %s', async (_what, told, expected) => {
    const verdict = await ask([told]);
    const { reason = '', ...others } = expected as { reason?: string | RegExp };
    expect(verdict).toMatchObject(others);
    expect(verdict.reason).toMatch(reason);
  });

  it('does not take the packet of another one, or half of one', async () => {
    const wrong = { received: 90_000 };
    const told = [{ ...wrong, isForeign: true }, { ...wrong, length: 47 }, { received: 200 }];
    expect(await ask(told)).toMatchObject({ status: 'ok', value: 200 });
  });

  it('knows the time after 2036, when the seconds of the packet restart at 0', async () => {
    const now = Date.UTC(2036, 1, 7, 6, 28, 20);
    expect(await ask([{ received: 200 }], {}, now)).toMatchObject({ status: 'ok', value: 200 });
    expect(await ask([{ received: -60_000 }], {}, now)).toMatchObject({ status: 'bad', value: 60_000 });
  });

  it('sends a question of a client, of version 4, that none of its others is like', async () => {
    questions.length = 0;
    await ask([{}]);
    await ask([{}]);
    const [first, second] = questions;
    expect([first!.length, first![0]]).toEqual([48, 0x23]);
    expect(first!.subarray(1, 40).every((byte) => byte === 0)).toBe(true);
    expect(first!.subarray(40)).not.toEqual(second!.subarray(40));
  });

  it('is unknown, with the reason, when the server is silent', async () => {
    expect(await ask([], { timeoutMs: 20 })).toMatchObject({
      ...{ status: 'unknown', reason: 'clock: 127.0.0.1: no answer within 20 ms' },
    });
  });

  /** A socket that sends nothing, and ends with an error when there is one. */
  class Socket extends EventEmitter {
    asked: unknown[] = [];
    closed = 0;
    error: Error | undefined;
    connect(port: number, address: string, done: () => void): void {
      this.asked.push(port, address);
      done();
    }
    send(): void {
      if (this.error !== undefined) setImmediate(() => this.emit('error', this.error));
    }
    close(): void {
      this.closed += 1;
    }
  }
  const by = (socket: Socket) => {
    const create = vi.spyOn(dgram, 'createSocket').mockReturnValue(socket as never);
    syncBuiltinESMExports();
    return create;
  };

  it.each([
    ['127.0.0.2', 'udp4'],
    ['::1', 'udp6'],
  ])('asks %s at the port 123 by a socket of its kind, and closes it', async (server, kind) => {
    const socket = new Socket();
    socket.error = new Error('refused');
    const create = by(socket);
    expect(await verdictOf(clock({ synchronised: false, server }))).toEqual({
      ...{ status: 'unknown', reason: `clock: ${server}: refused` },
    });
    expect(create).toHaveBeenCalledExactlyOnceWith(kind);
    expect(socket).toMatchObject({ asked: [123, server], closed: 1 });
  });

  it('closes its socket when the server is silent', async () => {
    const socket = new Socket();
    by(socket);
    await verdictOf(clock({ synchronised: false, server: '127.0.0.1', timeoutMs: 20 }));
    await expect.poll(() => socket.closed).toBe(1);
  });

  it('asks timedatectl by its name', async () => {
    installed('timedatectl', 'echo no');
    expect(await verdictOf(clock())).toEqual({ status: 'bad', reason: 'clock is not synchronised' });
  });

  it('asks the kernel first, and no server by default', async () => {
    const said = program('test "$*" = "show --property=NTPSynchronized --value" && echo yes');
    expect(await verdictOf(clockWith({}, said))).toEqual({ status: 'ok', reason: 'clock is synchronised' });
    expect(await verdictOf(clockWith({}, program('echo no')))).toEqual({
      ...{ status: 'bad', reason: 'clock is not synchronised' },
    });
    expect(await verdictOf(clockWith({}, program('echo yes; exit 1')))).toMatchObject({ status: 'unknown' });
    expect(await verdictOf(clockWith({}, '/nowhere/timedatectl'))).toMatchObject({ status: 'unknown' });
    expect(await verdictOf(clockWith({ synchronised: false }, '/nowhere/x'))).toMatchObject({ status: 'ok' });
    expect(clockWith({}, 'x')).toMatchObject({ name: 'clock', type: 'system' });
  });
});
