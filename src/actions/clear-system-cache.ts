import { isUnknown, type Reading } from '../model/reading.js';
import type { MemoryReading } from '../model/snapshot.js';
import type { Block } from '../model/plan.js';
import { bytes } from '../base/format.js';
import {
  defineAction,
  verifyByCheck,
  type PlanContext,
  type Verification,
  type VerifyContext,
} from './define.js';
import { controlsOf } from './controls.js';
import { noParameters } from './parameters.js';
import { noGain, refusedDraft, unavailable } from './on-service.js';

const OWN_GROUP =
  'What is full is the memory of this control group, and dropping the caches of the whole host is no answer to that';

/** Drops the kernel's caches of file data: level 1 for the page cache, 2 where the gain is slab or the cache of ZFS. */
export const clearSystemCache = defineAction({
  parse: noParameters,
  async plan(_parameters, { read, guards }) {
    const { memory } = await read({ parts: ['memory'] });
    const refused = (refusal: Block) =>
      refusedDraft('memory', 'Cached file data is dropped from memory', refusal);
    if (isUnknown(memory)) return refused(unavailable(`Memory is not known: ${memory.unknown}`));
    if (memory.scope === 'cgroup') return refused(noGain(OWN_GROUP));
    const file = await dropCaches({ read });
    if ('sentence' in file) return refused(file);
    const best = largestGain(memory);
    if (isUnknown(best)) return refused(unavailable(`What dropping caches would gain: ${best.unknown}`));
    const least = (guards.useless.gainPercent / 100) * memory.totalBytes;
    const words = `${bytes(best.gain)} of ${best.what} that are not counted as available already`;
    if (best.gain < least) {
      const sentence = `Dropping caches would gain ${words}, at most: less than ${guards.useless.gainPercent} % of memory, ${bytes(least)}`;
      return refused(noGain(sentence));
    }
    return {
      targets: ['memory'],
      effect: `Up to ${words} are dropped from memory`,
      steps: [
        { kind: 'command', argv: ['sync'], needsRoot: false, timeoutMs: 60_000, interruptible: true },
        {
          kind: 'write',
          path: file.path,
          content: String(best.level),
          needsRoot: true,
          timeoutMs: 60_000,
          interruptible: false,
        },
      ],
      notes: ['What was cached is read from disk again when it is needed'],
      baseline: { available: memory.availableBytes, expected: best.gain, cached: cached(memory) },
    };
  },
  unavailable: async (context) => {
    const file = await dropCaches(context);
    return 'sentence' in file ? file.sentence : undefined;
  },
  verify,
  scope: 'host',
  risk: 'reversible',
  timeoutMs: 2 * 60_000,
});

/** Returns the path of `vm.drop_caches`, or a block if it cannot be written. */
async function dropCaches(context: Pick<PlanContext, 'read'>): Promise<{ readonly path: string } | Block> {
  const controls = await controlsOf(context);
  if (isUnknown(controls)) return unavailable(`\`vm.drop_caches\` is not known: ${controls.unknown}`);
  const { path, unwritable } = controls.dropCaches;
  return unwritable === null ? { path } : unavailable(unwritable);
}

interface Gain {
  readonly level: 1 | 2;
  readonly what: string;
  /** Upper limit in bytes: mapped and dirty pages cannot be dropped. */
  readonly gain: number;
}

/** Returns the gain of dropping caches at the level that gains most. */
function largestGain(memory: MemoryReading): Reading<Gain> {
  const { uncountedCacheBytes: cache, uncountedSlabBytes: slab, evictableArcBytes: arc } = memory;
  if (isUnknown(cache) && arc === 0) return cache;
  if (isUnknown(slab) && arc === 0) return slab;
  const pages = isUnknown(cache) ? 0 : cache;
  const behind = arc + (isUnknown(slab) ? 0 : slab);
  if (behind <= pages) return { level: 1, what: 'page cache', gain: pages };
  return { level: 2, what: arc > 0 ? 'kernel slab and ZFS cache' : 'kernel slab', gain: behind };
}

/** Returns the size of all caches that the kernel could drop, in bytes. */
const cached = ({ pageCacheBytes, reclaimableSlabBytes, evictableArcBytes }: MemoryReading): number =>
  evictableArcBytes +
  (isUnknown(pageCacheBytes) ? 0 : pageCacheBytes) +
  (isUnknown(reclaimableSlabBytes) ? 0 : reclaimableSlabBytes);

/** Verifies by the check, and adds the measured gain. */
async function verify(parameters: Record<string, never>, context: VerifyContext): Promise<Verification> {
  const verification = await verifyByCheck(parameters, context);
  const { baseline } = context.plan;
  const { memory } = await context.read({ parts: ['memory'] });
  if (baseline?.available === undefined || isUnknown(memory)) return verification;
  const { available, expected = 0, cached: before = 0 } = baseline;
  const dropped = Math.max(0, before - cached(memory));
  const gained = Math.max(0, memory.availableBytes - available);
  const words = `${bytes(dropped)} were dropped, and ${bytes(gained)} more are available (expected were up to ${bytes(expected)})`;
  return { ...verification, reason: `${verification.reason}; ${words}` };
}
