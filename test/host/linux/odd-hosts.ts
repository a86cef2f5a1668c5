import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { Digits } from '../../../src/host/linux/digits.js';
import type { StatFsCalls } from '../../../src/host/linux/mount-reader.js';
import type { StatFs } from '../../../src/host/linux/usage.js';
import type { Unknown } from '../../../src/model/reading.js';

/** Returns the root of a host in `test/fixtures/proc`. */
export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/proc/${name}`, import.meta.url));

/** Creates a host with these files, removed after the test. */
export function temporaryHost(files: Record<string, string | Uint8Array> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'odd-host-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const put = (path: string, text: string | Uint8Array): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [path, text] of Object.entries(files)) put(path, text);
  return { root, put, remove: (path: string) => rmSync(join(root, path), { recursive: true }) };
}

/** Returns the first `length` bytes of a text, to parse. */
export const textOf = (text: string | Uint8Array, length?: number): Digits => {
  const bytes = Buffer.from(text);
  return new Digits().over(bytes, length ?? bytes.length);
};

/** Creates an error like `node:fs`. */
export const systemError = (code: string, path: unknown): Error =>
  Object.assign(new Error(`${code}: made up, statfs '${String(path)}'`), { code });

/** A file system of 1,000 blocks of 4 KiB, 60 of them used and 20 reserved for root; 100 inodes, 25 used. */
export const someStat = (changes: Partial<StatFs> = {}): StatFs => ({
  bsize: 4096,
  blocks: 1000,
  bfree: 940,
  bavail: 920,
  files: 100,
  ffree: 75,
  ...changes,
});

/** `statfs` with results from a table, `someStat` for the rest. Records its calls. */
export function fakeStatFs(answers: Record<string, StatFs | Error | Promise<StatFs>> = {}) {
  const asked: string[] = [];
  const askedAsync: string[] = [];
  const calls: StatFsCalls = {
    sync: (path) => {
      asked.push(String(path));
      const answer = answers[String(path)] ?? someStat();
      if (answer instanceof Error) throw answer;
      if (answer instanceof Promise) throw new Error(`${String(path)} would hang`);
      return answer;
    },
    async: async (path) => {
      askedAsync.push(String(path));
      const answer = answers[String(path)] ?? someStat();
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  return { calls, asked, askedAsync, answers };
}

/** A monotonic clock that is advanced by the test. */
export function handClock(start = 1_000) {
  let now = start;
  return { monotonic: () => now, forward: (ms: number) => (now += ms) };
}

/** Matches an unknown reading whose reason contains this text. */
export const unknownSaying = (text = ''): Unknown => ({ unknown: expect.stringContaining(text) as string });
