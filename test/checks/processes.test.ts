import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProcessTable } from '../../src/checks/process-table.js';
import { processWith, type ProcessOptions } from '../../src/checks/process.js';
import { WrongAnswer } from '../../src/checks/failure.js';
import { expectWritable } from '../../src/checks/file-facts.js';
import { folder, verdictOf } from './house.js';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

/** One process in a made-up `/proc`, on a machine that booted 1,000 s ago. */
interface Fake {
  readonly pid: number;
  readonly line?: string;
  readonly state?: string;
  readonly parent?: number;
  readonly cpuMs?: number;
  readonly threads?: number;
  readonly ageSeconds?: number;
  readonly pages?: number;
  readonly status?: string;
  readonly descriptors?: number;
  readonly limit?: string;
}

/** Writes a process as the kernel shows it. */
function write(root: string, fake: Fake): void {
  const { pid, line = 'worker', state = 'S', parent = 1, cpuMs = 0, threads = 1, ageSeconds = 100 } = fake;
  const { pages = 0, status = 'VmSize:\t9 kB\nVmRSS:\t    4 kB\n', descriptors = 3, limit = '100' } = fake;
  const at = join(root, String(pid));
  mkdirSync(at, { recursive: true });
  // The size of this folder of the kernel is the number of what is in it.
  writeFileSync(join(at, 'fd'), 'x'.repeat(descriptors));
  writeFileSync(join(at, 'cmdline'), `${line.replaceAll(' ', '\0')}\0`);
  writeFileSync(join(at, 'status'), status);
  writeFileSync(join(at, 'limits'), `Limit Soft Limit\nMax open files            ${limit}    200    files\n`);
  const fields = [state, parent, 5, 5, 5, 5, 5, 5, 5, 5, 5, cpuMs / 20, cpuMs / 20, 5, 5, 5, 5, threads, 5];
  const rest = [(1_000 - ageSeconds) * 100, 5, pages, 5];
  writeFileSync(join(at, 'stat'), `${pid} (a) S 9 (b) ${[...fields, ...rest].join(' ')}\n`);
}

function machine(...fakes: readonly Fake[]): string {
  const root = folder();
  writeFileSync(join(root, 'uptime'), '1000.00 1.00\n');
  mkdirSync(join(root, 'sys'));
  write(root, { pid: 1, line: 'init' });
  for (const fake of fakes) write(root, fake);
  return root;
}

const judge = (root: string, options: Partial<ProcessOptions>) =>
  verdictOf(processWith({ match: 'worker', ...options }, { table: new ProcessTable(root) }));

