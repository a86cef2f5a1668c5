import { describe, expect, it } from 'vitest';
import { clearSystemCache } from '../../src/actions/clear-system-cache.js';
import type { PlanDraft } from '../../src/actions/define.js';
import type { MemoryReading } from '../../src/model/snapshot.js';
import { memoryReading, type FakeHostParts } from '../../src/testing/index.js';
import { planOf } from '../make.js';
import { planningOn, verifyingOn } from './contexts.js';

const MIB = 1024 ** 2;
const UNREAD = { unknown: 'not read' };
const NONE = { uncountedCacheBytes: 0, uncountedSlabBytes: 0, evictableArcBytes: 0 };
/** Memory of 10,000 MiB, of which nothing can be gained; 3 % of it are 300 MiB. */
const memory = (more: Partial<MemoryReading>): MemoryReading => ({
  ...memoryReading(95),
  totalBytes: 10_000 * MIB,
  ...NONE,
  ...more,
});
const controls = (unwritable: string | null = null): FakeHostParts => ({
  controls: {
    cpuPolicies: UNREAD,
    dropCaches: { path: '/proc/sys/vm/drop_caches', unwritable },
    nix: { hasStore: false, daemon: 'none', hasSystemd: true },
  },
});
const plan = async (more: Partial<MemoryReading>, parts = controls()): Promise<PlanDraft> =>
  clearSystemCache.plan({}, planningOn({ memory: memory(more), ...parts }));
const levelOf = ({ steps }: PlanDraft) =>
  steps.flatMap((step) => (step.kind === 'write' ? step.content : []));

describe('clear_system_cache', () => {
  it.each<[Partial<MemoryReading>, string[], string]>([
    [{ uncountedCacheBytes: 300 * MIB }, ['1'], 'Up to 300.0 MiB of page cache'],
    [{ uncountedCacheBytes: 300 * MIB - 1 }, [], 'Cached file data is dropped'],
    [{ uncountedCacheBytes: 400 * MIB, uncountedSlabBytes: 400 * MIB }, ['1'], 'page cache'],
    [{ uncountedCacheBytes: 400 * MIB, uncountedSlabBytes: 401 * MIB }, ['2'], 'of kernel slab that'],
    [
      { evictableArcBytes: 200 * MIB, uncountedSlabBytes: 200 * MIB },
      ['2'],
      '400.0 MiB of kernel slab and ZFS',
    ],
    [{ evictableArcBytes: 400 * MIB, uncountedSlabBytes: UNREAD }, ['2'], '400.0 MiB'],
  ])('with %j writes the level %j', async (more, level, words) => {
    const draft = await plan(more);
    expect(levelOf(draft)).toEqual(level);
    expect(draft.effect).toContain(words);
    expect(draft.targets).toEqual(['memory']);
    const note = 'What was cached is read from disk again when it is needed';
    expect(draft.notes).toEqual(level.length === 0 ? undefined : [note]);
    expect(draft.refusal?.reason).toBe(level.length === 0 ? 'no-expected-gain' : undefined);
  });

  it.each<[string, Partial<MemoryReading>]>([
    ['the page cache', { uncountedCacheBytes: UNREAD, uncountedSlabBytes: 900 * MIB }],
    ['the kernel slab', { uncountedCacheBytes: 900 * MIB, uncountedSlabBytes: UNREAD }],
  ])('is refused while the gain of %s is not known', async (_, more) => {
    expect((await plan(more)).refusal).toEqual({
      reason: 'unavailable',
      sentence: 'What dropping caches would gain: not read',
    });
  });

  it('writes pages to disk first, without root, and then drops them as root within a minute each', async () => {
    const limits = { timeoutMs: 60_000 };
    expect((await plan({ uncountedCacheBytes: 900 * MIB })).steps).toEqual([
      { kind: 'command', argv: ['sync'], needsRoot: false, interruptible: true, ...limits },
      {
        kind: 'write',
        path: '/proc/sys/vm/drop_caches',
        content: '1',
        needsRoot: true,
        interruptible: false,
        ...limits,
      },
    ]);
  });

  it.each<[FakeHostParts, string | undefined]>([
    [controls(), undefined],
    [controls('No `vm.drop_caches` here'), 'No `vm.drop_caches` here'],
    [{}, '`vm.drop_caches` is not known: this host does not report it'],
  ])('is unavailable, and its plan refused, on a host that has no file to write', async (parts, why) => {
    expect(await clearSystemCache.unavailable?.(planningOn(parts))).toBe(why);
    expect((await plan({ uncountedCacheBytes: 900 * MIB }, parts)).refusal?.sentence).toBe(why);
  });

  it('refuses any parameter', () => {
    expect(() => clearSystemCache.parse({ level: 3 })).toThrow('Unknown option `level`');
  });
});

describe('the proof of clear_system_cache', () => {
  const proof = () => Promise.resolve({ status: 'fixed', reason: 'well' } as const);
  const prove = (baseline: Record<string, number> | undefined, after: MemoryReading | typeof UNREAD) =>
    clearSystemCache.verify(
      {},
      verifyingOn({ memory: after }, { plan: planOf(baseline ? { baseline } : {}), proof }),
    );
  const AFTER = memory({
    availableBytes: 500 * MIB,
    pageCacheBytes: 100 * MIB,
    reclaimableSlabBytes: 20 * MIB,
    evictableArcBytes: 3 * MIB,
  });

  it.each<[Record<string, number> | undefined, MemoryReading | typeof UNREAD, string]>([
    [
      { available: 200 * MIB, expected: 400 * MIB, cached: 323 * MIB },
      AFTER,
      'well; 200.0 MiB were dropped, and 300.0 MiB more are available (expected were up to 400.0 MiB)',
    ],
    [
      { available: 200 * MIB, expected: 400 * MIB, cached: 323 * MIB },
      { ...AFTER, pageCacheBytes: UNREAD, reclaimableSlabBytes: UNREAD },
      'well; 320.0 MiB were dropped, and 300.0 MiB more are available (expected were up to 400.0 MiB)',
    ],
    [
      { available: 600 * MIB },
      AFTER,
      'well; 0 B were dropped, and 0 B more are available (expected were up to 0 B)',
    ],
    [undefined, AFTER, 'well'],
    [{ available: 1 }, UNREAD, 'well'],
  ])('after a plan with %j says what was gained, where that is known', async (baseline, after, reason) => {
    expect(await prove(baseline, after)).toEqual({ status: 'fixed', reason });
  });
});
