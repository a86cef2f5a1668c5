import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { clock, command, directory, file, pressure, process as processes } from '../../src/checks/index.js';
import { clockWith } from '../../src/checks/clock.js';
import { processWith } from '../../src/checks/process.js';
import { ProcessTable } from '../../src/checks/process-table.js';
import { expectWritable } from '../../src/checks/file-facts.js';
import { timerWith } from '../../src/checks/timer.js';
import { healthySnapshot, unknownSnapshot } from '../../src/testing/index.js';
import { folder, verdictOf } from './house.js';

const children: { kill: (signal: NodeJS.Signals) => boolean }[] = [];
afterAll(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts a Node program; resolves once it has printed something. */
async function started(code: string, word: string) {
  const child = spawn(process.execPath, ['-e', code, word], { stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}
const HOUR = 3_600_000;
/** Creates a program that runs a shell script. */
function program(script: string): string {
  const path = join(folder(), 'program');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('the check process', () => {
  it('finds a process by its command line and by its number in a file, and notices its end', async () => {
    const word = `checks-${process.pid}-a`;
    const child = await started('console.log(1); setInterval(() => 1, 1000)', word);
    const pidFile = join(folder(), 'pid');
    writeFileSync(pidFile, `${child.pid!}\n`);
    const by = [processes({ match: word, maxCount: 1, maxMemoryBytes: 1e10 }), processes({ pidFile })];
    for (const check of by) expect(await verdictOf(check)).toMatchObject({ status: 'ok' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (const check of by)
      expect(await verdictOf(check)).toMatchObject({
        status: 'bad',
        reason: expect.stringContaining('is not running') as string,
      });
  });

  it('measures the current process', async () => {
    const pidFile = join(folder(), 'pid');
    writeFileSync(pidFile, String(process.pid));
    const judge = (options: object) => verdictOf(processes({ pidFile, ...options }));
    expect(await judge({ maxMemoryBytes: 1_000 })).toMatchObject({ status: 'bad', threshold: 1_000 });
    expect(await judge({ maxMemoryBytes: 1e12 })).toMatchObject({ status: 'ok' });
    expect(await judge({ maxDescriptors: 1 })).toMatchObject({ status: 'bad' });
    expect(await judge({ maxDescriptorsPercent: 99.9 })).toMatchObject({ status: 'ok' });
    expect(await judge({ maxThreads: 1 })).toMatchObject({ status: 'bad' });
    expect(await judge({ maxAgeSeconds: 0 })).toMatchObject({ status: 'bad' });
    expect(await judge({ minAgeSeconds: 1e9 })).toMatchObject({ status: 'bad' });
    expect(await judge({ minCount: 2 })).toMatchObject({ status: 'bad', value: 1, threshold: 2 });
    expect(await judge({ minCount: 0, maxCount: 0 })).toMatchObject({ status: 'bad' });
  });

  it('needs two readings for the CPU', async () => {
    const pidFile = join(folder(), 'pid');
    writeFileSync(pidFile, String(process.pid));
    const check = processes({ pidFile, maxCpuPercent: 1e6 });
    expect(await verdictOf(check)).toMatchObject({ status: 'unknown' });
    expect(await verdictOf(check)).toMatchObject({ status: 'ok' });
  });

  it('counts zombie children', async () => {
    const word = `checks-${process.pid}-z`;
    // A shell that replaces itself with a program that does not wait: its child, which ends later, remains a zombie.
    const child = spawn('/bin/sh', ['-c', 'sleep 1 & echo 1; exec sleep 60', word], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(child);
    await once(child.stdout, 'data');
    const pidFile = join(folder(), 'pid');
    writeFileSync(pidFile, String(child.pid));
    await expect
      .poll(() => verdictOf(processes({ pidFile, maxZombies: 0 })), { timeout: 30_000 })
      .toMatchObject({ status: 'bad', value: 1, reason: expect.stringContaining('zombies') as string });
    expect(await verdictOf(processes({ pidFile, maxZombies: 1 }))).toMatchObject({ status: 'ok' });
  });

  it('finds the processes of a unit in its control group', async () => {
    const cgroups = folder();
    mkdirSync(join(cgroups, 'system.slice/api.service/inner'), { recursive: true });
    writeFileSync(join(cgroups, 'system.slice/api.service/cgroup.procs'), '');
    writeFileSync(join(cgroups, 'system.slice/api.service/inner/cgroup.procs'), `${process.pid}\n`);
    const says = (text: string) => ({
      cgroups,
      table: new ProcessTable(),
      systemctl: program(`printf '${text}'`),
    });
    const judge = (text: string) => verdictOf(processWith({ unit: 'api' }, says(text)));
    expect(
      await judge('LoadState=loaded\nActiveState=active\nControlGroup=/system.slice/api.service\n'),
    ).toMatchObject({ status: 'ok' });
    expect(await judge('LoadState=loaded\nActiveState=inactive\nControlGroup=\n')).toMatchObject({
      status: 'bad',
    });
    expect(await judge('LoadState=not-found\nControlGroup=\n')).toMatchObject({ status: 'unknown' });
    expect(await judge('LoadState=loaded\nControlGroup=/gone\n')).toMatchObject({ status: 'unknown' });
    const deaf = { cgroups, table: new ProcessTable(), systemctl: '/nowhere/systemctl' };
    expect(await verdictOf(processWith({ unit: 'api' }, deaf))).toMatchObject({ status: 'unknown' });
  });

  it('is unknown if processes are hidden, and bad if its file holds no number', async () => {
    const hidden = folder();
    writeFileSync(join(hidden, 'uptime'), '100.00 1.00\n');
    const check = processWith({ match: 'nginx' }, { table: new ProcessTable(hidden) });
    expect(await verdictOf(check)).toMatchObject({ status: 'unknown' });
    const pidFile = join(folder(), 'pid');
    writeFileSync(pidFile, 'nothing');
    expect(await verdictOf(processes({ pidFile }))).toMatchObject({ status: 'bad' });
    expect(await verdictOf(processes({ pidFile: '/nowhere/pid' }))).toMatchObject({ status: 'bad' });
  });
});

describe('the check file', () => {
  const made = (content = 'hello\n') => {
    const path = join(folder(), 'a.log');
    writeFileSync(path, content);
    chmodSync(path, 0o640);
    return path;
  };

  it.each<[string, object, string, string]>([
    ['is there', {}, 'ok', 'is there'],
    ['must not be there', { exists: false }, 'bad', 'is there'],
    ['is too large', { maxBytes: 3 }, 'bad', 'size of'],
    ['is too small', { minBytes: 100 }, 'bad', 'under 100 B'],
    ['has the mode', { mode: '640' }, 'ok', ''],
    ['has another mode', { mode: '0600' }, 'bad', 'has the mode 0640, expected 0600'],
    ['has another owner', { uid: 4_000_000 }, 'bad', 'belongs to the user'],
    ['has another group', { gid: 4_000_000 }, 'bad', 'belongs to the group'],
    ['has the content', { contains: 'hello', lacks: 'error', matches: '^hel+o' }, 'ok', ''],
    ['has other content', { lacks: ['x', 'hello'] }, 'bad', 'has "hello" in it'],
    ['has another digest', { sha256: '0'.repeat(64) }, 'bad', 'has the SHA-256'],
    [
      'has the digest',
      { sha256: '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03' },
      'ok',
      '',
    ],
    ['is fresh', { maxAgeSeconds: 60 }, 'ok', ''],
    ['is too young', { minAgeSeconds: 60 }, 'bad', 'age of'],
    ['is on a writable file system', { writable: true }, 'ok', ''],
  ])('%s', async (_what, options, status, reason) => {
    const verdict = await verdictOf(file({ path: made(), ...options }));
    expect([verdict.status, verdict.reason]).toEqual([status, expect.stringContaining(reason)]);
  });

  it('is bad if the file is stale, missing or no regular file; missing may be the expected state', async () => {
    const path = made();
    utimesSync(path, new Date(), new Date(Date.now() - 2 * HOUR));
    expect(await verdictOf(file({ path, maxAgeSeconds: 3_600 }))).toMatchObject({
      status: 'bad',
      threshold: 3_600,
    });
    expect(await verdictOf(file({ path: '/nowhere/at/all' }))).toMatchObject({ status: 'bad' });
    expect(await verdictOf(file({ path: '/nowhere/at/all', exists: false }))).toMatchObject({ status: 'ok' });
    expect(await verdictOf(file({ path: folder() }))).toMatchObject({ status: 'bad' });
  });

  it('notices a change, growth, and new lines', async () => {
    const path = made('old error\n');
    const unchanged = file({ path, unchanged: true });
    const grows = file({ path, maxGrowthBytesPerHour: 1 });
    const log = file({ path, lacks: 'error', onlyNew: true });
    expect((await verdictOf(unchanged)).status).toBe('ok');
    expect((await verdictOf(grows)).status).toBe('unknown');
    expect((await verdictOf(log)).status).toBe('ok');
    appendFileSync(path, 'new error\n');
    expect(await verdictOf(unchanged)).toMatchObject({ status: 'bad' });
    expect(await verdictOf(grows)).toMatchObject({ status: 'bad' });
    expect(await verdictOf(log)).toMatchObject({ status: 'bad' });
    expect((await verdictOf(log)).status).toBe('ok');
    writeFileSync(path, 'error\n');
    expect((await verdictOf(log)).status).toBe('bad');
  });

  it('compares the first number in the file, and its growth, with bounds', async () => {
    const path = made('jobs: 7 of 9\n');
    const judge = (options: object) => verdictOf(file({ path, ...options }));
    expect(await judge({ number: { max: 7 } })).toMatchObject({ status: 'ok', value: 7, threshold: 7 });
    expect(await judge({ number: { max: 6 } })).toMatchObject({ status: 'bad', value: 7, threshold: 6 });
    const rate = file({ path, perSecond: { max: 1e9 } });
    expect(await verdictOf(rate)).toMatchObject({ status: 'unknown' });
    writeFileSync(path, '8\n');
    expect(await verdictOf(rate)).toMatchObject({ status: 'ok' });
    // A counter that was reset has not decreased.
    writeFileSync(path, '1\n');
    expect(await verdictOf(rate)).toMatchObject({ status: 'unknown' });
    writeFileSync(path, 'none\n');
    expect(await judge({ number: { min: 0 } })).toMatchObject({ status: 'unknown' });
  });

  it('is unknown if the file may not be read', async () => {
    const path = join(folder(), 'loop');
    symlinkSync(path, path);
    expect(await verdictOf(file({ path, contains: 'x' }))).toMatchObject({ status: 'unknown' });
  });

  it('is bad if the file system itself is read-only, and unknown if only its mount is', async () => {
    const mountinfo = join(folder(), 'mountinfo');
    const path = made();
    const line = (options: string) =>
      writeFileSync(mountinfo, `1 1 8:1 / / rw - ext4 /dev/sda1 ${options}\n`);
    line('ro,data=ordered');
    await expect(expectWritable(path, mountinfo)).rejects.toThrow('read-only');
    line('rw,errors=remount-ro');
    await expect(expectWritable(path, mountinfo)).resolves.toBeUndefined();
  });
});

describe('the check directory', () => {
  it('evaluates the newest file, the number and the size of files', async () => {
    const path = folder();
    mkdirSync(join(path, 'inner'));
    const old = join(path, 'inner', 'a.dump');
    writeFileSync(old, 'x'.repeat(2_000));
    writeFileSync(join(path, 'fresh.tmp'), '');
    utimesSync(old, new Date(), new Date(Date.now() - 30 * HOUR));
    const judge = (options: object) => verdictOf(directory({ path, ...options }));
    expect(await judge({})).toMatchObject({ status: 'ok' });
    expect(await judge({ match: '\\.dump$', newestMaxAgeSeconds: 86_400 })).toMatchObject({
      status: 'bad',
      reason: expect.stringContaining('1 d 6 h') as string,
    });
    expect(await judge({ newestMaxAgeSeconds: 86_400 })).toMatchObject({ status: 'ok' });
    expect(await judge({ newestMinBytes: 1 })).toMatchObject({ status: 'bad' });
    expect(await judge({ match: '\\.sql$', newestMaxAgeSeconds: 1 })).toMatchObject({ status: 'bad' });
    expect(await judge({ maxFiles: 1 })).toMatchObject({ status: 'bad', value: 2 });
    expect(await judge({ minFiles: 3 })).toMatchObject({ status: 'bad' });
    expect(await judge({ maxBytes: 100 })).toMatchObject({ status: 'bad', value: 2_000 });
    expect(await judge({ writable: true })).toMatchObject({ status: 'ok' });
    expect(await verdictOf(directory({ path: old }))).toMatchObject({ status: 'bad' });
    expect(await verdictOf(directory({ path: '/nowhere' }))).toMatchObject({ status: 'bad' });
  });
});

describe('the check command', () => {
  it.each<[string, readonly string[], object, string]>([
    ['exits with 0', ['true'], {}, 'ok'],
    ['exits with 1', ['false'], {}, 'bad'],
    ['exits with an expected code', ['false'], { exitCode: [1, 2] }, 'ok'],
    ['prints the expected text', ['echo', 'all well'], { contains: 'well', lacks: 'error' }, 'ok'],
    ['prints other text', ['echo', 'an error'], { lacks: 'error' }, 'bad'],
    ['prints a number within bounds', ['echo', 'queue: 7 jobs'], { number: { max: 7 } }, 'ok'],
    ['prints a number out of bounds', ['echo', '-3.5'], { number: { min: 0 } }, 'bad'],
    ['prints no number', ['echo', 'none'], { number: { min: 0 } }, 'unknown'],
    ['does not exist', ['/nowhere/program'], {}, 'unknown'],
    ['may not be executed', ['/etc/passwd'], {}, 'unknown'],
    ['exits with 127', ['sh', '-c', 'exit 127'], {}, 'unknown'],
    ['exits with 126', ['sh', '-c', 'exit 126'], {}, 'unknown'],
    ['ends by a signal', ['sh', '-c', 'kill -9 $$'], {}, 'unknown'],
    ['takes too long', ['sleep', '60'], { timeoutMs: 50 }, 'unknown'],
    [
      'gets arguments, not a shell command line',
      ['echo', '$HOME; echo hi'],
      { matches: '^\\$HOME; echo hi\n$' },
      'ok',
    ],
    [
      'has an environment variable',
      ['sh', '-c', 'echo $WORD'],
      { env: { WORD: 'sesame' }, contains: 'sesame' },
      'ok',
    ],
    ['runs in the given folder', ['pwd'], { cwd: '/', matches: '^/\n$' }, 'ok'],
  ])('has the documented status for a program that %s', async (_what, argv, options, status) => {
    expect(await verdictOf(command({ argv, ...options }))).toMatchObject({ status });
  });
});

describe('the check timer', () => {
  const seconds = Math.floor(Date.now() / 1_000);
  const judge = (timerSays: string, unitSays: string) => {
    const script = `case "$5$4" in *backup.timer*) printf '${timerSays}';; *) printf '${unitSays}';; esac`;
    return verdictOf(timerWith({ timer: 'backup', maxAgeSeconds: 3_600 }, program(script)));
  };
  const active = `LoadState=loaded\\nActiveState=active\\nUnit=backup.service\\nLastTriggerUSec=@${seconds - 60}\\n`;

  it.each([
    [
      'ran recently',
      active,
      `ActiveState=inactive\\nResult=success\\nExecMainExitTimestamp=@${seconds - 30}\\n`,
      'ok',
    ],
    ['is running', active, 'ActiveState=activating\\nResult=success\\n', 'ok'],
    [
      'ran before the boot',
      active,
      'ActiveState=inactive\\nResult=success\\nExecMainExitTimestamp=\\n',
      'ok',
    ],
    ['failed', active, `ActiveState=failed\\nResult=exit-code\\nExecMainExitTimestamp=@${seconds}\\n`, 'bad'],
    [
      'ran long ago',
      active.replace(/@\d+/, `@${seconds - 9_000}`),
      'ActiveState=inactive\\nResult=success\\n',
      'bad',
    ],
    [
      'never ran, though it has been active for long',
      `${active.replace(/@\d+/, '')}ActiveEnterTimestamp=@${seconds - 9_000}\\n`,
      'ActiveState=inactive\\nResult=success\\n',
      'bad',
    ],
    [
      'was started recently, and has not run yet',
      `${active.replace(/@\d+/, '')}ActiveEnterTimestamp=@${seconds - 60}\\n`,
      'ActiveState=inactive\\nResult=success\\n',
      'ok',
    ],
    [
      'has been running for longer than its maximum age',
      active,
      `ActiveState=activating\\nResult=success\\nInactiveExitTimestamp=@${seconds - 9_000}\\n`,
      'bad',
    ],
    ['is stopped', 'LoadState=loaded\\nActiveState=inactive\\n', '', 'bad'],
    ['is unknown to systemd', 'LoadState=not-found\\nActiveState=inactive\\n', '', 'unknown'],
  ])('has the documented status for a timer that %s', async (_what, timerSays, unitSays, status) => {
    expect(await judge(timerSays, unitSays)).toMatchObject({ status });
  });

  it('is unknown without systemd', async () => {
    const check = timerWith({ timer: 'backup.timer', maxAgeSeconds: 60 }, '/nowhere/systemctl');
    expect(await verdictOf(check)).toMatchObject({ status: 'unknown' });
  });
});

describe('the check clock', () => {
  it.each([
    ['yes', 'ok'],
    ['no', 'bad'],
    ['', 'unknown'],
  ])('is synchronised: %j', async (word, status) => {
    expect(await verdictOf(clockWith({}, program(`echo ${word}`)))).toMatchObject({ status });
  });

  it.each([
    ['echo nonsense', 'it printed nonsense'],
    ['true', 'it printed nothing'],
    ['echo no bus >&2; exit 1', 'no bus'],
  ])('is unknown, with the reason, if the program answers otherwise: %s', async (script, why) => {
    expect(await verdictOf(clockWith({}, program(script)))).toMatchObject({
      status: 'unknown',
      reason: `clock: timedatectl does not show NTPSynchronized: ${why}`,
    });
  });

  it('compares the clock with a time server', async () => {
    const told: { offset: number; stratum: number } = { offset: 0, stratum: 2 };
    const server = createSocket('udp4');
    server.on('message', (question, from) => {
      const answer = Buffer.alloc(48);
      answer[0] = 0x24;
      answer[1] = told.stratum;
      question.copy(answer, 24, 40, 48);
      for (const at of [32, 40])
        answer.writeUInt32BE(Math.floor((Date.now() + told.offset) / 1_000) + 2_208_988_800, at);
      server.send(answer, from.port, from.address);
    });
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    const ask = () =>
      verdictOf(
        clock({
          synchronised: false,
          server: '127.0.0.1',
          port: server.address().port,
          maxOffsetMs: 2_000,
          timeoutMs: 2_000,
        }),
      );
    try {
      expect(await ask()).toMatchObject({ status: 'ok' });
      told.offset = -60_000;
      expect(await ask()).toMatchObject({
        status: 'bad',
        reason: expect.stringContaining('ahead of') as string,
      });
      told.stratum = 0;
      expect(await ask()).toMatchObject({ status: 'unknown' });
    } finally {
      server.close();
    }
    expect(
      await verdictOf(clock({ synchronised: false, server: 'nobody.invalid', timeoutMs: 3_000 })),
    ).toMatchObject({ status: 'unknown' });
  });
});

describe('the check pressure', () => {
  const snapshot = healthySnapshot({
    pressure: { cpu: { some: 60 }, memory: { some: 10, full: 5 }, io: { unknown: 'no PSI' } },
  });

  it.each([
    [{ resource: 'cpu', maxPercent: 50 }, 'bad'],
    [{ resource: 'cpu', maxPercent: 70 }, 'ok'],
    [{ resource: 'memory', of: 'full', maxPercent: 4 }, 'bad'],
    [{ resource: 'memory', maxPercent: 20 }, 'ok'],
    [{ resource: 'io', maxPercent: 1 }, 'unknown'],
  ] as const)('%o is %s', async (options, status) => {
    expect(await verdictOf(pressure(options), snapshot)).toMatchObject({ status });
    expect(await verdictOf(pressure(options), unknownSnapshot())).toMatchObject({ status: 'unknown' });
  });
});
