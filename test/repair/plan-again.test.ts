import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/model/plan.js';
import { failedUnit, unitReading } from '../../src/testing/index.js';
// A service that does not exist is reported with a similar name. Loading that takes real time, so it is done here.
import '../../src/watch/unit-names.js';
import { benchOf } from '../make-engine.js';
import { planOf, SWITCH_BACK, unitTargetOf } from '../make.js';

/** Plans of a service, by the number of plans that were made of it before. */
type Plans = Readonly<Record<string, (nth: number) => Partial<Plan>>>;

/** A plan that acts on these units. */
const on = (...ids: readonly string[]): Partial<Plan> =>
  planOf({ targets: ids.map((id) => unitTargetOf({ id: `${id}.service` })) });

/** Failed services, whose repairs run until the test ends them. */
async function started(plans: Plans) {
  const names = Object.keys(plans);
  const made = new Map<string, number>();
  const acts: string[] = [];
  const ends = new Map<string, () => void>();
  const bench = benchOf(
    { units: names.map((name) => failedUnit({ name: `${name}.service` })) },
    {
      services: [...names, 'other'],
      guards: { settleMs: { service: 0 }, storm: { services: 1_000 } },
      fake: {
        plan: ({ parameters }) => {
          const name = String(parameters['service']).replace('.service', '');
          const nth = made.get(name) ?? 0;
          made.set(name, nth + 1);
          return { ...plans[name]!(nth), parameters };
        },
        act: async ({ parameters }, { plan }) => {
          const name = String(parameters['service']).replace('.service', '');
          acts.push(`${name} on ${plan?.targets.map(({ id }) => id).join(' ')}`);
          await new Promise<void>((end) => ends.set(name, end));
          bench.host.setUnit(name, unitReading({ name: `${name}.service` }));
        },
      },
    },
  );
  const stop = new AbortController();
  const healing = bench.engine.detectAndHeal({ signal: stop.signal });
  await bench.clock.advance(0);
  return {
    ...{ acts, made, bench, stop },
    /** Ends the repairs of these services, one after the other. */
    async end(...ended: readonly string[]) {
      for (const name of ended) {
        ends.get(name)?.();
        await bench.clock.advance(0);
      }
    },
    /** Ends all repairs, and returns the results by service. */
    async results() {
      // The end of one repair may start another one.
      for (const _name of names) {
        for (const end of ends.values()) end();
        await bench.clock.advance(0);
      }
      const results = await bench.done(healing);
      return new Map(results.map((result) => [result.issue.component, result]));
    },
  };
}

describe('the plan of a repair that waited for the units of another one', () => {
  it('is made again, and the new one is carried out', async () => {
    const { acts, end, results } = await started({
      a: () => on('a'),
      x: (nth) => on(...(nth === 0 ? ['x', 'a'] : ['x'])),
    });
    expect(acts).toEqual(['a on a.service']);
    await end('a');
    expect(acts).toEqual(['a on a.service', 'x on x.service']);
    expect((await results()).get('x')).toMatchObject({ outcome: 'fixed' });
  });

  it('is made only once when the repair did not wait', async () => {
    const { made, results } = await started({ a: () => on('a'), x: () => on('x') });
    await results();
    expect(made.get('x')).toBe(1);
  });

  it('waits again, for the units of the new plan', async () => {
    const { acts, end, results } = await started({
      ...{ a: () => on('a'), b: () => on('b'), c: () => on('c') },
      x: (nth) => on('x', ['a', 'b', 'c'][nth] ?? 'c'),
    });
    await end('a', 'b');
    expect(acts).toHaveLength(3);
    await end('c');
    expect(acts.at(-1)).toBe('x on x.service c.service');
    expect((await results()).get('x')).toMatchObject({ outcome: 'fixed' });
  });

  it('that is another one after each of three waits is left to the next cycle', async () => {
    const { acts, end, results } = await started({
      ...{ a: () => on('a'), b: () => on('b'), c: () => on('c') },
      x: (nth) => on('x', ['a', 'b', 'c', 'd'][nth] ?? 'd'),
    });
    await end('a', 'b', 'c');
    expect((await results()).get('x')).toMatchObject({
      ...{ outcome: 'skipped', blockedBy: 'in-flight' },
      error: 'Its plan changed each time before it could start: it is planned again in the next cycle',
    });
    expect(acts).toHaveLength(3);
  });

  it('is not made again after the engine was stopped', async () => {
    const { made, stop, results } = await started({ a: () => on('a'), x: () => on('x', 'a') });
    stop.abort();
    expect((await results()).get('x')).toMatchObject({ outcome: 'skipped', blockedBy: 'paused' });
    expect(made.get('x')).toBe(1);
  });
});

describe('the plan of a repair that needs another repair', () => {
  const needs = (...ids: readonly string[]): Partial<Plan> =>
    planOf({
      targets: [unitTargetOf({ id: 'app.service', needs: ids.map((id) => `${id}.service`) })],
    });

  it('is made again once that has ended', async () => {
    const { acts, end, results } = await started({
      db: () => on('db'),
      app: (nth) => (nth === 0 ? needs('db') : on('app', 'other')),
    });
    expect(acts).toEqual(['db on db.service']);
    await end('db');
    expect(acts.at(-1)).toBe('app on app.service other.service');
    expect((await results()).get('app')).toMatchObject({ outcome: 'fixed' });
  });
});

describe('a change of the generation', () => {
  it('runs alone, though no service is in a storm', async () => {
    const { acts, end, results } = await started({
      a: () => ({ ...on('a'), generation: SWITCH_BACK }),
      b: () => on('b'),
    });
    expect(acts).toEqual(['a on a.service']);
    await end('a');
    expect(acts).toEqual(['a on a.service', 'b on b.service']);
    await results();
  });
});
