import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clearSystemCache } from '../../src/actions/clear-system-cache.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { readControls } from '../../src/host/controls.js';
import { makePlan } from '../../src/execute/planner.js';
import { guardsFrom, type GuardOptions } from '../../src/model/guards.js';
import type { MemoryReading } from '../../src/model/snapshot.js';
import { actionConformance, fakeHost, memoryReading } from '../../src/testing/index.js';
import { issueOf } from '../make.js';
import { only } from './only.js';

const THRESHOLDS = thresholdValues();
const MIB = 1024 ** 2;
const UNKNOWN = { unknown: 'not told here' };
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cache-'));
  mkdirSync(join(root, 'proc/sys/vm'), { recursive: true });
  writeFileSync(join(root, 'proc/sys/vm/drop_caches'), '0\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Memory of 8 GiB; 3 % of it are 245.8 MiB. */
const memory = (changes: Partial<MemoryReading>): MemoryReading => ({ ...memoryReading(95), ...changes });
const planOn = (reading: MemoryReading | { unknown: string }, guards: GuardOptions = {}) =>
  makePlan(
    { action: 'clear_system_cache', parameters: {} },
    {
      host: fakeHost({ memory: reading, controls: readControls(root) }),
      actions: only('clear_system_cache', clearSystemCache),
      thresholds: THRESHOLDS,
      services: [],
      guards: guardsFrom(guards),
    },
    new AbortController().signal,
  );

describe('the expected gain of clear_system_cache', () => {
  it('is none for the memory of a control group, because the caches belong to the whole host', async () => {
    const plan = await planOn(memory({ scope: 'cgroup', uncountedCacheBytes: 4096 * MIB }));
    expect(plan).toMatchObject({ steps: [], refusal: { reason: 'no-expected-gain' } });
    expect(plan.refusal?.sentence).toContain('control group');
  });

  it('is almost nothing on most hosts, because the kernel counts its cache as available', async () => {
    const plan = await planOn(memory({ pageCacheBytes: 4096 * MIB, uncountedCacheBytes: 50 * MIB }));
    expect(plan).toMatchObject({ steps: [], refusal: { reason: 'no-expected-gain' } });
    expect(plan.refusal?.sentence).toMatch(/at most: less than 3 % of memory, 245\.8 MiB/);
  });

  it('of page cache needs level 1, after dirty pages were written', async () => {
    const plan = await planOn(memory({ uncountedCacheBytes: 300 * MIB }));
    expect(plan.steps).toMatchObject([
      { kind: 'command', argv: ['sync'] },
      {
        kind: 'write',
        path: `${root}/proc/sys/vm/drop_caches`,
        content: '1',
        interruptible: false,
        needsRoot: true,
      },
    ]);
    expect(plan.effect).toContain('Up to 300.0 MiB of page cache');
  });

  it.each([
    ['slab', { uncountedSlabBytes: 400 * MIB }, 'kernel slab'],
    ['the cache of ZFS', { evictableArcBytes: 400 * MIB }, 'kernel slab and ZFS cache'],
    [
      'the cache of ZFS without the kernel slab',
      { evictableArcBytes: 400 * MIB, uncountedCacheBytes: UNKNOWN, uncountedSlabBytes: UNKNOWN },
      'ZFS cache',
    ],
  ])('of %s needs level 2, and never level 3', async (_name, changes, words) => {
    const plan = await planOn(memory({ uncountedCacheBytes: 300 * MIB, ...changes }));
    expect(plan.steps[1]).toMatchObject({ content: '2' });
    expect(plan.effect).toContain(words);
  });

  it('is compared with the share given in the guards', async () => {
    const reading = memory({ uncountedCacheBytes: 50 * MIB });
    expect((await planOn(reading, { useless: { gainPercent: 0.5 } })).refusal).toBeUndefined();
  });

  it('is too little to act on if it is unknown', async () => {
    const blind = { uncountedCacheBytes: UNKNOWN, uncountedSlabBytes: UNKNOWN };
    expect(await planOn(memory(blind))).toMatchObject({ steps: [], refusal: { reason: 'unavailable' } });
    expect(await planOn(UNKNOWN)).toMatchObject({ steps: [], refusal: { reason: 'unavailable' } });
  });
});

it('clear_system_cache is unavailable on a kernel without drop_caches', async () => {
  rmSync(join(root, 'proc'), { recursive: true });
  expect((await planOn(memory({ uncountedCacheBytes: 900 * MIB }))).refusal).toEqual({
    reason: 'unavailable',
    sentence: 'This host has no `vm.drop_caches`',
  });
});

it('clear_system_cache passes the conformance suite of actions', async () => {
  const cases = actionConformance(() => clearSystemCache, {
    parameters: {},
    refused: [{ level: 3 }],
    host: () => fakeHost({ controls: readControls(root) }),
  });
  for (const { run } of cases) await run();
});

it('the proof of clear_system_cache reports what was dropped and the gain, beside the expected gain', async () => {
  const before = memory({ pageCacheBytes: 2000 * MIB, uncountedCacheBytes: 300 * MIB });
  const after = memory({
    pageCacheBytes: 500 * MIB,
    availableBytes: before.availableBytes + 200 * MIB,
  });
  const plan = await planOn(before);
  const definition = clearSystemCache;
  const seen = await definition.verify(definition.parse({}), {
    issue: issueOf({ component: 'memory' }),
    plan,
    before: undefined,
    steps: [],
    guards: guardsFrom(),
    inspect: () => Promise.resolve(undefined),
    proof: () => Promise.resolve({ status: 'ineffective', reason: 'Memory is 92 % used' }),
    read: () => Promise.resolve(fakeHost({ memory: after }).read()),
    settle: () => Promise.resolve(),
    signal: new AbortController().signal,
  });
  expect(seen).toEqual({
    status: 'ineffective',
    reason:
      'Memory is 92 % used; 1.5 GiB were dropped, and 200.0 MiB more are available (expected were up to 300.0 MiB)',
  });
});
