import fc from 'fast-check';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Generations, SystemRecord, UnitRecord } from '../../src/memory/generations.js';
import { ownUnit } from '../../src/host/own-unit.js';
import { answerTo } from '../../src/service/helper/answer-to.js';
import type { HelperAct } from '../../src/service/helper/limits.js';
import { parsePolicy } from '../../src/service/helper/policy.js';
import { failedUnit, fakeHost, nixosReading, systemReading, unitReading } from '../../src/testing/index.js';

const RUNS = Math.min(Number(process.env['FUZZ_RUNS'] ?? 2_000), 100_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_124);
const MINUTE = 60_000;
const SWITCHED = Date.UTC(2026, 0, 1);
const NOW = SWITCHED + 5 * MINUTE;

const root = mkdtempSync(join(tmpdir(), 'forged-'));
const [OLD, YOUNG, RUNNING, EVIL] = ['old', 'young', 'running', 'evil'].map((name) => join(root, name)) as [
  string,
  string,
  string,
  string,
];
beforeAll(() => {
  for (const path of [OLD, YOUNG, RUNNING, EVIL]) {
    mkdirSync(join(path, 'bin'), { recursive: true });
    mkdirSync(join(path, 'etc/systemd/system'), { recursive: true });
    writeFileSync(join(path, 'bin/switch-to-configuration'), '');
    writeFileSync(join(path, 'etc/systemd/system', ownUnit() ?? 'own.service'), '');
  }
});
afterAll(() => {
  rmSync(root, { recursive: true });
  console.log(`${RUNS} forged records, seed ${SEED}: ${JSON.stringify(seen)}`);
});

const identity = (path: string) => ({ path, kernel: 'one', modules: 'modules' });
const generation = (number: number, path: string, linkedAt: number) => ({ number, path, linkedAt });
/** Real state: nginx fails, redis runs, and only one of the existing systems ran for 10 min. */
const NIXOS = nixosReading(['a'], {
  running: identity(RUNNING),
  booted: identity(RUNNING),
  profile: { number: 3, path: RUNNING },
  generations: [
    generation(1, OLD, SWITCHED - 600 * MINUTE),
    generation(2, YOUNG, SWITCHED - MINUTE),
    generation(3, RUNNING, SWITCHED),
  ],
  switchedAt: SWITCHED,
});
const policy = parsePolicy({
  version: 1,
  actions: ['rollback_generation'],
  services: ['nginx', 'redis'],
  nix: { allowRollback: true },
  record: '/record',
});
const seen = { planned: 0, skipped: 0, failed: 0 };

const path = fc.constantFrom(RUNNING, OLD, YOUNG, EVIL, '/', '/etc/../root');
const time = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -60, max: 60 }).map((minutes) => SWITCHED + minutes * MINUTE) },
  { weight: 1, arbitrary: fc.constantFrom(0, -1, 1e300, -1e300, Number.MAX_SAFE_INTEGER) },
);
const maybeTime = fc.option(time, { freq: 8 });
const unit: fc.Arbitrary<UnitRecord> = fc.record({
  run: fc.string({ maxLength: 3 }),
  activeSince: maybeTime,
  activeUntil: maybeTime,
  healthy: fc.boolean(),
  failedAt: maybeTime,
  failing: fc.boolean(),
});
const units = fc.dictionary(
  fc.constantFrom('nginx.service', 'redis.service', 'ghost.service', '__proto__', '../x', '--all'),
  unit,
);
const system: fc.Arbitrary<SystemRecord> = fc.record({
  previous: fc.option(path, { freq: 12 }),
  enteredAt: fc.oneof({ weight: 3, arbitrary: fc.constant(SWITCHED) }, { weight: 1, arbitrary: time }),
  seenAt: time,
  blindMs: fc.constantFrom(0, 1, -1, 1e300),
  quietSince: time,
  good: fc.boolean(),
  bad: fc.option(fc.record({ at: time, why: fc.string() }), { freq: 4 }),
  units,
});
/** Record by which root would roll back, with a few forged values. */
const WELL = { activeSince: SWITCHED - 60 * MINUTE, activeUntil: SWITCHED - MINUTE, healthy: true };
const ILL = { failedAt: SWITCHED + MINUTE, failing: true };
const NONE = {
  run: '',
  activeSince: null,
  activeUntil: null,
  healthy: false,
  failedAt: null,
  failing: false,
};
const PLAIN = { seenAt: NOW, blindMs: 0, quietSince: NOW, good: false, bad: null };
const TRUE_OLD: SystemRecord = {
  ...PLAIN,
  ...{ previous: null, enteredAt: SWITCHED - 60 * MINUTE },
  units: { 'nginx.service': { ...NONE, ...WELL }, 'redis.service': { ...NONE, ...WELL } },
};
const TRUE_RUNNING: SystemRecord = {
  ...PLAIN,
  ...{ previous: OLD, enteredAt: SWITCHED },
  units: { 'nginx.service': { ...NONE, ...ILL }, 'redis.service': { ...NONE, ...ILL } },
};
const nearly = (truth: SystemRecord): fc.Arbitrary<SystemRecord> =>
  fc
    .tuple(system, fc.subarray(Object.keys(truth) as (keyof SystemRecord)[], { maxLength: 2 }))
    .map(([forged, keys]) => ({
      ...truth,
      ...Object.fromEntries(keys.map((key) => [key, forged[key]])),
    }));
