import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../../src/execute/run-command.js';
import { runPlan } from '../../src/execute/run-plan.js';
import { startWithExeca } from '../../src/execute/start-program.js';
import { startWithNode } from '../../src/execute/start-with-node.js';
import type { CommandStep } from '../../src/model/plan.js';
import { planOf } from '../make.js';

const bin = (name: string): string => fileURLToPath(new URL(`../fixtures/bin/${name}`, import.meta.url));
const stepOf = (argv: string[], more: Partial<CommandStep> = {}): CommandStep => ({
  kind: 'command',
  argv,
  needsRoot: false,
  timeoutMs: 60_000,
  interruptible: true,
  ...more,
});
let folder: string;
const file = (name: string): string => join(folder, name);
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'run-command-'))));
afterEach(() => rm(folder, { recursive: true }));

/** Returns whether a process exists and is not a zombie. */
function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
const whenWritten = (name: string) =>
  vi.waitFor(async () => (await readFile(file(name), 'utf8')).split(/\s+/).filter(Boolean).map(Number), {
    timeout: 5_000,
    interval: 10,
  });
const whenGone = (pids: number[]) =>
  vi.waitFor(() => expect(pids.filter(lives)).toEqual([]), { timeout: 5_000, interval: 10 });

describe.each([
  ['execa', startWithExeca],
  ['Node', startWithNode],
])('a command by %s', (_way, start) => {
  const run = (argv: string[], more: Partial<CommandStep> = {}, signal?: AbortSignal) =>
    runCommand(stepOf(argv, more), signal, undefined, start);

  describe('ends and', () => {
    it('succeeds with 0, and both outputs are kept', async () => {
      expect(await run([bin('exit'), '0'])).toEqual({
        ok: true,
        output: 'to stdout\nfirst to stderr\nlast to stderr',
      });
    });

    it('fails with any other status, which is reported with the command line and the last lines of stderr', async () => {
      const argv = [bin('exit'), '3'];
      expect(await run(argv)).toMatchObject({
        ok: false,
        error: `\`${argv.join(' ')}\` exited with 3: first to stderr last to stderr`,
      });
    });

    it.each([
      [126, 'could not be run: it is not executable'],
      [127, 'could not be run: there is no such program'],
    ])('reports with %d that it could not be run', async (status, words) => {
      const { ok, error } = await run([bin('exit'), String(status)]);
      expect(ok).toBe(false);
      expect(error).toContain(words);
    });

    it.each([
      ['a program that does not exist', '/no/such/program', 'there is no such program'],
      ['a name that is not in the PATH', 'no-such-program-a7c1', 'there is no such program'],
      ['a file that is not executable', bin('not-executable'), 'could not be run (EACCES)'],
      ['a folder', '/tmp', 'could not be run (EACCES)'],
      ['an empty command', '', 'could not be run'],
    ])('fails with a reason for %s', async (_what, program, words) => {
      const { ok, error } = await run([program]);
      expect(ok).toBe(false);
      expect(error).toContain(words);
    });

    it('fails with the signal that killed it', async () => {
      const { ok, error } = await run(['sh', '-c', 'kill -SEGV $$']);
      expect(ok).toBe(false);
      expect(error).toContain('was ended by SIGSEGV');
    });

    it('fails for arguments that the kernel does not accept', async () => {
      const { ok, error } = await run(['true', 'x'.repeat(3_000_000)]);
      expect(ok).toBe(false);
      expect(error).toContain('could not be run (E2BIG)');
    });
  });

  describe('is started and', () => {
    it('receives its arguments as they are, without a shell', async () => {
      const words = [
        '$(touch pwned)',
        '`id`',
        '; reboot',
        '* ?',
        '"',
        "'",
        '&& ls',
        '\\',
        '',
        'two  spaces',
        '$HOME',
      ];
      const argv = ['printf', '%s\n', ...words];
      expect((await run(argv)).output?.split('\n')).toEqual(words);
    });

    it('receives its standard input, or an empty one', async () => {
      expect(await run(['cat'], { input: 'performance\n' })).toEqual({ ok: true, output: 'performance' });
      expect(await run(['cat'])).toEqual({ ok: true });
    });

    it('may leave its input unread', async () => {
      expect(await run(['true'], { input: 'x'.repeat(1_000_000) })).toEqual({ ok: true });
    });

    it('runs in the locale C, so that messages are the same everywhere', async () => {
      expect((await run(['sh', '-c', 'echo $LC_ALL'])).output).toBe('C');
    });
  });

  describe('has its output', () => {
    it('limited to the last 64 KiB of each stream', async () => {
      const { ok, output = '' } = await run([process.execPath, bin('flood.mjs'), '300000']);
      expect(ok).toBe(true);
      const [stdout = '', stderr = ''] = output.split('\n');
      expect([stdout.length, stderr.length]).toEqual([64 * 1024, 64 * 1024]);
      expect([stdout.slice(-4), stderr.slice(-4)]).toEqual(['-END', '-END']);
    });

    it('shortened in the error, however long the last line is', async () => {
      const { error = '' } = await run(['sh', '-c', `${'printf %01000d 0 >&2;'.repeat(3)} exit 1`]);
      expect(error.length).toBeLessThan(700);
    });
  });

  describe('hangs and', () => {
    it('is killed at its time limit, with its child and grandchild', async () => {
      const argv = [bin('family'), file('pids')];
      const { ok, error } = await run(argv, { timeoutMs: 300 });
      expect(ok).toBe(false);
      expect(error).toBe(`\`${argv.join(' ')}\` did not end within 300 ms, and was ended with its children`);
      const pids = await whenWritten('pids');
      expect(pids).toHaveLength(3);
      await whenGone(pids);
    });

    it('is killed with its descendants when the signal is aborted', async () => {
      const controller = new AbortController();
      const running = run([bin('family'), file('pids')], {}, controller.signal);
      const pids = await whenWritten('pids');
      expect(pids).toHaveLength(3);
      expect(pids.filter(lives)).toEqual(pids);
      controller.abort();
      const { ok, error } = await running;
      expect(ok).toBe(false);
      expect(error).toContain('was stopped, and was ended with its children');
      await whenGone(pids);
    });

    it('is killed by SIGKILL if it ignores SIGTERM', async () => {
      const controller = new AbortController();
      const running = run([bin('family'), file('pids'), 'stubborn'], {}, controller.signal);
      const pids = await whenWritten('pids');
      controller.abort();
      expect(await running).toMatchObject({ ok: false });
      await whenGone(pids);
    });

    it('is killed even if its signal was aborted before it began', async () => {
      const { ok, error } = await run(['sleep', '600'], { timeoutMs: 300 }, AbortSignal.abort());
      expect(ok).toBe(false);
      expect(error).toContain('was stopped');
    });

    it('has ended but left a child that holds the output, which is killed at the time limit', async () => {
      await run([bin('runaway'), file('pid')], { timeoutMs: 300 });
      await whenGone(await whenWritten('pid'));
    });
  });

  describe('must not be interrupted and', () => {
    it('is waited for, and nothing is started after it', async () => {
      const controller = new AbortController();
      const steps = [
        stepOf([bin('gate'), file('begun'), file('go')], { interruptible: false }),
        stepOf(['touch', file('second')]),
      ];
      const running = runPlan(planOf({ steps }), controller.signal, undefined, start);
      await vi.waitFor(() => readFile(file('begun')), { timeout: 5_000, interval: 10 });
      controller.abort();
      await writeFile(file('go'), '');
      const [first] = await running;
      expect(first).toMatchObject({ ok: true, output: 'finished' });
      await expect(readFile(file('second'))).rejects.toThrow('ENOENT');
    });

    it('still has its own time limit', async () => {
      const steps = [stepOf(['sleep', '600'], { interruptible: false, timeoutMs: 100 })];
      const reports = await runPlan(planOf({ steps }), new AbortController().signal, undefined, start);
      expect(reports).toMatchObject([
        { ok: false, error: expect.stringContaining('did not end within 100 ms') as string },
      ]);
    });
  });
});
