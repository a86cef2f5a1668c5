import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import { NO_EFFECTS, type Effects } from '../../src/model/effects.js';
import { claimOf, conflicts, covers } from '../../src/gates/claims.js';
import type { Verdict } from '../../src/model/issue.js';
import type { Plan } from '../../src/model/plan.js';
import { failedUnit, unitReading } from '../../src/testing/index.js';
import { benchOf, type Bench } from '../make-engine.js';
import { planOf, unitTargetOf } from '../make.js';

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 300; turn += 1) await Promise.resolve();
};

/** Two checks of one component, each healed by another unit. */
function twoChecks() {
  const well = new Set<string>();
  const running: string[] = [];
  const ends = new Map<string, () => void>();
  let most = 0;
  const check = (name: string, unit: string): Check => ({
    ...{ name, component: 'shop', type: 'service', parts: [], settleMs: 0, heals: unit },
    run: (): Verdict =>
      well.has(unit) ? { status: 'ok', reason: `${name} ok` } : { status: 'bad', reason: `${name} bad` },
  });
  const bench: Bench = benchOf(
    { units: [unitReading({ name: 'front.service' }), unitReading({ name: 'back.service' })] },
    {
      checks: [check('shop-front', 'front'), check('shop-back', 'back')],
      enabledChecks: ['shop-front', 'shop-back'],
      services: ['front', 'back'],
      fake: {
        plan: ({ parameters }) =>
          planOf({ parameters, targets: [unitTargetOf({ id: `${String(parameters['service'])}.service` })] }),
        act: async ({ parameters }) => {
          const unit = String(parameters['service']).replace('.service', '');
          running.push(unit);
          most = Math.max(most, running.length);
          await new Promise<void>((end) => ends.set(unit, end));
          running.splice(running.indexOf(unit), 1);
          well.add(unit);
        },
      },
    },
  );
  return { bench, ends, most: () => most };
}

describe('two issues of one component', () => {
  it('are repaired one after the other: the proof of one runs the check of the other', async () => {
    const { bench, ends, most } = twoChecks();
    const healing = bench.engine.detectAndHeal();
    await bench.clock.advance(0);
    await settle();
    expect([...ends.keys()]).toEqual(['front']);
    ends.get('front')!();
    for (let turn = 0; turn < 10; turn += 1) {
      await bench.clock.advance(1_000);
      await settle();
      ends.get('back')?.();
    }
    await bench.done(healing);
    expect(most()).toBe(1);
  });
});

describe('the claims of repairs', () => {
  const restart = planOf({ targets: [unitTargetOf({ id: 'front.service' })] });
  const inProcess = planOf({ action: 'mend', scope: 'process', targets: [] });
  const of = (plan: Plan, component: string) => ({ ...claimOf(plan, component), component });

  it('of one component conflict in every scope, and those of two components in different scopes do not', () => {
    expect(conflicts(of(restart, 'shop'), of(inProcess, 'shop'))).toBe(true);
    expect(conflicts(of(restart, 'shop'), of(inProcess, 'till'))).toBe(false);
  });

  const startOf = (id: string, more: Partial<Effects>) =>
    of(planOf({ targets: [unitTargetOf({ id })], effects: { ...NO_EFFECTS, ...more } }), id);
  const startsToo = (id: string): Pick<Effects, 'starts'> => ({
    starts: [{ id, names: [id], atBoot: false }],
  });

  it('conflict for a plan and the repair of a unit that it would stop if that ran', () => {
    const queue = startOf('queue.service', { touchesIfUp: ['web.service'] });
    expect(conflicts(queue, startOf('web.service', {}))).toBe(true);
    expect(conflicts(startOf('web.service', {}), queue)).toBe(true);
    expect(conflicts(queue, startOf('proxy.service', startsToo('web.service')))).toBe(true);
    expect(conflicts(startOf('proxy.service', startsToo('web.service')), queue)).toBe(true);
  });

  it('do not conflict for two plans that would stop the same unit if it ran, as every service conflicts with shutdown.target', () => {
    const touchesIfUp = ['shutdown.target'];
    const web = startOf('web.service', { touchesIfUp });
    expect(conflicts(web, startOf('db.service', { touchesIfUp }))).toBe(false);
    expect(covers(startOf('web.service', {}), web)).toBe(false);
    expect(covers(web, web)).toBe(true);
  });

  it('do not conflict for two plans that start the same dependency', () => {
    const [one, other] = [
      startOf('web.service', startsToo('db.service')),
      startOf('shop.service', startsToo('db.service')),
    ];
    expect(conflicts(one, other)).toBe(false);
    expect(covers(one, startOf('web.service', {}))).toBe(true);
    expect(covers(startOf('web.service', {}), one)).toBe(false);
  });

  it('include a plan that needs no more than they hold', () => {
    const other = planOf({ targets: [unitTargetOf({ id: 'back.service' })] });
    const [one, alone] = [of(restart, 'shop'), { ...of(restart, 'shop'), alone: true }];
    expect(covers(one, one)).toBe(true);
    expect(covers(one, of(other, 'shop'))).toBe(false);
    expect(covers(one, alone)).toBe(false);
    expect(covers(alone, of(other, 'shop'))).toBe(true);
    expect(covers(one, of(inProcess, 'shop'))).toBe(false);
  });
});

