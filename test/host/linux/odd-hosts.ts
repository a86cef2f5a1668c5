import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import type { StatFsCalls } from '../../../src/host/linux/mount-reader.js';
import type { StatFs } from '../../../src/host/linux/usage.js';
import type { Unknown } from '../../../src/model/reading.js';

/** The root of a recorded or written host in `test/fixtures/proc`. */
export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/proc/${name}`, import.meta.url));

/** A host made of these files, gone when the test is. */
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

/** An error as `node:fs` throws it. */
export const systemError = (code: string, path: unknown): Error =>
  Object.assign(new Error(`${code}: made up, statfs '${String(path)}'`), { code });

/** A file system of 1,000 blocks of 4 KiB, 60 of them used and 20 kept for root; 100 inodes, 25 used. */
export const someStat = (changes: Partial<StatFs> = {}): StatFs => ({
  bsize: 4096,
  blocks: 1000,
  bfree: 940,
  bavail: 920,
  files: 100,
  ffree: 75,
  ...changes,
});

/** `statfs` that answers from a table, `someStat` for the rest, and says what it was asked. */
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

/** A monotonic clock that goes forward when told to. */
export function handClock(start = 1_000) {
  let now = start;
  return { monotonic: () => now, forward: (ms: number) => (now += ms) };
}

/** What an unknown reading looks like whose reason holds this text. */
export const unknownSaying = (text = ''): Unknown => ({ unknown: expect.stringContaining(text) as string });
