import { describe, expect, it } from 'vitest';
import type { ComponentVerdict } from '../../src/model/issue.js';
import { UNKNOWN_UNIT } from '../../src/detect/services.js';
import { askByName } from '../../src/repair/ask-by-name.js';
import { verdictOf } from '../make.js';

const ABSENT = verdictOf({ component: 'nginx', check: 'services', type: 'service' });
const { signal } = new AbortController();

/** Reads nginx by name, and returns what is kept of the answer. */
async function asked(answer: Partial<ComponentVerdict>, check = 'services') {
  const requests: unknown[] = [];
  const found = verdictOf({ component: 'nginx', check, ...answer });
  const detector = {
    detectIssues: async () => [],
    inspect: async (request: unknown) => (requests.push(request), [found]),
  };
  const kept = await askByName([{ ...ABSENT, check }], detector, signal);
  expect(requests).toEqual([{ component: 'nginx', check, fresh: undefined, signal }]);
  return kept.length === 1 && kept[0] === found;
}

describe('a component that a cycle did not read, read by name,', () => {
  it.each<[string, Partial<ComponentVerdict>, string, boolean]>([
    ['is kept when it is ok', { status: 'ok' }, 'services', true],
    [
      'is kept when it is unknown for another reason',
      { status: 'unknown', reason: 'no bus' },
      'services',
      true,
    ],
    ['is kept when it is a unit that has failed since', { status: 'bad' }, 'services', true],
    ['is gone when it is bad, and no unit: it is not watched any more', { status: 'bad' }, 'pools', false],
    ['is gone when its check says that it is absent', { status: 'ok', absent: true }, 'services', false],
    [
      'is gone when systemd does not know the unit',
      { status: 'unknown', reason: `${UNKNOWN_UNIT}x` },
      'services',
      false,
    ],
    [
      'is kept when it is ok, whatever its reason',
      { status: 'ok', reason: `${UNKNOWN_UNIT}x` },
      'services',
      true,
    ],
    ['is not taken for another component', { component: 'db', status: 'ok' }, 'services', false],
    ['is not taken for the verdict of another check', { check: 'http', status: 'ok' }, 'services', false],
  ])('%s', async (_which, answer, check, isKept) => {
    expect(await asked(answer, check)).toBe(isKept);
  });

  it('is unknown when it cannot be read: its issue stays open', async () => {
    const detector = {
      detectIssues: async () => [],
      inspect: () => Promise.reject(new Error('no bus')),
    };
    expect(await askByName([ABSENT], detector, signal)).toEqual([
      {
        ...{ status: 'unknown', reason: 'nginx could not be read by name' },
        ...{ component: 'nginx', check: 'services', type: 'service' },
      },
    ]);
  });
});
