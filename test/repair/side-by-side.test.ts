import { describe, expect, it } from 'vitest';
import { SimpleResolver } from '../../src/resolve/resolver.js';
import { Slots } from '../../src/repair/slots.js';
import type { HealingResult } from '../../src/model/result.js';
import { failedUnit, unitReading } from '../../src/testing/index.js';
import { benchOf, type Bench } from '../make-engine.js';
import { planOf, unitTargetOf } from '../make.js';

const failed = (name: string, more: object = {}) => failedUnit({ name: `${name}.service`, ...more });

/** Failed units whose repairs end when the test resolves them. */
function benchWith(names: readonly string[], more: Readonly<Record<string, object>> = {}) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const bench: Bench = benchOf(
    { units: names.map((name) => failed(name, more[name])) },
    {
      services: names,
      guards: { storm: { services: 1_000, discovered: 1_000 }, settleMs: { service: 0 } },
      fake: {
        plan: ({ parameters }) => {
          const name = String(parameters['service']).replace('.service', '');
          const needs = (more[name] as { needs?: string[] } | undefined)?.needs ?? [];
          return planOf({
            parameters: { service: name },
            targets: [unitTargetOf({ id: `${name}.service`, needs })],
            steps: [],
          });
        },
        async act({ parameters }) {
          const name = String(parameters['service']).replace('.service', '');
          begun.push(name);
          await new Promise<void>((end) => ends.set(name, end));
          bench.host.setUnit(name, unitReading({ name: `${name}.service` }));
        },
      },
    },
  );
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
  };
  return { bench, begun, settle, end: async (name: string) => (ends.get(name)?.(), settle()) };
}

describe('repairs of different units', () => {
  it('run at the same time, at most 4, and the others after them', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const { bench, begun, settle, end } = benchWith(names);
    const healing = bench.engine.detectAndHeal();
    await bench.clock.advance(0);
    await settle();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    await end('b');
    await bench.clock.advance(10);
    await settle();
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
    for (const name of ['a', 'c', 'd', 'e', 'f']) {
      await end(name);
      await bench.clock.advance(10);
      await settle();
      await end(name);
    }
    const results: HealingResult[] = await bench.done(healing);
    expect(results.map(({ outcome }) => outcome)).toEqual(names.map(() => 'fixed'));
  });

  it('do not wait for one that hangs, and explain() reports what a waiting one waits for', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const { bench, begun, settle, end } = benchWith(names);
    const healing = bench.engine.detectAndHeal();
    await bench.clock.advance(0);
    await settle();
    await bench.clock.advance(12_000);
    const [explained] = bench.engine.explain('e');
    expect(explained?.next).toBe(
      'Queued: it waits for `restart_service` of a, which has been running for 12 s',
    );
    for (const name of ['b', 'c', 'd']) await end(name);
    await bench.clock.advance(10);
    await settle();
    expect(begun).toContain('e');
    for (const name of ['a', 'e']) await end(name);
    await bench.done(healing);
  });

  it('wait for the unit that they need', async () => {
    const { bench, begun, settle, end } = benchWith(['app', 'db'], { app: { needs: ['db.service'] } });
    const healing = bench.engine.detectAndHeal();
    await bench.clock.advance(0);
    await settle();
    expect(begun).toEqual(['db']);
    await end('db');
    await bench.clock.advance(10);
    await settle();
    expect(begun).toEqual(['db', 'app']);
    await end('app');
    await bench.done(healing);
  });
});

describe('the slots of repairs', () => {
  const claim = (names: readonly string[], alone = false) =>
    ({ scope: 'host', alone, names, starts: [], stopsIfUp: [] }) as const;

  it('start nothing before a waiting change of the generation', async () => {
    const slots = new Slots(() => 0);
    const order: string[] = [];
    let end = (): void => undefined;
    const first = slots.take(
      claim(['a']),
      { component: 'a', action: 'x' },
      () => new Promise<void>((done) => (end = done)),
    );
    const alone = slots.take(
      claim(['system'], true),
      { component: 'system', action: 'x' },
      async () => void order.push('system'),
    );
    const later = slots.take(claim(['b']), { component: 'b', action: 'x' }, async () => void order.push('b'));
    await Promise.resolve();
    expect(order).toEqual([]);
    end();
    await Promise.all([first, alone, later, slots.idle()]);
    expect(order).toEqual(['system', 'b']);
  });

  it('are freed by a repair that fails', async () => {
    const slots = new Slots(() => 0);
    const owner = { component: 'a', action: 'x' };
    await expect(slots.take(claim(['a']), owner, () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );
    expect(await slots.take(claim(['a']), owner, () => Promise.resolve(1))).toBe(1);
  });
});

describe('a ladder without an end', () => {
  class Endless extends SimpleResolver {
    asked = 0;
    override getAction({ attempt = 0 }: { attempt?: number }) {
      this.asked += 1;
      return { action: 'restart_service', parameters: { service: `worker-${attempt}` } };
    }
  }

  it('is stopped after 16 rungs, in one sentence', async () => {
    const resolver = new Endless();
    const unavailable = benchOf(
      { units: [failed('nginx')] },
      {
        resolver,
        services: ['nginx'],
        fake: { plan: () => ({ refusal: { reason: 'unavailable', sentence: 'no' } }) },
      },
    );
    const [given] = await unavailable.done(unavailable.engine.detectAndHeal());
    expect(given).toMatchObject({ outcome: 'skipped', blockedBy: 'no-action' });
    expect(given?.error).toContain('more than 16 rungs');
    expect(resolver.asked).toBe(16);
  });

  it('ends at once when the engine is stopped', async () => {
    const stop = new AbortController();
    const resolver = new (class extends Endless {
      override getAction(issue: { attempt?: number }) {
        if (issue.attempt === 2) stop.abort();
        return super.getAction(issue);
      }
    })();
    const bench = benchOf(
      { units: [failed('nginx')] },
      {
        resolver,
        services: ['nginx'],
        fake: { plan: () => ({ refusal: { reason: 'unavailable', sentence: 'no' } }) },
      },
    );
    await bench.done(bench.engine.detectAndHeal({ signal: stop.signal }));
    expect(resolver.asked).toBe(3);
  });
});

describe('a dry run', () => {
  it('counts its own plans against the budget, and does not change the state', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `unit${index}`);
    const bench = benchOf(
      { units: names.map((name) => failed(name)) },
      { services: names, guards: { storm: { services: 1_000 } } },
    );
    const results = await bench.done(bench.engine.detectAndHeal({ dryRun: true }));
    const count = (of: (result: HealingResult) => boolean) => results.filter(of).length;
    expect(count(({ outcome }) => outcome === 'planned')).toBe(20);
    expect(count(({ blockedBy }) => blockedBy === 'budget')).toBe(40);
    expect(bench.engine.status().acts).toEqual([]);
    const again = await bench.done(bench.engine.detectAndHeal({ dryRun: true }));
    expect(again.filter(({ outcome }) => outcome === 'planned')).toHaveLength(20);
  });
});
