import { expect, it } from 'vitest';
import { preload } from '../../src/repair/load.js';
import { differs, historiesOf } from './enumeration.js';
import { EVENTS } from './specification.js';

/** Number of events in the histories; CI and people may ask for more. */
const DEPTH = Number(process.env['PROPERTY_DEPTH'] ?? 3);

it(
  'does what the specification says, in every history of two components',
  async () => {
    await preload();
    const wrong: string[] = [];
    let histories = 0;
    // A shorter history is the beginning of a longer one, and is compared event by event.
    for (const history of historiesOf(DEPTH)) {
      const found = await differs(history);
      if (found !== undefined && wrong.length < 10) wrong.push(found);
      histories += 1;
    }
    console.log(`${histories} histories enumerated: every one of ${DEPTH} events out of ${EVENTS.length}`);
    expect(wrong).toEqual([]);
  },
  24 * 60 * 60_000,
);
