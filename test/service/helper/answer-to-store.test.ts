import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readControls } from '../../../src/host/controls.js';
import { unknown } from '../../../src/model/reading.js';
import { answerTo } from '../../../src/service/helper/answer-to.js';
import { parsePolicy } from '../../../src/service/helper/policy.js';
import { fakeHost, mountReading } from '../../../src/testing/index.js';

const NOW = { at: Date.UTC(2025, 0, 1), boot: 'a', upMs: 3_600_000 };

/** Collects garbage for a file system that stays 97 % full; each run frees this part of what it was asked to free. */
async function collected(part: number) {
  const root = mkdtempSync(join(tmpdir(), 'answer-to-store-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'nix/store'), { recursive: true });
  let runs = 0;
  const execution = await answerTo(
    { version: 1, do: 'execute', action: 'clean_nix_store', parameters: { path: '/' } },
    {
      policy: parsePolicy({ version: 1, actions: ['clean_nix_store'], services: ['nginx'] }),
      host: fakeHost({ controls: readControls(root), mounts: [mountReading({ percent: 97 })] }),
      book: {
        read: () => [],
        write: async () => undefined,
        lock: async () => undefined,
        release: async () => undefined,
      },
      approvals: { add: async () => undefined, find: () => undefined, take: () => undefined },
      ...{ uid: 1_000, asks: 'engine', record: () => unknown('there is none'), now: () => NOW },
      planWithin: new AbortController().signal,
      signal: new AbortController().signal,
      start: async ({ argv }) => {
        runs += 1;
        const mib = (Number(argv.at(-1)) * part) / 1024 ** 2;
        const output = `9 store paths deleted, ${mib.toFixed(2)} MiB freed\n`;
        const stdout = Readable.from([Buffer.from(output)]);
        const ended = once(stdout, 'end').then(() => ({ exitCode: 0 }));
        return {
          ...{ pid: undefined, stdout, stderr: Readable.from([]), kill: () => undefined },
          ...{ exited: ended.then(() => undefined), ended },
        };
      },
    },
  );
  return { execution, runs };
}

describe('the garbage collection of the root helper', () => {
  it('is repeated up to four times while the file system is still too full', async () => {
    const { execution, runs } = await collected(1);
    expect(execution).toMatchObject({ outcome: 'executed' });
    expect(runs).toBe(4);
    expect(execution.steps).toHaveLength(4);
  });

  it('is not repeated after a run that left no more garbage', async () => {
    const { execution, runs } = await collected(0.1);
    expect(execution).toMatchObject({ outcome: 'executed' });
    expect(runs).toBe(1);
  });

  it('reports a duration within the time that the caller waited', async () => {
    const start = performance.now();
    const { execution } = await collected(0.1);
    expect(execution.durationMs).toBeGreaterThan(0);
    expect(execution.durationMs).toBeLessThanOrEqual(performance.now() - start);
  });
});
