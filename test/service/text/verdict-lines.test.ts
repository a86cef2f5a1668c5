import { expect, it } from 'vitest';
import { uncoloured } from '../../../src/service/text/paint.js';
import { verdictLines } from '../../../src/service/text/verdict-lines.js';
import { verdictOf } from '../../make.js';

it.each([
  [6, undefined],
  [7, 'and 1 more line like these'],
  [8, 'and 2 more lines like these'],
])('of %i lines of a category at most six are shown, and the others counted', (many, rest) => {
  const verdicts = Array.from({ length: many }, (_, index) =>
    verdictOf({ type: 'resource', check: `check-${index}`, component: `part-${index}`, status: 'ok' }),
  );
  const lines = verdictLines(verdicts, uncoloured).map((line) => line.trim());
  expect(lines.slice(7)).toEqual(rest === undefined ? [] : [rest]);
});
