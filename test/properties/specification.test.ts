import { expect, it } from 'vitest';
import { preload } from '../../src/repair/load.js';
import { differs, historiesOf } from './enumeration.js';
import { EVENTS, type SpecEvent } from './spec-events.js';

/** Number of events in a history; set by CI for a longer run. */
const DEPTH = Number(process.env['PROPERTY_DEPTH'] ?? 2);

/** Beginnings of histories: both components bad, and a breaker that one more ineffective repair opens. */
const BEGINNINGS: readonly (readonly SpecEvent[])[] = [
  [],
  [
    'a look, repairs do not help',
    'eleven minutes pass',
    'a look, repairs do not help',
    'eleven minutes pass',
    'a person approves',
  ],
];

it(
  'the engine does what the specification says, in every history of two components',
  async () => {
    await preload();
    const wrong: string[] = [];
    let histories = 0;
    // A shorter history is the beginning of a longer one, which is compared after each event.
    for (const beginning of BEGINNINGS) {
      for (const history of historiesOf(DEPTH, beginning)) {
        const found = await differs(history);
        if (found !== undefined && wrong.length < 10) wrong.push(found);
        histories += 1;
      }
    }
    const words = `every one of ${DEPTH} events out of ${EVENTS.length}, after ${BEGINNINGS.length} beginnings`;
    console.log(`${histories} histories enumerated: ${words}`);
    expect(wrong).toEqual([]);
  },
  24 * 60 * 60_000,
);
