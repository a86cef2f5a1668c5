import { describe, expect, it } from 'vitest';
import type { Detector } from '../../src/detect/detector.js';
import { GenerationWatch } from '../../src/generations/watch.js';
import type { Host } from '../../src/host/host.js';
import { NO_GENERATIONS, runningOf } from '../../src/memory/generations.js';
import type { Intent } from '../../src/memory/state.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { Severity, type ComponentVerdict } from '../../src/model/issue.js';
import { unknown } from '../../src/model/reading.js';
import type { UnitReading } from '../../src/model/unit.js';
import {
  failedUnit,
  nixosReading,
  recordingLogger,
  systemReading,
  unitReading,
  type FakeHostParts,
} from '../../src/testing/index.js';
import { A, B, MINUTE, record, RUNS_B, service, watching, type Scene } from './watching.js';

describe('the running system is read', () => {
  it('at the first look and every 5 min after it, while all is well', async () => {
    const { look, clock, reads } = await watching();
    await look();
    await clock.advance(5 * MINUTE - 1);
    await look();
    expect(reads).toHaveLength(1);
    await clock.advance(1);
    await look();
    expect(reads).toHaveLength(2);
  });

  it.each<[string, Scene, number]>([
    ['a service fails', { verdicts: () => [service('cpu', { status: 'ok' }), service('nginx')] }, 2],
    ['a service is only reported', { verdicts: () => [service('nginx', { severity: Severity.MEDIUM })] }, 1],
    ['a service is well', { verdicts: () => [service('nginx', { status: 'ok' })] }, 1],
    ['another check is bad', { verdicts: () => [service('nginx', { check: 'http' })] }, 1],
    [
      'a service without a severity fails',
      { verdicts: () => [service('nginx', { severity: undefined } as never)] },
      2,
    ],
    ['a unit on record fails', { parts: { units: [failedUnit({ name: 'nginx' })] } }, 2],
  ])('in every cycle while %s: %s, %i times', async (_which, scene, times) => {
    const { look, reads } = await watching(scene);
    await look();
    await look();
    expect(reads).toHaveLength(times);
  });

  it('in every cycle while a change of it is not settled', async () => {
    const change = { from: B, to: A, verb: 'switch', units: [], failing: [] } as const;
    const intent: Intent = {
      ...{
        at: 1,
        component: 'system',
        action: 'rollback_generation',
        scope: 'host',
        bootId: 'now',
        generation: change,
      },
    };
    const other: Intent = {
      at: 1,
      component: 'nginx',
      action: 'restart_service',
      scope: 'host',
      bootId: 'now',
    };
    const { look, reads } = await watching({ state: { intents: [other, intent] } });
    await look();
    await look();
    expect(reads).toHaveLength(2);
  });

  it('for the listed units, and for every unit that fails', async () => {
    const { look, reads } = await watching({
      services: ['nginx', 'worker@*'],
      state: { generations: record(true) },
      parts: RUNS_B,
      verdicts: () => [service('db'), service('data.mount'), service('redis', { status: 'ok' })],
    });
    await look();
    expect(reads[0]).toMatchObject({ parts: ['system', 'units'], patterns: ['worker@*.service'] });
    expect([...(reads[0]?.units ?? [])].sort()).toEqual(['data.mount', 'db.service', 'nginx.service']);
  });

  it('without patterns where none is listed', async () => {
    const { look, reads } = await watching();
    await look();
    expect(reads[0]).not.toHaveProperty('patterns');
  });
});

describe('a unit is recorded as', () => {
  const job = { job: 'restart' };
  it.each<[string, Partial<UnitReading>, object]>([
    ['failing when it has failed', { activeState: 'failed' }, { failing: true, activeSince: null }],
    [
      'active when it is active',
      { activeState: 'active' },
      { failing: false, activeSince: expect.any(Number) as number },
    ],
    [
      'neither when it is active with a job',
      { activeState: 'active', ...job },
      { failing: false, activeSince: null },
    ],
    ['down when it is inactive', { activeState: 'inactive' }, { failing: false, activeSince: null }],
    ['neither when it is starting', { activeState: 'activating' }, { failing: false, activeSince: null }],
  ])('%s', async (_which, more, expected) => {
    const { look, units } = await watching({ parts: { units: [unitReading({ name: 'nginx', ...more })] } });
    await look();
    expect(units()).toMatchObject({ 'nginx.service': expected });
  });

  it('active in its run, if it is listed', async () => {
    const { look, units } = await watching({
      parts: { units: [unitReading({ name: 'nginx', invocationId: 'f00' })] },
    });
    await look();
    expect(units()).toMatchObject({ 'nginx.service': { run: 'f00' } });
  });
});

