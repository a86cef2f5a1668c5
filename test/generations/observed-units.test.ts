import { describe, expect, it } from 'vitest';
import { seenAs, unitsIn } from '../../src/generations/observed-units.js';
import type { UnitReading } from '../../src/model/unit.js';
import { unitReading } from '../../src/testing/index.js';

const NAMES = ['nginx', 'db', 'web', 'other'] as const;
const [nginx, db, web, other] = NAMES.map((name) => unitReading({ name })) as [
  UnitReading,
  UnitReading,
  UnitReading,
  UnitReading,
];

describe('the units of a reading that are recorded', () => {
  it('are the requested ones, the matches of patterns and the members, but no others that fail', () => {
    expect(unitsIn({ asked: [nginx], matched: [db], members: [web], troubled: [other] })).toEqual([
      ...[nginx, db, web],
    ]);
    expect(unitsIn({ asked: [nginx], troubled: [] })).toEqual([nginx]);
  });

  it('contain a requested unit once, although it matches a pattern and is a member', () => {
    expect(unitsIn({ asked: [nginx, db], matched: [nginx], members: [db, web], troubled: [] })).toEqual([
      ...[nginx, db, web],
    ]);
  });
});

describe('a unit is observed as', () => {
  it.each<[string, Partial<UnitReading>]>([
    ['failing', { activeState: 'failed' }],
    ['active', { activeState: 'active' }],
    ['down', { activeState: 'inactive' }],
    ['changing', { activeState: 'activating' }],
    ['changing', { activeState: 'active', job: 'restart' }],
  ])('%s: %o', (state, more) => {
    const seen = seenAs(unitReading({ name: 'nginx', invocationId: 'f00', ...more }), true);
    expect(seen).toEqual({ name: 'nginx.service', run: 'f00', state });
  });

  it('without its run if it is not listed', () => {
    expect(seenAs(unitReading({ name: 'nginx', invocationId: 'f00' }), false).run).toBe('');
  });
});
