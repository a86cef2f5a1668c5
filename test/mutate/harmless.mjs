// The survivors that change nothing a test could or should notice, each with its reason: `harmless/ROOM.tsv`, one line a
// mutant: file, code before, code after, reason. A line counts for all mutants of the file with the same change.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './plan.mjs';

/** Reasons, in words that follow "harmless, as". */
export const REASONS = {
  same: 'no input shows a difference',
  type: 'the value that it is about is excluded by a type or by an earlier check',
  speed: 'only time or memory depends on it: a cache, an early return, the order in which modules are loaded',
  number: 'it is a size or time by one more or less, and nothing depends on the exact one',
  words: 'it only changes words for people',
  host: 'it shows on a host with systemd, NixOS or root only, and a test on the booted host covers it',
  elsewhere:
    'a test that is not used here covers it: a property, a random input, one of another room, or one that replaces a module',
};

const folder = join(root, 'test/mutate/harmless');

/** Returns the reason of each known survivor, by its key. */
export function reasons() {
  const known = new Map();
  for (const name of readdirSync(folder))
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean)) {
      const [path, before, after, reason] = line.split('\t');
      if (!Object.hasOwn(REASONS, reason))
        throw new Error(`${name}: unknown reason \`${reason}\` in: ${line}`);
      known.set([path, before, after].join('\t'), reason);
    }
  return known;
}

export const keyOf = ({ path, before, text }) => [path, code(before), code(text)].join('\t');

/** One line of code for a list. */
export function code(text) {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 110 ? `${line.slice(0, 109)}…` : line;
}