describe('the check process', () => {
  const two: readonly Fake[] = [
    { pid: 10, threads: 2, ageSeconds: 300, status: 'VmRSS:\t4 kB\n', descriptors: 10, limit: '100' },
    { pid: 11, threads: 3, ageSeconds: 200, status: 'VmRSS:\t6 kB\n', descriptors: 4, limit: '20' },
  ];
  const name = 'process:worker';

  it.each<[string, Partial<ProcessOptions>, string, string, number?]>([
    ['are running', {}, 'ok', `${name} runs: 2 processes, 10.0 KiB`, 2],
    ['are as few as allowed', { minCount: 2 }, 'ok', `${name} runs: 2 processes, 10.0 KiB`, 2],
    ['are too few', { minCount: 3 }, 'bad', `number of ${name} is 2, under 3`, 2],
    ['are as many as allowed', { maxCount: 2 }, 'ok', `${name} runs: 2 processes, 10.0 KiB`, 2],
    ['are too many', { maxCount: 1 }, 'bad', `number of ${name} is 2, over 1`, 2],
    ['have their memory', { maxMemoryBytes: 10_240 }, 'ok', `${name} runs`, 10_240],
    ['use too much memory', { maxMemoryBytes: 8_192 }, 'bad', `memory of ${name} is 10.0 KiB, over 8.0 KiB`],
    ['have their threads', { maxThreads: 5 }, 'ok', `${name} runs`, 5],
    ['have too many threads', { maxThreads: 4 }, 'bad', `threads of ${name} is 5, over 4`, 5],
    ['are as young as allowed', { minAgeSeconds: 200 }, 'ok', `${name} runs`, 200],
    ['began too lately', { minAgeSeconds: 201 }, 'bad', `age of ${name} is 3 min 20 s, under 3 min 21 s`],
    ['are as old as allowed', { maxAgeSeconds: 300 }, 'ok', `${name} runs`, 300],
    ['are too old', { maxAgeSeconds: 299 }, 'bad', `age of ${name} is 5 min, over 4 min 59 s`, 300],
    ['have their descriptors', { maxDescriptors: 10 }, 'ok', `${name} runs`, 10],
    ['open too many', { maxDescriptors: 9 }, 'bad', `descriptors of ${name} is 10, over 9`, 10],
    ['have a share of their limit', { maxDescriptorsPercent: 20 }, 'ok', `${name} runs`, 20],
    [
      'use too much of it',
      { maxDescriptorsPercent: 19 },
      'bad',
      `descriptors of ${name} is 20.0 %, over 19.0 %`,
    ],
    ['have no zombies', { maxZombies: 0 }, 'ok', `${name} runs`, 0],
    ['have no CPU use in the first run', { maxCpuPercent: 1 }, 'unknown', 'it needs two readings'],
    ['are not found', { match: 'nothing' }, 'bad', 'process:nothing is not running', 0],
    ['must not run, and do not', { match: 'nothing', minCount: 0 }, 'ok', 'runs: 0 processes, 0 B', 0],
    [
      'must not run, whatever age they may have',
      { match: 'nothing', minCount: 0, maxAgeSeconds: 1, minAgeSeconds: 1 },
      'ok',
      'process:nothing runs: 0 processes',
      0,
    ],
    [
      'must not run, and so open nothing',
      { match: 'nothing', minCount: 0, maxDescriptors: 0 },
      'ok',
      'process:nothing runs: 0 processes',
      0,
    ],
  ])('judges processes that %s', async (_what, options, status, reason, value) => {
    const verdict = await judge(machine(...two), options);
    expect([verdict.status, verdict.reason]).toEqual([status, expect.stringContaining(reason)]);
    if (value !== undefined) expect(verdict.value).toBe(value);
  });

  it.each<[Partial<ProcessOptions>, string | undefined]>([
    [{ minAgeSeconds: 1 }, 's'],
    [{ maxAgeSeconds: 1_000 }, 's'],
    [{ maxMemoryBytes: 1e9 }, 'B'],
    [{ maxDescriptorsPercent: 100 }, '%'],
    [{ maxDescriptors: 100 }, undefined],
    [{}, undefined],
  ])('tells the unit of what was asked for: %o', async (options, unit) => {
    const { valueUnit } = await judge(machine(...two), options);
    expect(valueUnit).toBe(unit);
  });

  it('knows one process from several, and names the unit, the file or the expression', async () => {
    expect((await judge(machine(two[0]!), {})).reason).toBe('process:worker runs: 1 process, 4.0 KiB');
    const table = new ProcessTable(machine());
    expect(processWith({ pidFile: '/run/a.pid' }, { table })).toMatchObject({ name: 'process:/run/a.pid' });
    expect(processWith({ match: /a b/ }, { table })).toMatchObject({
      name: 'process:/a b/',
      type: 'service',
    });
    expect(processWith({ unit: 'api' }, { table }).name).toBe('process:api');
  });

  it.each<[string, readonly Fake[], number]>([
    ['one that is itself not waited for', [{ pid: 12, state: 'Z' }], 1],
    ['a child that nobody waited for', [{ pid: 12, line: 'x', state: 'Z', parent: 10 }], 1],
    ['a child of another process', [{ pid: 12, line: 'x', state: 'Z', parent: 1 }], 0],
    ['a child that runs', [{ pid: 12, line: 'x', parent: 10 }], 0],
  ])('counts zombies: %s', async (_what, more, count) => {
    const root = machine({ pid: 10 }, ...more);
    expect((await judge(root, { maxZombies: count })).status).toBe('ok');
    if (count > 0)
      expect(await judge(root, { maxZombies: 0 })).toMatchObject({
        status: 'bad',
        reason: `zombies of ${name} is ${count}, over 0`,
      });
  });

  it('counts no zombies where a process ends while it is read', async () => {
    const root = machine({ pid: 10 });
    mkdirSync(join(root, '12'));
    expect(await judge(root, { maxZombies: 0 })).toMatchObject({ status: 'ok', value: 0 });
  });

  it.each(['Z', 'X'])('does not count what has ended (state %s) as running', async (state) => {
    expect(await judge(machine({ pid: 10, state }), {})).toMatchObject({
      ...{ status: 'bad', reason: `${name} is not running`, value: 0, threshold: 1 },
    });
  });

  it('measures the CPU between two runs, and that of processes that are new as a whole', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const root = machine({ pid: 10, cpuMs: 1_000 }, { pid: 11, cpuMs: 5_000 });
    const check = processWith({ match: 'worker', maxCpuPercent: 40 }, { table: new ProcessTable(root) });
    expect((await verdictOf(check)).status).toBe('unknown');
    expect((await verdictOf(check)).status).toBe('unknown');
    vi.advanceTimersByTime(1_000);
    write(root, { pid: 10, cpuMs: 1_200 });
    // Another process with the number of one that has ended.
    write(root, { pid: 11, cpuMs: 0 });
    write(root, { pid: 12, cpuMs: 200 });
    expect(await verdictOf(check)).toMatchObject({ status: 'ok', value: 40, threshold: 40, valueUnit: '%' });
    vi.advanceTimersByTime(1_000);
    write(root, { pid: 10, cpuMs: 1_700 });
    expect(await verdictOf(check)).toMatchObject({
      status: 'bad',
      reason: `CPU of ${name} is 50.0 %, over 40.0 %`,
    });
  });

  it('is unknown without the right to see what is asked for, and only then', async () => {
    const root = machine({ pid: 10 });
    writeFileSync(join(root, '10', 'limits'), '');
    // No limit: whatever is open is no share of it.
    expect(await judge(root, { maxDescriptorsPercent: 0 })).toMatchObject({ status: 'ok', value: 0 });
    const blind = machine({ pid: 10 });
    const table = new ProcessTable(blind);
    table.descriptors = () => Promise.reject(new Error('EACCES'));
    const asked = (options: object) => verdictOf(processWith({ match: 'worker', ...options }, { table }));
    expect(await asked({ maxDescriptors: 5 })).toMatchObject({
      status: 'unknown',
      reason: `descriptors of ${name} is not known: EACCES`,
    });
    expect(await asked({ maxDescriptorsPercent: 5 })).toMatchObject({ status: 'unknown' });
    expect(await asked({ maxThreads: 5 })).toMatchObject({ status: 'ok' });
  });

  it('is unknown without the time since the boot, or if processes of others are hidden', async () => {
    const root = machine({ pid: 10 });
    const at = folder();
    expect((await judge(at, {})).status).toBe('unknown');
    writeFileSync(join(at, 'uptime'), '1000.00 1.00\n');
    expect(await judge(at, {})).toMatchObject({
      status: 'unknown',
      reason: `${name}: processes of other users are hidden from this program`,
    });
    expect((await judge(root, {})).status).toBe('ok');
  });

  it('does not find itself by its own command line', async () => {
    const root = machine({ pid: process.pid });
    expect(await judge(root, {})).toMatchObject({ status: 'bad' });
  });
});

