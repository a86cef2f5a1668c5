import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import type { Verdict } from '../../src/model/issue.js';
import { memoryStore } from '../../src/memory/store.js';
import { SimpleResolver } from '../../src/resolve/resolver.js';
import { failedUnit, unitReading } from '../../src/testing/index.js';
import { benchOf, type Bench } from '../make-engine.js';

const MINUTE = 60_000;

/** Slow check of a part that one repair fixes. */
function slowPart(takesMs: number) {
  let well = false;
  const check: Check = {
    ...{ name: 'part', component: 'part', type: 'service', parts: [], timeoutMs: 30_000 },
    heals: { action: 'mend', parameters: {} },
    run: async (): Promise<Verdict> => {
      await bench.clock.sleep(takesMs);
      return well ? { status: 'ok', reason: 'it answers' } : { status: 'bad', reason: 'it does not answer' };
    },
  };
  const bench: Bench = benchOf(
    {},
    { checks: [check], enabledChecks: ['part'], fake: { act: () => void (well = true) } },
  );
  return bench;
}

async function monitor({ engine, clock }: Bench, interval: number, ms: number): Promise<void> {
  const monitoring = engine.startMonitoring(interval);
  // In small steps: promises that settle between two of them need no time of the clock.
  for (let passed = 0; passed < ms; passed += 500) await clock.advance(500);
  await engine.close();
  await monitoring;
}

describe('a slow check', () => {
  it.each([
    [1_000, 1],
    [1_000, 5],
    [800, 1],
    [7_000, 5],
  ])('of %i ms, with a cycle every %i s, proves an effective repair', async (takesMs, interval) => {
    const bench = slowPart(takesMs);
    await monitor(bench, interval, 2 * MINUTE);
    expect(bench.executor.executed).toHaveLength(1);
    expect(bench.events('heal:done').map(({ result }) => result.outcome)).toEqual(['fixed']);
  });
});

describe('the events of a repair', () => {
  it('come in one order: the issue is cleared after its proof, and not before', async () => {
    const bench = slowPart(1_000);
    await monitor(bench, 1, 2 * MINUTE);
    const about = bench.told.filter((line) => line.endsWith(' part'));
    expect(about).toEqual([
      'issue:opened part',
      'heal:planned part',
      'heal:started part',
      'heal:done part',
      'issue:cleared part',
    ]);
  });

  it('start with `heal:started` and end with `heal:done` or `heal:blocked`, even if the executor refuses twice', async () => {
    const bench = benchOf({ units: [failedUnit()] }, { services: ['nginx'] });
    const refused = { outcome: 'skipped', blockedBy: 'in-flight', error: 'busy' } as const;
    for (let turn = 0; turn < 2; turn += 1) {
      bench.executor.next(refused);
      await bench.done(bench.engine.detectAndHeal());
    }
    const about = bench.told.filter((line) => line.startsWith('heal:'));
    expect(about).toEqual([
      ...['heal:planned nginx', 'heal:started nginx', 'heal:blocked nginx'],
      ...['heal:planned nginx', 'heal:started nginx', 'heal:blocked nginx'],
    ]);
  });

  it('clear no issue of a service that runs for only a second after its restart', async () => {
    const bench = benchOf(
      { units: [failedUnit()] },
      {
        services: ['nginx'],
        fake: {
          act() {
            bench.host.setUnit('nginx', unitReading());
            void bench.clock.sleep(1_000).then(() => bench.host.setUnit('nginx', failedUnit()));
          },
        },
      },
    );
    const monitoring = bench.engine.startMonitoring(1);
    for (let turn = 0; turn < 20; turn += 1) await bench.clock.advance(500);
    await bench.engine.close();
    await monitoring;
    expect(bench.told).not.toContain('issue:cleared nginx');
    expect(bench.told.filter((line) => line === 'issue:opened nginx')).toHaveLength(1);
    expect(bench.events('heal:done')[0]?.result.outcome).toBe('ineffective');
  });
});

describe('a resolver that returns a promise', () => {
  it.each([
    ['that resolves', () => Promise.resolve({ action: 'restart_service', parameters: {} })],
    ['that rejects', () => Promise.reject(new Error('no'))],
  ])('%s fails the issue in one sentence, without an unhandled rejection', async (_how, answer) => {
    const resolver = new SimpleResolver();
    Object.assign(resolver, { getAction: answer });
    const bench = benchOf({ units: [failedUnit()] }, { services: ['nginx'], resolver });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'failed', actionTaken: 'none' });
    expect(result?.error).toContain('at once and not as a promise');
    expect(bench.executor.planned).toEqual([]);
  });
});

describe('a change while a repair is being recorded', () => {
  it.each<[string, (bench: Bench) => unknown, string]>([
    ['healing is disabled', ({ engine }) => (engine.healingEnabled = false), 'healing-disabled'],
    [
      'an operator pauses the engine',
      ({ engine }) => void engine.pause('backup').catch(() => undefined),
      'paused',
    ],
  ])('cancels it without an intent: %s', async (_, change, reason) => {
    const memory = memoryStore();
    const state: typeof memory = {
      ...memory,
      save: (next) => {
        if (next.intents.length > 0) change(bench);
        return memory.save(next);
      },
    };
    const bench: Bench = benchOf({ units: [failedUnit()] }, { state });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'skipped', blockedBy: reason });
    expect(bench.executor.executed).toEqual([]);
    expect(bench.told).not.toContain('heal:started nginx');
    await bench.done(bench.engine.close());
    expect((await memory.load())?.intents).toEqual([]);
  });
});
