import { describe, expect, it } from 'vitest';
import { SimpleDetector } from '../../src/detect/detector.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { Ledger } from '../../src/memory/ledger.js';
import type { GuardState } from '../../src/memory/state.js';
import { memoryStore, type Store } from '../../src/memory/store.js';
import { GenerationWatch } from '../../src/generations/watch.js';
import { unknown } from '../../src/model/reading.js';
import {
  failedUnit,
  nixosReading,
  recordingLogger,
  systemIdentity,
  systemReading,
  unitReading,
} from '../../src/testing/index.js';
import { benchOf, type Bench, type BenchOptions } from '../make-engine.js';

const MINUTE = 60_000;
const A = nixosReading(['a']);
const B = nixosReading(['a', 'b'], { switchedAt: unknown('not needed') });
const [PATH_A, PATH_B] = [systemIdentity('a').path, systemIdentity('b').path];

/** Counts the writes, and keeps the last state. */
function countingStore(): Store & { readonly saved: GuardState[] } {
  const store = memoryStore();
  const saved: GuardState[] = [];
  return { ...store, saved, save: (state) => (saved.push(state), store.save(state)) };
}

function nixosBench(options: BenchOptions = {}): Bench {
  return benchOf(
    {
      system: systemReading({ nixos: A }),
      units: [unitReading({ name: 'nginx' })],
      unitChanges: () => ['nginx.service'],
    },
    { services: ['nginx'], enabledChecks: ['services', 'system'], ...options },
  );
}
/** Runs a cycle every 5 minutes, for this time. */
async function watch({ engine, clock, done }: Bench, minutes: number): Promise<void> {
  for (let passed = 0; passed < minutes; passed += 5) {
    await done(engine.detectAndHeal());
    await clock.advance(5 * MINUTE);
  }
}
function breakBySwitch({ host }: Bench): void {
  host.set({ system: systemReading({ nixos: B }) });
  host.set({ units: [failedUnit({ name: 'nginx' })] });
}
const about = (component: string, results: Awaited<ReturnType<Bench['engine']['detectAndHeal']>>) =>
  results.find(({ issue }) => issue.component === component);

describe('a generation that breaks a service', () => {
  it('is an issue with its evidence after a restart did not help, and is rolled back first', async () => {
    const bench = nixosBench();
    await watch(bench, 20);
    breakBySwitch(bench);
    const first = await bench.done(bench.engine.detectAndHeal());
    expect(about('nginx', first)).toMatchObject({ actionTaken: 'restart_service', outcome: 'ineffective' });
    expect(about('system', first)).toBeUndefined();
    const second = await bench.done(bench.engine.detectAndHeal());
    expect(second[0]).toMatchObject({
      actionTaken: 'rollback_generation',
      issue: { component: 'system', severity: 4, metricValue: 1, threshold: 0 },
    });
    expect(about('nginx', second)).toMatchObject({ blockedBy: 'backoff' });
    const { text } = bench.engine.explain('system')[0]!;
    expect(text).toContain(`running: ${PATH_B} (generation 2)`);
    expect(text).toContain('yes: nginx.service: its definition differs');
    expect(text).toContain(`diff -ur ${PATH_A}/etc/systemd/system/nginx.service`);
  });

  it('is an issue without a restart, too, if none was possible for a minute', async () => {
    const bench = nixosBench({ dryRun: true });
    await watch(bench, 20);
    breakBySwitch(bench);
    expect(about('system', await bench.engine.detectAndHeal())).toBeUndefined();
    await bench.clock.advance(MINUTE);
    expect(about('system', await bench.engine.detectAndHeal())).toMatchObject({ outcome: 'planned' });
  });

  it.each([
    ['whose definition is the same', { unitChanges: () => [] }],
    ['of which it is unknown whether it differs', { unitChanges: () => unknown('no') }],
  ])('is no issue for a service %s', async (_, parts) => {
    const bench = nixosBench();
    bench.host.set(parts);
    await watch(bench, 20);
    breakBySwitch(bench);
    for (let look = 0; look < 3; look += 1) {
      expect(about('system', await bench.done(bench.engine.detectAndHeal()))).toBeUndefined();
      await bench.clock.advance(MINUTE);
    }
  });

  it('is shown as unknown while the systems cannot be read, and stays open', async () => {
    const bench = nixosBench();
    await watch(bench, 20);
    breakBySwitch(bench);
    bench.executor.next({ outcome: 'failed', success: false, error: 'no' });
    await bench.done(bench.engine.detectAndHeal());
    await bench.done(bench.engine.detectAndHeal());
    bench.host.set({ system: systemReading({ nixos: unknown('the link cannot be read') }) });
    const told = await bench.done(bench.engine.detectAndHeal());
    expect(about('system', told)).toBeUndefined();
    expect(bench.events('cycle:done').at(-1)?.verdicts).toContainEqual(
      expect.objectContaining({ component: 'system', status: 'unknown', reason: 'the link cannot be read' }),
    );
    expect(bench.engine.explain('system')).toHaveLength(1);
  });
});

