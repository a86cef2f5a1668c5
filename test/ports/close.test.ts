import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import { fakeExecutor, fakeHost, unitReading } from '../../src/testing/index.js';

const COUNT = Number(process.env['CLOSE_MOMENTS'] ?? 50);
const SEED = Number(process.env['CLOSE_SEED'] ?? 1);

/** Pseudo-random numbers from 0 up to 1, the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

const descriptors = (): number => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);

it('an engine that is closed at any moment of a cycle leaves no lock and no descriptor, and the next engine acts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'close-'));
  const state = join(folder, 'state.json');
  const random = numbers(SEED);
  const make = () =>
    new SimplifiedHealingEngine({
      ...{
        host: fakeHost({ units: [unitReading({ name: 'nginx.service', activeState: 'failed' })] }),
        state,
      },
      executor: fakeExecutor(),
    });
  try {
    await make().close();
    let before = 0;
    for (let moment = 0; moment < COUNT; moment += 1) {
      const engine = make();
      const look = engine.detectAndHeal().catch(() => undefined);
      for (let turns = Math.floor(random() * 40); turns > 0; turns -= 1) await turn();
      await engine.close();
      await look;
      expect(readdirSync(folder).filter((name) => name.includes('lock'))).toEqual([]);
      if (moment === 0) before = descriptors();
    }
    expect(descriptors()).toBeLessThanOrEqual(before);
    const next = make();
    await next.pause('the next engine writes');
    expect(next.status().lockedBy).toBeUndefined();
    await next.close();
    expect(readdirSync(folder).filter((name) => name.includes('lock'))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Operations of an engine during which it is closed. */
const LIVES = {
  'one cycle': (engine: SimplifiedHealingEngine) => [engine.detectAndHeal()],
  'two cycles at once': (engine: SimplifiedHealingEngine) => [engine.detectAndHeal(), engine.detectAndHeal()],
  monitoring: (engine: SimplifiedHealingEngine) => [engine.startMonitoring(1)],
  'a start that is cancelled': (engine: SimplifiedHealingEngine) => [
    engine.startMonitoring(1),
    engine.stopMonitoring(),
  ],
  'a repair by hand': (engine: SimplifiedHealingEngine) => [
    engine.healIssue({
      ...{ type: 'service', severity: 3, description: 'by hand', component: 'nginx' },
      ...{ metricValue: 0, threshold: 1 },
    }),
  ],
  'a pause and its end': (engine: SimplifiedHealingEngine) => [
    engine.pause('backup'),
    engine.resume('backup'),
  ],
} as const;
const EVENTS = [
  'issue:opened',
  'heal:planned',
  'heal:started',
  'heal:done',
  'cycle:done',
  'approval:asked',
] as const;

it('an engine that is closed at any moment, by any caller, leaves nothing, and the next engine acts at once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'close-'));
  const random = numbers(SEED + 1);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const seen = new Map<string, number>();
  let before: { descriptors: number; timers: number } | undefined;
  try {
    for (let moment = 0; moment < COUNT; moment += 1) {
      const state = join(folder, `state-${moment % 7}.json`);
      const host = fakeHost({ units: [unitReading({ name: 'nginx.service', activeState: 'failed' })] });
      const asks = random() < 0.3;
      const slow = Math.floor(random() * 4);
      const executor = fakeExecutor({
        plan: () => (asks ? { approval: 'a person decides' } : {}),
        act: async () => {
          for (let turns = 0; turns < slow; turns += 1) await turn();
          if (random() < 0.7) host.setUnit('nginx', unitReading({ name: 'nginx.service' }));
        },
      });
      const engine = new SimplifiedHealingEngine({
        ...{ host, executor, state, guards: { settleMs: { service: Math.floor(random() * 8) } } },
        ...(asks ? { approve: async () => (await turn(), random() < 0.5) } : {}),
      });
      const closes: Promise<void>[] = [];
      const close = () => void closes.push(engine.close());
      if (random() < 0.4) engine.on(pick(EVENTS), close);
      const life = pick(Object.keys(LIVES) as (keyof typeof LIVES)[]);
      seen.set(life, (seen.get(life) ?? 0) + 1);
      const work = LIVES[life](engine).map((each) => (each as Promise<unknown>).catch(() => undefined));
      for (let turns = Math.floor(random() * 60); turns > 0; turns -= 1) await turn();
      close();
      if (random() < 0.3) close();
      await Promise.all(closes);
      await Promise.all(work);
      const rest = readdirSync(folder).filter((name) => !/^state-\d\.json$/.test(name));
      expect(rest, life).toEqual([]);
      const next = new SimplifiedHealingEngine({ host, executor: fakeExecutor(), state });
      await next.pause('the next engine writes');
      expect(next.status().lockedBy, life).toBeUndefined();
      await next.resume('the next engine writes');
      await next.close();
      await turn();
      before ??= { descriptors: descriptors(), timers: timers() };
    }
    await turn();
    expect(descriptors()).toBeLessThanOrEqual(before?.descriptors ?? 0);
    expect(timers()).toBeLessThanOrEqual(before?.timers ?? 0);
    console.log(
      `${COUNT} moments, seed ${SEED}: ${[...seen].map(([life, often]) => `${life} ${often}`).join(', ')}`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 600_000);
