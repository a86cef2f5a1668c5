import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { command, directory, file } from '../../src/checks/index.js';
import { ProcessTable } from '../../src/checks/process-table.js';
import { processWith } from '../../src/checks/process.js';
import { folder, verdictOf } from './house.js';

describe('a log file of which only new lines are searched', () => {
  const made = () => {
    const path = join(folder(), 'app.log');
    writeFileSync(path, 'panic before anybody looked\n');
    const check = file({ path, lacks: 'panic', onlyNew: true });
    const judge = async () => (await verdictOf(check)).status;
    return { path, judge };
  };

  it('is read whole after a rename put another file in its place, also a longer one', async () => {
    const { path, judge } = made();
    expect(await judge()).toBe('ok');
    const next = `${path}.new`;
    writeFileSync(next, `panic at the start\n${'a line\n'.repeat(100)}`);
    renameSync(next, path);
    expect(await judge()).toBe('bad');
    expect(await judge()).toBe('ok');
  });

  it('is read whole after it was truncated', async () => {
    const { path, judge } = made();
    expect(await judge()).toBe('ok');
    truncateSync(path);
    appendFileSync(path, 'panic\n');
    expect(await judge()).toBe('bad');
  });

  it('reports a line that was still being written once, when it is complete', async () => {
    const { path, judge } = made();
    expect(await judge()).toBe('ok');
    appendFileSync(path, 'a pan');
    expect(await judge()).toBe('ok');
    appendFileSync(path, 'ic\nmore');
    expect(await judge()).toBe('bad');
    expect(await judge()).toBe('ok');
  });

  it('is read on from its last position after it was missing for a moment', async () => {
    const { path, judge } = made();
    expect(await judge()).toBe('ok');
    renameSync(path, `${path}.1`);
    expect(await judge()).toBe('bad');
    writeFileSync(path, 'all well\n');
    expect(await judge()).toBe('ok');
    appendFileSync(path, 'panic\n');
    expect(await judge()).toBe('bad');
  });
});

describe('the check file', () => {
  it('reads the content of a kernel file, which has no size', async () => {
    expect(await verdictOf(file({ path: '/proc/self/mountinfo', contains: ' / ' }))).toMatchObject({
      status: 'ok',
    });
    expect(
      await verdictOf(file({ path: '/proc/self/mountinfo', contains: ' /no/such/mount ' })),
    ).toMatchObject({
      status: 'bad',
    });
    expect(
      await verdictOf(file({ path: '/proc/sys/kernel/osrelease', sha256: '0'.repeat(64) })),
    ).toMatchObject({
      status: 'bad',
      reason: expect.not.stringContaining('e3b0c44298fc') as string,
    });
  });

  it('does not accept a pipe as a file, and never waits for it', async () => {
    const path = join(folder(), 'pipe');
    spawnSync('mkfifo', [path]);
    expect(await verdictOf(file({ path, contains: 'x' }))).toMatchObject({ status: 'bad' });
  });

  it('follows a link; a link to nothing is missing, and a circle of links is unknown', async () => {
    const inside = folder();
    const at = (name: string) => join(inside, name);
    writeFileSync(at('real'), 'x');
    symlinkSync(at('real'), at('link'));
    symlinkSync(at('nothing'), at('broken'));
    symlinkSync(at('circle'), at('circle'));
    const statuses = ['link', 'broken', 'circle'].map(
      async (name) => (await verdictOf(file({ path: at(name) }))).status,
    );
    expect(await Promise.all(statuses)).toEqual(['ok', 'bad', 'unknown']);
  });
});

describe('the check directory', () => {
  it('reads a directory with links to its own parents once', async () => {
    const path = folder();
    mkdirSync(join(path, 'inner'));
    symlinkSync(path, join(path, 'inner', 'up'));
    writeFileSync(join(path, 'inner', 'a'), 'abc');
    expect(await verdictOf(directory({ path, maxBytes: 3, maxFiles: 1 }))).toMatchObject({ status: 'ok' });
  });

  it('reports no size if only the number of files is requested', async () => {
    const path = folder();
    for (let index = 0; index < 200; index += 1) writeFileSync(join(path, `f${index}`), 'abc');
    expect(await verdictOf(directory({ path, maxFiles: 200 }))).toMatchObject({
      status: 'ok',
      reason: `directory:${path} has 200 files`,
    });
    expect(await verdictOf(directory({ path, maxBytes: 599 }))).toMatchObject({ status: 'bad', value: 600 });
  });
});