describe('the processes in /proc', () => {
  const read = async (fake: Omit<Fake, 'pid'>) =>
    new ProcessTable(machine({ pid: 10, ...fake })).read(10, 1e6);

  it('are read by the fields of their file, whatever their name has in it', async () => {
    expect(await read({ state: 'R', parent: 7, cpuMs: 2_400, threads: 4, ageSeconds: 60 })).toEqual({
      ...{ pid: 10, state: 'R', parent: 7, cpuMs: 2_400, threads: 4, ageMs: 60_000, memoryBytes: 4_096 },
    });
  });

  it('add up the time in the kernel and outside of it', async () => {
    const root = machine({ pid: 10 });
    const zeros = '0 '.repeat(10);
    writeFileSync(join(root, '10', 'stat'), `10 (x) S 1 ${zeros.slice(2)}30 4 0 0 0 0 2 0 0 0 0\n`);
    expect(await new ProcessTable(root).read(10, 0)).toMatchObject({ cpuMs: 340, threads: 2, ageMs: 0 });
  });

  it.each([
    ['its resident kilobytes', 'VmSize:\t9 kB\nVmRSS:\t     12 kB\n', 12_288],
    ['its pages when there are no kilobytes', 'VmSize:\t9 kB\n', 6 * 4_096],
    ['nothing when it has no memory, as a thread of the kernel', 'Name:\tkthreadd\n', 0],
  ])('have as memory %s', async (_what, status, memoryBytes) => {
    expect(await read({ status, pages: 6 })).toMatchObject({ memoryBytes });
  });

  it('are not there once they have ended', async () => {
    const table = new ProcessTable(machine());
    expect(await table.read(10, 0)).toBeUndefined();
    expect(await table.commandLine(10)).toBe('');
  });

  it('are the numbers among the names, and hidden when the first process is', async () => {
    const root = machine({ pid: 10 });
    mkdirSync(join(root, '7x'));
    const table = new ProcessTable(root);
    expect((await table.pids()).sort()).toEqual([1, 10]);
    expect(await table.hidesOthers()).toBe(false);
    const hidden = folder();
    write(hidden, { pid: 10 });
    expect(await new ProcessTable(hidden).hidesOthers()).toBe(true);
  });

  it('have their words as a command line', async () => {
    const table = new ProcessTable(machine({ pid: 10, line: 'nginx -g daemon' }));
    expect(await table.commandLine(10)).toBe('nginx -g daemon');
  });

  it.each([
    ['1024', 1_024],
    ['unlimited', Infinity],
  ])('may open %s files', async (limit, number) => {
    expect((await new ProcessTable(machine({ pid: 10, limit })).descriptors(10)).limit).toBe(number);
  });

  it('may have a single descriptor, which is counted without the right to see it', async () => {
    const table = new ProcessTable(machine({ pid: 10, descriptors: 1 }));
    expect(await table.descriptors(10)).toEqual({ open: 1, limit: 100 });
  });

  it('have their descriptors counted where the kernel does not tell the number', async () => {
    const root = machine({ pid: 10 });
    const folderWithoutSize = '/proc/sys/kernel/random';
    rmSync(join(root, '10', 'fd'));
    symlinkSync(folderWithoutSize, join(root, '10', 'fd'));
    const open = readdirSync(folderWithoutSize).length;
    expect(await new ProcessTable(root).descriptors(10)).toEqual({ open, limit: 100 });
  });

  it('tell the time since the boot', async () =>
    expect(await new ProcessTable(machine()).uptimeMs()).toBe(1_000_000));
});

