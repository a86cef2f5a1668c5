import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readControls } from '../../../src/host/controls.js';
import { unknown } from '../../../src/model/reading.js';
import { answerTo } from '../../../src/service/helper/answer-to.js';
import { parsePolicy } from '../../../src/service/helper/policy.js';
import { fakeHost } from '../../../src/testing/index.js';

const NOW = { at: Date.UTC(2025, 0, 1), boot: 'a', upMs: 3_600_000 };
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'answer-to-governor-'));
  for (const name of ['policy0', 'policy1']) {
    mkdirSync(folderOf(name), { recursive: true });
    writeFileSync(fileOf(name), 'powersave\n');
    writeFileSync(join(folderOf(name), 'scaling_available_governors'), 'performance powersave\n');
    writeFileSync(join(folderOf(name), 'scaling_cur_freq'), '1000000\n');
  }
});
afterEach(() => rmSync(root, { recursive: true }));
const folderOf = (name: string) => join(root, 'sys/devices/system/cpu/cpufreq', name);
const fileOf = (name: string) => join(folderOf(name), 'scaling_governor');

/** Sets the governor of two policies; `onWrite` is called after the act is recorded and before its first step. */
const answered = (onWrite: () => void) =>
  answerTo(
    { version: 1, do: 'execute', action: 'set_cpu_governor', parameters: { governor: 'performance' } },
    {
      policy: parsePolicy({ version: 1, actions: ['set_cpu_governor'], services: ['nginx'] }),
      host: { ...fakeHost(), read: (request) => fakeHost({ controls: readControls(root) }).read(request) },
      book: {
        read: () => [],
        write: async () => onWrite(),
        lock: async () => undefined,
        release: async () => undefined,
      },
      approvals: { add: async () => undefined, find: () => undefined, take: () => undefined },
      ...{ uid: 1_000, asks: 'engine', record: () => unknown('there is none'), now: () => NOW },
      planWithin: new AbortController().signal,
      signal: new AbortController().signal,
    },
  );
const governors = () => ['policy0', 'policy1'].map((name) => readFileSync(fileOf(name), 'utf8').trim());

describe('the governors that the root helper sets', () => {
  it('are set in every policy', async () => {
    const execution = await answered(() => undefined);
    expect(execution).toMatchObject({ outcome: 'executed' });
    expect(governors()).toEqual(['performance', 'performance']);
  });

  it('are those from before after a step has failed: its policy allows the way back', async () => {
    const execution = await answered(() => rmSync(folderOf('policy1'), { recursive: true }));
    expect(execution).toMatchObject({ outcome: 'failed' });
    expect(execution.error).toMatch(/ENOENT.*; the steps before it were undone$/);
    expect(readFileSync(fileOf('policy0'), 'utf8')).toBe('powersave');
  });
});
