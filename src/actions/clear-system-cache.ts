import { isUnknown } from '../host/reading.js';
import { bytes } from '../words.js';
import { defineAction, verifyByCheck } from './define.js';
import { noParameters } from './parameters.js';
import { unavailable } from './service.js';

/** Drops the kernel's caches of file data: level 1 for the page cache, 2 where the gain is slab. */
export const clearSystemCache = defineAction({
  parse: noParameters,
  async plan(_parameters, { read }) {
    const { memory } = await read({ parts: ['memory'] });
    const draft = { targets: ['memory'], steps: [], effect: 'Cached file data is dropped from memory' };
    if (isUnknown(memory))
      return { ...draft, refusal: unavailable(`Memory is not known: ${memory.unknown}`) };
    const { pageCacheBytes: cache, reclaimableSlabBytes: slab } = memory;
    const level = !isUnknown(slab) && (isUnknown(cache) || slab > cache) ? 2 : 1;
    const gain = level === 2 ? slab : cache;
    return {
      targets: ['memory'],
      effect: `Up to ${isUnknown(gain) ? 'an unknown amount' : bytes(gain)} of ${level === 2 ? 'kernel slab' : 'page cache'} is dropped; the kernel counts most of it as available already`,
      steps: [
        { kind: 'command', argv: ['sync'], needsRoot: false, timeoutMs: 60_000, interruptible: true },
        {
          kind: 'write',
          path: '/proc/sys/vm/drop_caches',
          content: String(level),
          needsRoot: true,
          timeoutMs: 60_000,
          interruptible: false,
        },
      ],
    };
  },
  verify: verifyByCheck,
  scope: 'host',
  risk: 'reversible',
  timeoutMs: 2 * 60_000,
});
