import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { play } from './play.js';
import { nothingSeen } from './rules.js';
import { histories, type Kind } from './script.js';

/** Number of histories; `npm run test:soak` plays 1,000,000. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 500);
/** The same histories each time, but others in a soak run. To repeat one: `PROPERTY_SEED=…`. */
const SEED = Number(process.env['PROPERTY_SEED'] ?? (RUNS > 10_000 ? Date.now() % 2 ** 31 : 20_261_123));
/** Number of histories between two progress lines, so that an interrupted long run has reported something. */
const CHUNK = 2_000;

const FOCUS: readonly (readonly [title: string, more: Partial<Record<Kind, number>>])[] = [
  ['of every kind', {}],
  ['full of crashes', { crash: 4, saving: 3, restart: 3 }],
  ['full of ineffective repairs', { acts: 4, cycles: 2 }],
  [
    'full of operators who approve, pause, reset and switch',
    { answers: 4, pause: 3, switches: 4, reset: 2, hand: 3 },
  ],
  ['full of storms and jumping clocks', { storm: 6, jump: 5, monitoring: 2 }],
  ['full of slow checks', { checks: 8, monitoring: 3, hand: 2, acts: 2 }],
  ['full of repairs that do not last', { through: 3, cycles: 2, acts: 5, rehearsal: 2, crash: 0.5 }],
  ['full of plans that change', { plans: 8, neighbours: 8, batch: 4, answers: 3, acts: 2 }],
];

describe('any history of the engine', () => {
  const seen = nothingSeen();
  const began = performance.now();
  let played = 0;

  const tell = (words: string): void => {
    const perSecond = (1_000 * played) / (performance.now() - began);
    console.log(`${words}: ${played} histories played, seed ${SEED}, ${perSecond.toFixed(0)} a second`);
  };
  afterAll(() =>
    tell(
      `In all (${Object.entries(seen)
        .map(([what, often]) => `${what} ${often}`)
        .join(', ')})`,
    ),
  );

  it.each(FOCUS)(
    '%s keeps every rule',
    async (title, more) => {
      const runs = Math.ceil(RUNS / FOCUS.length);
      for (let done = 0; done < runs; done += CHUNK) {
        const numRuns = Math.min(CHUNK, runs - done);
        const property = fc.asyncProperty(histories(more), async (history) => {
          expect(await play(history, seen)).toEqual([]);
          played += 1;
        });
        await fc.assert(property, { numRuns, seed: SEED + done }).catch((error: unknown) => {
          // A long run prints a failure at once.
          console.error(error);
          throw error;
        });
        if (runs > CHUNK) tell(title);
      }
    },
    24 * 60 * 60_000,
  );

  it.runIf(RUNS >= 2_500)('in this test covers every event that has a rule', () => {
    expect(Object.entries(seen).filter(([, often]) => often < 5)).toEqual([]);
  });
});