describe('a look without the whole reading', () => {
  it.each<[string, FakeHostParts]>([
    ['NixOS', { system: unknown('no link') }],
    [
      'the running system',
      { system: systemReading({ nixos: nixosReading(['a'], { running: unknown('no store') }) }) },
    ],
  ])('records nothing when %s is unknown', async (_which, parts) => {
    const { look, ledger } = await watching({ parts });
    expect(await look()).toEqual([]);
    expect(ledger.state.generations).toEqual(NO_GENERATIONS);
  });

  it('records the system without units when those are unknown', async () => {
    const { look, units, ledger } = await watching({ parts: { units: unknown('no bus') } });
    await look();
    expect(ledger.state.generations.running).toBe(A);
    expect(units()).toEqual({});
  });
});

describe('the record is saved', () => {
  it('at the first look, and then every 5 min while nothing happens', async () => {
    const { look, clock, saved } = await watching();
    await look();
    await look();
    expect(saved).toHaveLength(1);
    await clock.advance(5 * MINUTE);
    await look();
    expect(saved).toHaveLength(2);
  });

  it('at once when a unit begins to fail, and not again while it fails', async () => {
    const { look, saved, fake, clock } = await watching({ verdicts: () => [service('nginx')] });
    await look();
    fake.set({ units: [failedUnit({ name: 'nginx' })] });
    await clock.advance(1_000);
    await look();
    expect(saved).toHaveLength(2);
    await clock.advance(1_000);
    await look();
    expect(saved).toHaveLength(2);
  });

  it('at once when another system runs', async () => {
    const { look, saved, fake, clock } = await watching({ verdicts: () => [service('nginx')] });
    await look();
    fake.set(RUNS_B);
    await clock.advance(1_000);
    await look();
    expect(saved.map(({ generations }) => generations.running)).toEqual([A, B]);
  });

  it('never in a dry run', async () => {
    const { look, saved, ledger } = await watching({ dryRun: true });
    await look();
    expect(ledger.state.generations.running).toBe(A);
    expect(saved).toEqual([]);
  });
});

describe('the definitions of the units of two systems', () => {
  it('are compared once for a pair of systems, and only while a unit fails', async () => {
    const well = await watching({ state: { generations: record(false) }, parts: RUNS_B });
    await well.look();
    expect(well.compared).toEqual([]);
    const { look, compared } = await watching({
      state: { generations: record(true) },
      parts: { ...RUNS_B, units: [failedUnit({ name: 'nginx' })] },
    });
    await look();
    await look();
    expect(compared).toEqual([`${A} ${B}`]);
  });

  it('are unknown when the host gives no answer', async () => {
    const { around } = await watching({
      state: { generations: record(true) },
      parts: { ...RUNS_B, units: [failedUnit({ name: 'nginx' })] },
      host: { unitChanges: async () => undefined as never },
    });
    const [verdict] = (await around.inspect?.({ component: 'system' })) ?? [];
    expect(verdict?.evidence).toContainEqual(
      'not known: nginx.service: whether its definition differs is not known: this host cannot tell',
    );
  });

  it('are compared again while they cannot be read', async () => {
    let reads = 0;
    const { look } = await watching({
      ...{
        state: { generations: record(true) },
        parts: { ...RUNS_B, units: [failedUnit({ name: 'nginx' })] },
      },
      host: { unitChanges: async () => ((reads += 1), unknown('a link is broken')) },
    });
    await look();
    await look();
    expect(reads).toBe(2);
  });
});

