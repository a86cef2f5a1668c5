import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inOrder } from '../../src/repair/order.js';
import type { Choice } from '../../src/repair/choose.js';
import type { Severity } from '../../src/model/issue.js';
import { issueOf, planOf, unitTargetOf } from '../make.js';

/** Issue of a unit, with the fields that its order depends on. */
const choiceOf = (component: string, severity: Severity, needs: string[] = []): Choice => ({
  issue: issueOf({ component, severity }),
  action: { action: 'restart_service', parameters: { service: component } },
  plan: planOf({ targets: [unitTargetOf({ id: component, needs })] }),
  rung: 0,
  attempts: [],
});
const names = (list: readonly Choice[]) => list.map(({ issue }) => issue.component);

describe('the order of a batch', () => {
  it('is by severity, and as given for equal ones', () => {
    const list = [choiceOf('a', 2), choiceOf('b', 4), choiceOf('c', 3), choiceOf('d', 4)];
    expect(names(inOrder(list))).toEqual(['b', 'd', 'c', 'a']);
  });

  it('has dependencies first, also indirect ones', () => {
    const list = [choiceOf('web', 3, ['app']), choiceOf('app', 3, ['db']), choiceOf('db', 3)];
    expect(names(inOrder(list))).toEqual(['db', 'app', 'web']);
  });

  it('knows a dependency also by another of its names', () => {
    const db: Choice = {
      ...choiceOf('db', 3),
      plan: planOf({ targets: [unitTargetOf({ id: 'db', names: ['db', 'postgres'] })] }),
    };
    expect(names(inOrder([choiceOf('web', 3, ['postgres']), db]))).toEqual(['db', 'web']);
  });

  it('does not let a dependency move a milder issue before a more severe one', () => {
    expect(names(inOrder([choiceOf('web', 4, ['db']), choiceOf('db', 3)]))).toEqual(['web', 'db']);
  });

  it('ends for units with circular dependencies', () => {
    const list = [choiceOf('a', 3, ['b']), choiceOf('b', 3, ['c']), choiceOf('c', 3, ['a'])];
    expect(names(inOrder(list)).sort()).toEqual(['a', 'b', 'c']);
  });

  const units = ['a', 'b', 'c', 'd', 'e', 'f'];
  const batch = fc.uniqueArray(
    fc.record({
      component: fc.constantFrom(...units),
      severity: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const),
      needs: fc.subarray(units),
    }),
    { selector: ({ component }) => component },
  );

  it('is always a permutation, sorted by severity', () => {
    fc.assert(
      fc.property(batch, (given) => {
        const list = given.map(({ component, severity, needs }) => choiceOf(component, severity, needs));
        const ordered = inOrder(list);
        expect(ordered).toHaveLength(list.length);
        expect(new Set(ordered)).toEqual(new Set(list));
        const severities = ordered.map(({ issue }) => issue.severity);
        expect(severities).toEqual([...severities].sort((a, b) => b - a));
      }),
    );
  });

  it('always has dependencies first, within a severity and without cycles', () => {
    let compared = 0;
    fc.assert(
      fc.property(batch, (given) => {
        // Only earlier letters may be dependencies, so there is no cycle.
        const list = given.map(({ component, severity, needs }) =>
          choiceOf(
            component,
            severity,
            needs.filter((need) => need < component),
          ),
        );
        const ordered = inOrder(list);
        ordered.forEach((one, at) => {
          const [target] = one.plan!.targets;
          const needed = target?.kind === 'unit' ? target.needs : [];
          for (const other of ordered.slice(at + 1)) {
            if (other.issue.severity !== one.issue.severity) continue;
            expect(needed).not.toContain(other.issue.component);
            compared += needed.length;
          }
        });
      }),
      { numRuns: 200, seed: 20_261_128 },
    );
    expect(compared).toBeGreaterThan(100);
  });
});
