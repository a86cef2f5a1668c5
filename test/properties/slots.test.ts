import fc from 'fast-check';
import { expect, it } from 'vitest';
import { conflicts, type Claim } from '../../src/gates/claims.js';
import { Slots } from '../../src/repair/slots.js';
import { WorldClock } from './clock.js';

const claims = fc.record({
  scope: fc.constantFrom('host' as const, 'process' as const),
  alone: fc.constantFrom(false, false, false, true),
  names: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), { minLength: 1, maxLength: 2 }),
  starts: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'h'), { maxLength: 1 }),
  stopsIfUp: fc.uniqueArray(fc.constantFrom('a', 'h', 'i'), { maxLength: 1 }),
});
const works = fc.array(fc.record({ claim: claims, takesMs: fc.constantFrom(0, 1, 5) }), { maxLength: 14 });

it('slots run at most four repairs of a scope at once, none on a unit in use, a generation change alone, and all of them', async () => {
  await fc.assert(
    fc.asyncProperty(works, async (all) => {
      const clock = new WorldClock(() => 0);
      const slots = new Slots(() => clock.monotonic);
      const running = new Set<Claim>();
      let ran = 0;
      const ended = all.map(({ claim, takesMs }) =>
        slots.take(claim, { component: '', action: '' }, async () => {
          const beside = [...running].filter(({ scope }) => scope === claim.scope);
          expect(beside.length).toBeLessThan(4);
          expect(beside.some((other) => conflicts(other, claim))).toBe(false);
          if (claim.alone || beside.some(({ alone }) => alone)) expect(beside).toEqual([]);
          running.add(claim);
          await clock.sleep(takesMs);
          running.delete(claim);
          ran += 1;
        }),
      );
      await clock.drive(Promise.all(ended), () => false);
      expect(ran).toBe(all.length);
    }),
    { numRuns: 200, seed: 20_261_123 },
  );
});
