import { describe, expect, it } from 'vitest';
import { allDrags } from '../../../src/host/systemd/drags-along.js';

describe('the units that are stopped with a unit', () => {
  const graph: Record<string, string[]> = { a: ['b'], b: ['c', 'd'], c: ['a'], d: [], e: [] };
  const read = (asked: string[][]) => async (units: readonly string[]) => {
    asked.push([...units]);
    return new Map(units.map((unit) => [unit, graph[unit] ?? []]));
  };

  it('include indirect ones, also in cycles, and exclude the unit itself', async () => {
    const asked: string[][] = [];
    const drags = await allDrags(new Map([['a', ['b']]]), read(asked));
    expect(drags).toEqual(new Map([['a', ['b', 'c', 'd']]]));
    expect(asked).toEqual([['b'], ['c', 'd']]);
  });

  it('need no query if there are none', async () => {
    const asked: string[][] = [];
    expect(await allDrags(new Map([['e', []]]), read(asked))).toEqual(new Map([['e', []]]));
    expect(asked).toEqual([]);
  });

  it('are in alphabetical order', async () => {
    const none = async () => new Map();
    expect(await allDrags(new Map([['a', ['z', 'b', 'z']]]), none)).toEqual(new Map([['a', ['b', 'z']]]));
  });

  it('include an unknown unit without dependents', async () => {
    expect(await allDrags(new Map([['x', ['y']]]), async () => new Map())).toEqual(new Map([['x', ['y']]]));
  });
});