const record: fc.Arbitrary<Generations> = fc.record({
  running: fc.oneof({ weight: 5, arbitrary: fc.constant(RUNNING) }, { weight: 1, arbitrary: path }),
  systems: fc
    .tuple(nearly(TRUE_RUNNING), nearly(TRUE_OLD), fc.dictionary(path, system, { maxKeys: 2 }))
    .map(([running, old, others]) => ({ ...others, [RUNNING]: running, [OLD]: old })),
  lastChange: fc.option(
    fc.record({ at: time, action: fc.constant('rollback_generation'), from: path, to: fc.option(path) }),
  ),
  repeat: fc.option(path),
});

const NO_APPROVALS = {
  add: () => Promise.resolve(),
  find: () => undefined,
  take: () => undefined,
};

it('a forged record allows only what root reads itself, and once a day', async () => {
  await fc.assert(
    fc.asyncProperty(record, fc.boolean(), async (claimed, undo) => {
      const looked: string[] = [];
      const told = fakeHost({
        system: systemReading({ nixos: NIXOS }),
        units: [failedUnit({ name: 'nginx' }), unitReading({ name: 'redis' })],
        systems: [OLD, YOUNG, EVIL].map(identity),
      });
      const host = {
        ...told,
        unitChanges: (from: string, to: string) => {
          looked.push(from, to);
          return Promise.resolve(['nginx.service', 'redis.service']);
        },
        preSwitchCheck: (to: string) => {
          looked.push(to);
          return Promise.resolve(null);
        },
      };
      let acts: readonly HelperAct[] = [];
      const book = {
        read: () => acts,
        write: (more: readonly HelperAct[]) => void (acts = more),
        lock: () => Promise.resolve(),
        release: () => Promise.resolve(),
      };
      const ask = (parameters: Record<string, boolean>) =>
        answerTo(
          { version: 1, do: 'execute', action: 'rollback_generation', parameters, approved: true },
          {
            ...{
              policy,
              host,
              book,
              approvals: NO_APPROVALS,
              uid: 1_000,
              asks: 'engine' as const,
              record: () => claimed,
              now: () => ({ at: NOW, boot: 'a', upMs: 0 }),
            },
            planWithin: new AbortController().signal,
            signal: AbortSignal.abort(),
          },
        );
      const first = await ask(undo ? { undo } : {});
      const second = await ask({});
      const stopped = first.outcome === 'failed' && first.error?.startsWith('Stopped before') === true;
      seen[stopped ? 'planned' : first.outcome === 'skipped' ? 'skipped' : 'failed'] += 1;
      expect(looked.filter((place) => ![OLD, YOUNG, RUNNING].includes(place))).toEqual([]);
      expect(first.outcome === 'skipped' || stopped, first.error).toBe(true);
      if (!stopped) return;
      expect(undo).toBe(false);
      expect(first.plan).toMatchObject({
        generation: { from: RUNNING, to: OLD, verb: 'switch', units: ['nginx.service'] },
      });
      expect(first.plan?.approval).toBeUndefined();
      expect(second).toMatchObject({ outcome: 'skipped', blockedBy: 'budget' });
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(seen.planned).toBeGreaterThan(RUNS / 1_000);
  expect(seen.failed).toBe(0);
}, 600_000);