describe('a detector with the verdict on the system', () => {
  const systemOf = (verdicts: readonly ComponentVerdict[]) =>
    verdicts.filter(({ check }) => check === 'system');

  it('adds it to the verdicts of a whole look, and gives it alone when it is asked for', async () => {
    const { around, look } = await watching({ verdicts: () => [service('nginx', { status: 'ok' })] });
    expect((await look()).map(({ component }) => component)).toEqual(['nginx', 'system']);
    expect((await around.inspect?.())?.map(({ component }) => component)).toEqual(['nginx', 'system']);
    expect((await around.look?.({ component: 'system' }))?.map(({ component }) => component)).toEqual([
      'system',
    ]);
    expect((await around.look?.({ component: 'nginx' }))?.map(({ component }) => component)).toEqual([
      'nginx',
    ]);
  });

  it('adds it to verdicts that come later, too', async () => {
    const { look } = await watching({ verdicts: async () => [service('nginx', { status: 'ok' })] });
    expect(systemOf(await look())).toHaveLength(1);
  });

  it.each<[string, readonly string[] | undefined, number]>([
    ['all checks are on', undefined, 1],
    ['it is on', ['services', 'system'], 1],
    ['it is off', ['services'], 0],
  ])('adds it or not, when %s', async (_which, enabledChecks, count) => {
    const { look } = await watching({ ...(enabledChecks && { enabledChecks }) });
    expect(systemOf(await look())).toHaveLength(count);
  });

  it('is the detector itself when that cannot inspect', async () => {
    const bare: Detector = { detectIssues: async () => [] };
    const { fake, clock, ledger } = await watching();
    const watch = new GenerationWatch({
      ...{ host: fake, ledger, clock, logger: recordingLogger(), dryRun: true, guards: DEFAULT_GUARDS },
      policy: { services: undefined },
      bootId: 'now',
      acting: new Set<string>(),
    });
    expect(watch.around(bare)).toBe(bare);
  });

  it('has the fast path of its detector only while the system is not checked', async () => {
    const glance = { look: () => undefined, verdicts: () => [], misses: () => false };
    const seen: string[] = [];
    const detector = { glance: () => ({ ...glance, look: () => void seen.push('look') }) } as never;
    const on = await watching({ detector });
    on.around.glance?.()?.look();
    expect(seen).toEqual([]);
    const off = await watching({ detector, enabledChecks: ['services'] });
    off.around.glance?.()?.look();
    expect(seen).toEqual(['look']);
    expect(off.around.glance?.()?.misses?.()).toBe(false);
    expect((await watching()).around.glance?.()).toBeUndefined();
  });
});

describe('without a list of services', () => {
  it('every active service is recorded, besides those that fail, each once and in no separate run', async () => {
    const { look, units } = await watching({
      ...{
        services: null,
        parts: { units: [failedUnit({ name: 'nginx' }), unitReading({ name: 'db', invocationId: 'f00' })] },
      },
      verdicts: () => [service('nginx'), service('db')],
      host: { activeServices: async () => ['nginx.service', 'db.service', 'web.service'] },
    });
    await look();
    expect(Object.keys(units()).sort()).toEqual(['db.service', 'nginx.service', 'web.service']);
    expect(units()).toMatchObject({
      'nginx.service': { failing: true },
      'db.service': { failing: false, run: '', activeSince: expect.any(Number) as number },
      'web.service': { failing: false, run: '', activeSince: expect.any(Number) as number },
    });
  });

  it.each<[string, Partial<Host>]>([
    ['cannot tell', { activeServices: undefined } as never],
    ['cannot tell now', { activeServices: async () => unknown('no bus') }],
  ])('only those that fail are recorded on a host that %s which are active', async (_which, host) => {
    const { look, units } = await watching({
      ...{ services: null, parts: { units: [failedUnit({ name: 'nginx' })] }, host },
      verdicts: () => [service('nginx')],
    });
    await look();
    expect(Object.keys(units())).toEqual(['nginx.service']);
  });

  it('is not asked for where there is a list', async () => {
    let asked = 0;
    const { look } = await watching({ host: { activeServices: async () => ((asked += 1), []) } });
    await look();
    expect(asked).toBe(0);
  });
});

describe('the record of a system', () => {
  it('has the units that match a pattern of the list', async () => {
    const { look, units } = await watching({
      services: ['worker@*'],
      parts: { units: [unitReading({ name: 'worker@1.service' }), unitReading({ name: 'other' })] },
    });
    await look();
    expect(Object.keys(units())).toEqual(['worker@1.service']);
  });

  it.each([
    ['when its link was made', 3 * MINUTE, 3 * MINUTE],
    ['when the system before it was last read, if the time of the link is unknown', undefined, 10 * MINUTE],
  ])('was entered %s', async (_which, agoMs, enteredMsAgo) => {
    const { look, clock, fake, ledger } = await watching();
    await look();
    await clock.advance(10 * MINUTE);
    const switchedAt = agoMs === undefined ? unknown('no link') : clock.now() - agoMs;
    fake.set({ system: systemReading({ nixos: nixosReading(['a', 'b'], { switchedAt }) }) });
    await look();
    expect(runningOf(ledger.state.generations)).toMatchObject({
      previous: A,
      enteredAt: ledger.now() - enteredMsAgo,
    });
  });
});