describe('a file system that must be writable', () => {
  const asked = async (path: string, ...lines: readonly string[]) => {
    const mountinfo = join(folder(), 'mountinfo');
    writeFileSync(mountinfo, lines.map((line) => `${line}\n`).join(''));
    return expectWritable(path, mountinfo).then(
      () => undefined,
      (error: Error) => error.message,
    );
  };
  const at = (point: string, options: string) =>
    `25 1 8:1 / ${point} rw,relatime shared:1 - ext4 /dev/sda1 ${options}`;
  const here = folder();
  const READ_ONLY = 'is on a file system that is read-only';

  it.each<[string, readonly string[], string | undefined]>([
    ['is writable', [at('/', 'rw,errors=remount-ro')], undefined],
    ['is read-only', [at('/', 'rw,ro')], READ_ONLY],
    ['is read-only after an error', [at('/', 'rw,emergency_ro')], READ_ONLY],
    ['was shut down', [at('/', 'rw,shutdown')], READ_ONLY],
    ['is below a read-only one', [at('/', 'ro'), at(here, 'rw')], undefined],
    ['is below a writable one', [at('/', 'rw'), at(here, 'ro')], READ_ONLY],
    ['is listed before the one above it', [at(here, 'ro'), at('/', 'rw')], READ_ONLY],
    ['is covered by a later mount on the same place', [at(here, 'ro'), at(here, 'rw')], undefined],
    ['has a neighbour with a similar name', [at('/', 'rw'), at(here.slice(0, -1), 'ro')], undefined],
    ['has another one below it', [at('/', 'rw'), at(`${here}/inner`, 'ro')], undefined],
    ['is not listed', [], undefined],
  ])('is judged by its superblock: it %s', async (_what, lines, problem) =>
    expect(await asked(here, ...lines)).toBe(problem),
  );

  it('is found by the folder above the path, and by names with spaces', async () => {
    expect(await asked(`${here}/a`, at('/', 'rw'), at(here, 'ro'))).toBe(READ_ONLY);
    const spaced = join(here, 'a b');
    mkdirSync(spaced, { recursive: true });
    expect(await asked(spaced, at('/', 'rw'), at(spaced.replace(' ', '\\040'), 'ro'))).toBe(READ_ONLY);
  });

  it('is not judged by the permission of one file', async () => {
    expect(await asked('/nowhere/at/all', at('/', 'rw'))).toBeUndefined();
  });

  it('is asked from the kernel when no table of mounts can be read', async () => {
    await expect(expectWritable(here, '/nowhere/mountinfo')).resolves.toBeUndefined();
    vi.spyOn(fs, 'access').mockRejectedValue(Object.assign(new Error('read-only'), { code: 'EROFS' }));
    syncBuiltinESMExports();
    await expect(expectWritable(here, '/nowhere/mountinfo')).rejects.toThrow(new WrongAnswer(READ_ONLY));
  });
});
