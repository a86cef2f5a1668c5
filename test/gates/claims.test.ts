import { describe, expect, it } from 'vitest';
import { claimOf, conflicts, covers, type Claim } from '../../src/gates/claims.js';
import type { Effects } from '../../src/model/effects.js';
import type { Plan } from '../../src/model/plan.js';
import { planOf, unitTargetOf } from '../make.js';

const affected = (...names: string[]) => ({ id: names[0] ?? '', names, how: 'stops' }) as never;
const effects = (more: Partial<Effects>): Effects =>
  ({ touches: [], starts: [], touchesIfUp: [], ...more }) as Effects;

describe('the claim of a plan', () => {
  const target = unitTargetOf({
    id: 'a.service',
    names: ['a.service', 'alias.service'],
    dragsAlong: ['b.service'],
  });

  it.each<[string, Partial<Plan>, Partial<Claim>]>([
    [
      'on a unit has its id, its other names and the units that stop with it',
      { targets: [target] },
      { names: ['a.service', 'alias.service', 'b.service'], alone: false, starts: [], stopsIfUp: [] },
    ],
    [
      'has the id of a unit that is not among its names',
      { targets: [unitTargetOf({ id: 'x.service', names: [] })] },
      { names: ['x.service'] },
    ],
    [
      'has what its jobs affect, what they start, and what they would stop',
      {
        targets: [target],
        effects: effects({
          touches: [affected('c.service', 'd.service')],
          starts: [affected('e.service')],
          touchesIfUp: ['shutdown.target'],
        }),
      },
      {
        names: ['a.service', 'alias.service', 'b.service', 'c.service', 'd.service'],
        starts: ['e.service'],
        stopsIfUp: ['shutdown.target'],
      },
    ],
    [
      'of another host action is the action',
      { targets: [], action: 'clean' },
      { names: ['clean'], alone: false },
    ],
    [
      'of another host action is the action, whatever the names of its targets',
      { targets: [{ kind: 'plain', id: 'disk:/var' }], action: 'clean' },
      { names: ['clean'] },
    ],
    [
      'in this process is the component, whatever its targets',
      { scope: 'process', targets: [target] },
      { scope: 'process', names: ['pool'], alone: false },
    ],
    [
      'that changes the generation is alone, by its name',
      { action: 'rebuild_system', targets: [] },
      { alone: true },
    ],
    [
      'that changes the generation is alone, by its plan',
      { generation: { from: 'a', to: 'b' } as never, targets: [] },
      { alone: true },
    ],
    [
      'in this process is never alone',
      { scope: 'process', generation: { from: 'a', to: 'b' } as never },
      { alone: false },
    ],
  ])('%s', (_which, plan, expected) => {
    expect(claimOf(planOf(plan), 'pool')).toMatchObject(expected);
  });
});

const claim = (more: Partial<Claim> = {}): Claim => ({
  ...{ scope: 'host', alone: false, names: [], starts: [], stopsIfUp: [], ...more },
});

describe('two plans', () => {
  it.each<[string, Partial<Claim>, Partial<Claim>, boolean]>([
    ['of nothing in common', { names: ['a', 'b'] }, { names: ['c'] }, false],
    ['of one unit in common', { names: ['a', 'b'] }, { names: ['b', 'c'] }, true],
    [
      'of one unit in common, but in another scope',
      { names: ['a'] },
      { names: ['a'], scope: 'process' },
      false,
    ],
    ['of one component, in two scopes', { component: 'x' }, { component: 'x', scope: 'process' }, true],
    ['of no component that is known', {}, {}, false],
    ['of which one is alone', { alone: true }, { names: ['c'] }, true],
    ['of which one is alone in another scope', { alone: true }, { scope: 'process' }, false],
    ['that start the same unit', { starts: ['a'] }, { starts: ['a'] }, false],
    ['of which one starts what the other one repairs', { starts: ['a', 'b'] }, { names: ['b'] }, true],
    ['of which one starts what the other one would stop', { starts: ['a', 'b'] }, { stopsIfUp: ['b'] }, true],
    ['of which one repairs what the other one would stop', { names: ['a', 'b'] }, { stopsIfUp: ['b'] }, true],
    ['that would stop the same unit if it ran', { stopsIfUp: ['s'] }, { stopsIfUp: ['s'] }, false],
  ])('%s', (_which, one, other, expected) => {
    expect(conflicts(claim(one), claim(other))).toBe(expected);
    expect(conflicts(claim(other), claim(one))).toBe(expected);
  });
});

describe('a held claim covers a plan', () => {
  it.each<[string, Partial<Claim>, Partial<Claim>, boolean]>([
    ['that needs less', { names: ['a', 'b'] }, { names: ['a'] }, true],
    [
      'that needs the same',
      { names: ['a'], starts: ['s'], stopsIfUp: ['t'] },
      { names: ['a'], starts: ['s'], stopsIfUp: ['t'] },
      true,
    ],
    ['not one that needs another unit besides', { names: ['a'] }, { names: ['a', 'b'] }, false],
    ['not one that starts another unit', { names: ['a'] }, { starts: ['s'] }, false],
    ['not one that would stop another unit', { names: ['a'] }, { stopsIfUp: ['t'] }, false],
    ['that starts a unit which it holds', { names: ['a'] }, { starts: ['a'] }, true],
    ['that would stop a unit which it holds', { names: ['a'] }, { stopsIfUp: ['a'] }, true],
    ['not one of another scope', { alone: true }, { scope: 'process' }, false],
    ['of any kind, when it is alone', { alone: true }, { names: ['a'], starts: ['s'], alone: true }, true],
    ['not one that must be alone', { names: ['a'] }, { names: ['a'], alone: true }, false],
  ])('%s', (_which, held, needed, expected) => {
    expect(covers(claim(held), claim(needed))).toBe(expected);
  });
});