describe('a command of a check', () => {
  const sh = (script: string, more: object = {}) => command({ argv: ['sh', '-c', script], ...more });
  const alive = (pidFile: string) => {
    try {
      // A killed process that was not reaped yet is not alive.
      const pid = readFileSync(pidFile, 'utf8').trim();
      return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
    } catch {
      return false;
    }
  };

  it('has ended also if a child of it holds its output open', async () => {
    const path = join(folder(), 'pid');
    const check = sh(`sleep 60 & echo $! > ${path}; echo ready`, { contains: 'ready', timeoutMs: 30_000 });
    expect(await verdictOf(check)).toMatchObject({ status: 'ok' });
    // A command may start a daemon, which is not killed.
    expect(alive(path)).toBe(true);
    process.kill(Number(readFileSync(path, 'utf8')), 'SIGKILL');
  });

  it('is killed at its time limit with all its children, also if SIGTERM is ignored', async () => {
    const path = join(folder(), 'pid');
    const check = sh(`trap '' TERM; sh -c "trap '' TERM; sleep 60; sleep 60" & echo $! > ${path}; wait`, {
      timeoutMs: 500,
    });
    expect(await verdictOf(check)).toMatchObject({
      status: 'unknown',
      reason: expect.stringContaining('took longer than 500 ms') as string,
    });
    await expect.poll(() => existsSync(path) && alive(path), { timeout: 30_000 }).toBe(false);
  });

  it('is judged by its exit code and the first part of its output if it prints more than the limit', async () => {
    const much = 'head -c 20000000 /dev/zero | tr "\\0" x';
    expect(
      await verdictOf(sh(`echo ready; ${much}`, { contains: 'ready', timeoutMs: 60_000 })),
    ).toMatchObject({
      status: 'ok',
    });
    expect(await verdictOf(sh(`${much}; echo late; exit 3`, { timeoutMs: 60_000 }))).toMatchObject({
      status: 'bad',
    });
    expect(await verdictOf(sh(`${much}; echo late`, { contains: 'late', timeoutMs: 60_000 }))).toMatchObject({
      status: 'unknown',
    });
  }, 120_000);

  it('is killed when the caller aborts', async () => {
    const path = join(folder(), 'pid');
    const stop = new AbortController();
    const run = sh(`echo $$ > ${path}; exec sleep 60`).run({} as never, { signal: stop.signal });
    await expect.poll(() => existsSync(path) && alive(path), { timeout: 30_000 }).toBe(true);
    stop.abort();
    expect(await run).toMatchObject({ status: 'unknown' });
    await expect.poll(() => alive(path), { timeout: 30_000 }).toBe(false);
  });

  it('gets no input, and is unknown if its folder does not exist', async () => {
    expect(await verdictOf(command({ argv: ['cat'] }))).toMatchObject({ status: 'ok' });
    expect(await verdictOf(command({ argv: ['true'], cwd: '/nowhere' }))).toMatchObject({
      status: 'unknown',
    });
  });
});

describe('a pid file of the check process', () => {
  /** Makes this process one that started ten minutes ago, on a machine that booted two hours ago. */
  const table = (): ProcessTable => {
    const root = folder();
    mkdirSync(join(root, String(process.pid)));
    writeFileSync(join(root, 'uptime'), '7200.00 1.00\n');
    const fields = Array.from({ length: 50 }, (_, index) =>
      index === 19 ? '660000' : index === 0 ? 'S' : '1',
    );
    writeFileSync(join(root, String(process.pid), 'stat'), `${process.pid} (a) b) ${fields.join(' ')}\n`);
    writeFileSync(join(root, String(process.pid), 'status'), 'VmSize: 10 kB\nVmRSS: 10 kB\n');
    return new ProcessTable(root);
  };

  it.each([
    ['was written when the process began is ok', 600, 'ok', 'runs: 1 process'],
    ['was written slightly earlier, by another clock, is ok', 640, 'ok', 'runs: 1 process'],
    ['was written before the process began is bad: the number was reused', 1_800, 'bad', 'began after'],
    ['is older than the boot is unknown: the clock may have been wrong', 10_800, 'unknown', 'began after'],
  ])('that %s', async (_what, ageSeconds, status, reason) => {
    const pidFile = join(folder(), 'pid');
    writeFileSync(pidFile, `${process.pid}\n`);
    const writtenAt = Date.now() / 1_000 - ageSeconds;
    utimesSync(pidFile, writtenAt, writtenAt);
    expect(await verdictOf(processWith({ pidFile }, { table: table() }))).toMatchObject({
      status,
      reason: expect.stringContaining(reason) as string,
    });
  });
});
