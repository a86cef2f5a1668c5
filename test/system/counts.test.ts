import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

// Counts, because times on a busy machine are not comparable.

const call = promisify(execFile);
const fileHere = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const door = (name: string): string => pathToFileURL(fileHere(`../../dist/${name}`)).href;

const CYCLES = 1_000;
/** System calls of one cycle on a host whose process has no memory limit: `stat`, `meminfo`, `loadavg`. */
const FILES = 3;

const hasStrace = await call('strace', ['-V']).then(
  () => true,
  () => false,
);
const required = process.env['SYSTEM_TESTS_REQUIRED'] === '1';

interface Counted {
  readonly verdicts: number;
  readonly before: number;
  readonly after: number;
  readonly closed: number;
}

/** Returns the system calls of the whole process between the two marks, by name. */
async function traced(): Promise<{ counted: Counted; calls: Map<string, number> }> {
  const folder = await mkdtemp(join(tmpdir(), 'counts-'));
  try {
    const trace = join(folder, 'trace');
    const program = [process.execPath, fileHere('./programs/cycles.mjs'), String(CYCLES)];
    const { stdout } = await call('strace', ['-f', '-qq', '-o', trace, ...program], { timeout: 100_000 });
    const lines = (await readFile(trace, 'utf8')).split('\n');
    const at = (mark: string) => lines.findIndex((line) => line.includes(`"/${mark}"`));
    const calls = new Map<string, number>();
    for (const line of lines.slice(at('begin') + 1, at('end'))) {
      const name = /^\d+ +(\w+)\(/.exec(line)?.[1];
      if (name !== undefined) calls.set(name, (calls.get(name) ?? 0) + 1);
    }
    return { counted: JSON.parse(stdout) as Counted, calls };
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe.skipIf(!hasStrace && !required)('a healthy cycle', () => {
  it('makes the system calls of its reading and hardly any other, starts no process, and opens no file', async () => {
    const { counted, calls } = await traced();
    const total = [...calls.values()].reduce((sum, count) => sum + count, 0);
    const reads = (calls.get('pread64') ?? 0) / CYCLES;
    const statfs = (calls.get('statfs') ?? 0) / CYCLES;
    expect(reads).toBeGreaterThanOrEqual(FILES);
    expect(statfs).toBeGreaterThanOrEqual(1);
    // The mounts are listed about once in a millisecond; garbage collections and V8 threads wake each other.
    const others = [...calls].filter(([name]) => !['pread64', 'statfs', 'futex', 'madvise'].includes(name));
    const strangers = others.reduce((sum, [, count]) => sum + count, 0);
    expect(strangers, JSON.stringify(others)).toBeLessThan(CYCLES / 5);
    expect(total).toBeLessThan(CYCLES * (reads + statfs + 1));
    for (const name of ['openat', 'execve', 'fork', 'vfork', 'clone', 'clone3', 'connect'])
      expect(calls.get(name) ?? 0, name).toBeLessThanOrEqual(name === 'openat' ? 20 : 0);
    expect(counted.after).toBe(counted.before);
    expect(counted.closed).toBeLessThan(counted.before);
  });
});

describe('the memory and import footprint', () => {
  it('of a healthy cycle is small, and none of it stays', async () => {
    const flags = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];
    const { stdout } = await call(process.execPath, [...flags, fileHere('../../bench/probes/heap.mjs')]);
    const heap = JSON.parse(stdout) as { cycle?: number; growthBytes: number; growthCycles: number };
    // 410 B if V8 optimises Node's result of `statfs` away, 600 B otherwise; 250 B of it are the call itself.
    expect(heap.cycle ?? 0).toBeLessThan(1_000);
    expect(heap.growthBytes / heap.growthCycles).toBeLessThan(32);
  });

  // The validation of options, ports, units and file systems is synchronous, so it must be loaded at once.
  it.each([
    ['index.js', 300_500],
    ['observe/prometheus.js', 312_500],
    ['observe/dashboard/index.js', 299_500],
    ['testing/index.js', 356_500],
  ])('of the sub-path %s has a byte limit and only files of the package', async (name, most) => {
    const { stdout } = await call(process.execPath, [fileHere('../../bench/probes/modules.mjs'), door(name)]);
    const { files, builtins } = JSON.parse(stdout) as { files: string[]; builtins: string[] };
    expect(files.filter((url) => !url.startsWith(door('')))).toEqual([]);
    const sizes = await Promise.all(files.map(async (url) => (await stat(fileURLToPath(url))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(most);
    for (const heavy of ['child_process', 'http', 'net', 'crypto', 'worker_threads', 'dgram', 'os'])
      expect(builtins).not.toContain(`node:${heavy}`);
  });
});
