import { expect, it } from 'vitest';
import { whyVolatile } from '../../src/memory/volatile-store.js';

it.each([
  ['tmpfs', 0x01021994],
  ['ramfs', 0x858458f6],
])('a state file on a %s is reported, with its path', (kind, type) => {
  const why = whyVolatile('/var/lib/healing/state.json', (folder) =>
    folder === '/var/lib/healing' ? type : 0,
  );
  expect(why).toBe(
    `the record in /var/lib/healing/state.json is on a ${kind}, which is empty after a boot: give \`state\` a path on disk`,
  );
});

it('a state file on another file system, an unreadable one, and no state file are not reported', () => {
  expect(whyVolatile('/var/lib/state.json', () => 0xef53)).toBeUndefined();
  expect(whyVolatile('/there/is/none', () => undefined)).toBeUndefined();
  expect(whyVolatile(undefined)).toBeUndefined();
});