describe('the record of systems', () => {
  it('is written a few times an hour on a healthy host, and at once after an event', async () => {
    const state = countingStore();
    const bench = nixosBench({ state });
    for (let second = 0; second < 3_600; second += 10) {
      await bench.done(bench.engine.detectAndHeal());
      await bench.clock.advance(10_000);
    }
    expect(state.saved.length).toBeGreaterThanOrEqual(12);
    expect(state.saved.length).toBeLessThanOrEqual(14);
    const calm = state.saved.length;
    breakBySwitch(bench);
    await bench.done(bench.engine.detectAndHeal());
    expect(state.saved[calm]?.generations).toMatchObject({
      running: PATH_B,
      systems: { [PATH_B]: { previous: PATH_A } },
    });
  });

  it('is not written by a dry run', async () => {
    const state = countingStore();
    const bench = nixosBench({ state, dryRun: true });
    await watch(bench, 60);
    await bench.engine.close();
    expect(state.saved).toEqual([]);
  });

  it('costs a host without NixOS one read in five minutes, and writes nothing', async () => {
    const state = countingStore();
    const bench = benchOf({ units: [unitReading({ name: 'nginx' })] }, { services: ['nginx'], state });
    for (let second = 0; second < 600; second += 10) {
      await bench.done(bench.engine.detectAndHeal());
      await bench.clock.advance(10_000);
    }
    expect(bench.host.requests).toHaveLength(60 + 2);
    expect(state.saved).toEqual([]);
  });

  it('costs a host whose reader has no systems neither a read nor a promise', () => {
    const { host, clock } = benchOf();
    const bare = { read: host.read.bind(host) };
    const ledger = new Ledger({ store: memoryStore(), clock, logger: recordingLogger() });
    const parts = {
      host: bare,
      ledger,
      guards: DEFAULT_GUARDS,
      policy: { services: undefined, protect: [] },
    };
    const others = { clock, logger: recordingLogger(), bootId: '', acting: new Set<string>(), dryRun: true };
    const detector = new SimpleDetector({ host: bare, clock });
    const around = new GenerationWatch({ ...parts, ...others }).around(detector);
    const verdicts = around.look?.();
    expect(Array.isArray(verdicts)).toBe(true);
    expect(host.requests).toHaveLength(1);
  });

  it('is not kept if the check `system` is disabled', async () => {
    const bench = nixosBench({ enabledChecks: ['services'] });
    await watch(bench, 20);
    expect(bench.host.requests).toHaveLength(4);
  });
});

describe('a change of generation', () => {
  const planned = {
    from: PATH_B,
    to: PATH_A,
    verb: 'switch' as const,
    units: ['nginx.service'],
    failing: ['nginx.service'],
  };
  const rollingBack = (options: BenchOptions) => {
    const bench = nixosBench({
      ...options,
      fake: {
        ...options.fake,
        plan: ({ action }) =>
          action === 'rollback_generation'
            ? { generation: planned, targets: [{ kind: 'plain', id: 'system' }] }
            : {},
      },
    });
    return bench;
  };

  it('that was interrupted before its system ran may be started once more', async () => {
    const state = countingStore();
    const bench = rollingBack({
      state,
      fake: {
        act: ({ action }) => (action === 'rollback_generation' ? new Promise(() => undefined) : undefined),
      },
    });
    await watch(bench, 20);
    breakBySwitch(bench);
    await bench.done(bench.engine.detectAndHeal());
    void bench.engine.detectAndHeal();
    await bench.clock.advance(0);
    expect(state.saved.at(-1)?.intents).toMatchObject([{ component: 'system', generation: planned }]);

    // Another engine on the same state: the first one is dead.
    const next = rollingBack({ state: { ...state } });
    await next.clock.advance(bench.clock.now() - next.clock.now() + 10_000);
    breakBySwitch(next);
    const told = await next.done(next.engine.detectAndHeal());
    expect(next.logger.lines.some(({ message }) => message.includes('may be run once more'))).toBe(true);
    expect(about('system', told)).toMatchObject({
      actionTaken: 'rollback_generation',
      outcome: 'ineffective',
    });
    expect(next.executor.executed.filter(({ action }) => action === 'rollback_generation')).toHaveLength(1);
    expect(state.saved.at(-1)).toMatchObject({ intents: [], generations: { repeat: null } });
  });
});