describe('a plan that is made again after waiting', () => {
  it('does not act on a unit that another repair holds', async () => {
    const holds: string[] = [];
    let both = false;
    const ends: (() => void)[] = [];
    let later = false;
    const bench = benchOf(
      { units: ['a', 'b', 'c'].map((name) => failedUnit({ name: `${name}.service` })) },
      {
        services: ['a', 'b', 'c'],
        guards: { settleMs: { service: 0 } },
        fake: {
          // The effects of c are those of a at first (a unit that stops with it); later they are those of b.
          plan: ({ parameters }) => {
            const name = String(parameters['service']).replace('.service', '');
            const id = name === 'c' ? (later ? 'b.service' : 'a.service') : `${name}.service`;
            return planOf({ parameters, targets: [unitTargetOf({ id })] });
          },
          act: async (_action, { plan }) => {
            const id = plan!.targets[0]!.id;
            both ||= holds.includes(id);
            holds.push(id);
            await new Promise<void>((end) => ends.push(end));
            holds.splice(holds.indexOf(id), 1);
          },
        },
      },
    );
    const healing = bench.engine.detectAndHeal();
    await bench.clock.advance(0);
    await settle();
    expect(holds).toEqual(['a.service', 'b.service']);
    later = true;
    ends.shift()!();
    for (let turn = 0; turn < 10; turn += 1) {
      await bench.clock.advance(1_000);
      await settle();
    }
    for (let turn = 0; turn < 10; turn += 1) {
      ends.shift()?.();
      await bench.clock.advance(1_000);
      await settle();
    }
    await bench.done(healing);
    expect(both).toBe(false);
  });
});

describe('a repair that waits for a unit held by another one', () => {
  it('is reported by explain() as waiting, with the start of the other one', async () => {
    const ends: (() => void)[] = [];
    const bench = benchOf(
      { units: ['app', 'db'].map((name) => failedUnit({ name: `${name}.service` })) },
      {
        services: ['app', 'db'],
        guards: { settleMs: { service: 0 } },
        fake: {
          plan: ({ parameters }) => {
            const name = String(parameters['service']).replace('.service', '');
            const needs = name === 'app' ? ['db.service'] : [];
            return planOf({ parameters, targets: [unitTargetOf({ id: `${name}.service`, needs })] });
          },
          act: () => new Promise<void>((end) => ends.push(end)),
        },
      },
    );
    const healing = bench.engine.detectAndHeal();
    await bench.clock.advance(0);
    await settle();
    await bench.clock.advance(12_000);
    expect(bench.engine.explain('app')[0]?.next).toBe(
      'Queued: it waits for `restart_service` of db, which has been running for 12 s',
    );
    for (let turn = 0; turn < 10; turn += 1) {
      ends.shift()?.();
      await bench.clock.advance(1_000);
      await settle();
    }
    await bench.done(healing);
  });
});
