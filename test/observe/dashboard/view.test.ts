import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EngineStatus } from '../../../src/report/status.js';
import { IssueType, Severity, type ComponentVerdict } from '../../../src/model/issue.js';
import { unknown } from '../../../src/model/reading.js';
import { bannersOf } from '../../../src/observe/dashboard/view/banners.js';
import { headlineOf } from '../../../src/observe/dashboard/view/headline.js';
import { Hour } from '../../../src/observe/dashboard/view/hour.js';
import { readingsOf, unitsOf } from '../../../src/observe/dashboard/view/readings.js';
import type { ReadingView, View } from '../../../src/observe/dashboard/view/view.js';
import { viewOf } from '../../../src/observe/dashboard/view/view-of.js';
import { failedUnit, memoryReading, unitReading } from '../../../src/testing/index.js';
import { anyCharacter } from '../../any-character.js';
import { benchOf, type Bench } from '../../make-engine.js';

const view = ({ engine }: Bench): View =>
  viewOf({
    status: engine.status(),
    explained: engine.explain(),
    metrics: engine.getMetrics(),
    host: 'here',
    controls: false,
    logs: true,
  });
const headline = (bench: Bench, change: Partial<EngineStatus> = {}) =>
  headlineOf({ ...bench.engine.status(), ...change }, bench.engine.explain());

describe('the headline of the dashboard', () => {
  test('is that nothing is known before anything was read', () => {
    expect(headline(benchOf())).toMatchObject({ tone: 'unknown', sentence: 'No readings yet.' });
  });

  test('is that all is healthy if it is', async () => {
    const bench = benchOf();
    await bench.engine.detectAndHeal();
    expect(headline(bench)).toMatchObject({ tone: 'ok', sentence: 'All healthy.' });
  });

  test('names the single open issue, whose description is below, and the next step', async () => {
    const bench = benchOf({ units: [failedUnit({ name: 'nginx' })] }, { dryRun: true });
    await bench.engine.detectAndHeal();
    expect(headline(bench)).toEqual({
      tone: 'bad',
      lead: '1 open issue',
      names: ['nginx'],
      more: 0,
      sentence: '1 open issue: nginx.',
      detail: 'Planned only (dry run).',
    });
  });

  test('names several issues, and counts their next steps', async () => {
    const bench = benchOf(
      { units: [failedUnit({ name: 'nginx' })], memory: memoryReading(99) },
      { dryRun: true, enabledChecks: ['memory', 'services'] },
    );
    await bench.engine.detectAndHeal();
    expect(headline(bench).sentence).toBe('2 open issues: memory and nginx.');
    expect(headline(bench).detail).toBe('2 planned only (dry run).');
    // The order does not depend on that of the engine, or equal ones would change places from cycle to cycle.
    const [first, second] = bench.engine.explain();
    const same = [first!, { ...second!, issue: { ...second!.issue, severity: first!.issue.severity } }];
    expect(headlineOf(bench.engine.status(), same)).toEqual(
      headlineOf(bench.engine.status(), same.toReversed()),
    );
  });

  test('is only a note if nothing is urgent', async () => {
    const bench = benchOf({ memory: memoryReading(90) }, { dryRun: true });
    await bench.engine.detectAndHeal();
    expect(headline(bench).tone).toBe('note');
  });

  test('is never that all is healthy if the engine does not monitor', async () => {
    const bench = benchOf();
    await bench.engine.detectAndHeal();
    const lastLook = { timestamp: new Date(), agoMs: 100_000, detectionMs: 1 };
    const monitoring = { intervalMs: 5_000, forMs: 200_000 };
    for (const change of [
      { closed: true },
      { lastFailure: { error: 'no', agoMs: 5 } },
      { monitoring, lastLook },
      { monitoring, lastLook: undefined },
    ])
      expect(headline(bench, change)).toMatchObject({
        tone: 'bad',
        sentence: 'The engine cannot read this host.',
      });
    expect(headline(bench, { monitoring: { ...monitoring, intervalMs: 60_000 }, lastLook }).tone).toBe('ok');
  });

  test('reports a storm as one cause', async () => {
    const bench = benchOf();
    await bench.engine.detectAndHeal();
    expect(headline(bench, { storm: { forMs: 1, calmInMs: 600_000 } }).sentence).toBe(
      'Many services failed at once.',
    );
  });

  test('does not report an unreadable component as healthy', async () => {
    const bench = benchOf();
    await bench.engine.detectAndHeal();
    const verdicts = bench.engine
      .status()
      .verdicts.map((verdict) => ({ ...verdict, status: 'unknown' as const }));
    expect(headline(bench, { verdicts })).toMatchObject({
      tone: 'unknown',
      sentence: 'No reading is available.',
    });
    expect(headline(bench, { verdicts: [...bench.engine.status().verdicts, verdicts[0]!] }).sentence).toBe(
      'Everything that could be read is healthy.',
    );
  });
});

test('the banners of the dashboard report every state that changes the meaning of the rest', async () => {
  const { engine } = benchOf({}, { dryRun: true });
  await engine.detectAndHeal();
  const kinds = (change: Partial<EngineStatus>): string[] =>
    bannersOf({
      ...engine.status(),
      dryRun: false,
      monitoring: { intervalMs: 60_000, forMs: 1 },
      ...change,
    }).map(({ kind }) => kind);
  expect(kinds({})).toEqual([]);
  expect(kinds({ monitoring: undefined })).toEqual(['not-looking']);
  expect(
    kinds({
      dryRun: true,
      healingEnabled: false,
      lockedBy: 'Another engine holds the state',
      pauses: [
        { reason: 'a', forMs: 1 },
        { reason: 'b', forMs: 1 },
      ],
      storm: { forMs: 1, calmInMs: 1 },
    }),
  ).toEqual(['storm', 'locked', 'paused', 'paused', 'healing-disabled', 'dry-run']);
});

test('a listed component that cannot be read has a banner, and the headline is not green', async () => {
  const bench = benchOf({ units: unknown('no systemd') }, { services: ['nginx'] });
  await bench.engine.detectAndHeal();
  const { banners, headline: top, totals } = view(bench);
  expect(banners).toContainEqual({
    kind: 'reading-lost',
    tone: 'note',
    sentence: 'services, for 0 ms: no systemd.',
  });
  expect(top.tone).toBe('unknown');
  expect(totals.byType).toEqual({ resource: 0, service: 0, system: 0 });
});

describe('the view of the dashboard', () => {
  test('has the repairs, with the values before and after, and the steps', async () => {
    const act = (): void => void bench.host.setUnit('nginx', unitReading());
    const bench = benchOf({ units: [failedUnit({ name: 'nginx' })] }, { fake: { act } });
    await bench.done(bench.engine.detectAndHeal());
    const { acts, held, totals } = view(bench);
    expect(acts).toMatchObject([
      {
        component: 'nginx',
        action: 'restart_service',
        outcome: 'fixed',
        before: 'nginx.service has failed (exit-code)',
      },
    ]);
    expect(acts[0]?.after).toMatch(/nginx/);
    // A repair has the same key in every view, or an open detail would close while it is read.
    await bench.done(bench.engine.detectAndHeal());
    expect(view(bench).acts).toMatchObject([{ key: acts[0]?.key, at: acts[0]?.at }]);
    expect(held).toEqual([]);
    expect(totals).toMatchObject({ resolved: 1, successRate: 1 });
  });

  test('has the blocked repairs: the gate, its purpose, and the next step', async () => {
    const bench = benchOf({ units: [failedUnit({ name: 'nginx' })] });
    bench.engine.healingEnabled = false;
    await bench.engine.detectAndHeal();
    expect(view(bench).held).toMatchObject([
      {
        component: 'nginx',
        blockedBy: 'healing-disabled',
        next: 'Nothing until `healingEnabled` is set to true',
      },
    ]);
    expect(view(bench).issues).toMatchObject([{ component: 'nginx', blockedBy: 'healing-disabled' }]);
    expect(view(bench).issues[0]?.text).toContain('not acted on (healing-disabled)');
  });

  test('is plain JSON, for any readings', { timeout: 30_000 }, () => {
    const verdict = fc.record({
      check: fc.constantFrom('cpu', 'disk', 'services', 'own', '__proto__'),
      component: fc.string({ unit: anyCharacter }),
      type: fc.constantFrom(...Object.values(IssueType)),
      status: fc.constantFrom('ok', 'bad', 'unknown'),
      reason: fc.string(),
      severity: fc.constantFrom(...Object.values(Severity)),
      value: fc.option(fc.double(), { nil: undefined }),
      threshold: fc.option(fc.double(), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(verdict, { maxLength: 8 }), (verdicts) => {
        const made = {
          readings: readingsOf(verdicts as ComponentVerdict[]),
          ...unitsOf(verdicts as ComponentVerdict[]),
        };
        expect(JSON.parse(JSON.stringify(made))).toEqual(made);
      }),
      { seed: 20_261_123, numRuns: 50 },
    );
  });

  test('omits healthy components if there are too many', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => ({
      check: 'services',
      component: `unit-${index}`,
      type: IssueType.SERVICE,
      status: index === 999 ? ('bad' as const) : ('ok' as const),
      reason: 'it is so',
    }));
    const { units, more } = unitsOf(many);
    expect(units[0]).toMatchObject({ component: 'unit-999', status: 'bad' });
    expect([units.length, more]).toEqual([200, 800]);
  });
});

describe('the last hour of the charts', () => {
  const reading = (value: number | null, key = 'cpu cpu'): ReadingView => ({
    key,
    component: 'cpu',
    label: 'CPU',
    status: 'ok',
    value,
    threshold: 80,
    unit: '%',
    reason: '',
  });

  test('keeps the maximum of each five seconds, for an hour at most', () => {
    const hour = new Hour();
    for (let at = 0; at < 2 * 3_600_000; at += 1_000) hour.add(at, [reading((at / 1_000) % 5)]);
    const { times, series } = hour.read();
    expect(times).toHaveLength(720);
    expect(series[0]?.values.every((value) => value === 4 || value === 3)).toBe(true);
  });

  test('has a gap where something was not read', () => {
    const hour = new Hour();
    hour.add(0, [reading(1)]);
    hour.add(10_000, []);
    hour.add(20_000, [reading(3), reading(7, 'new')]);
    expect(hour.of('cpu cpu')?.values).toEqual([1, null, 3]);
    expect(hour.of('new')?.values).toEqual([null, null, 7]);
  });

  test('is cleared when the clock is set back, and stays small if names change', () => {
    const hour = new Hour();
    for (let index = 0; index < 1_000; index += 1) hour.add(index * 10_000, [reading(1, `name-${index}`)]);
    expect(hour.read().series.length).toBeLessThanOrEqual(64);
    hour.add(0, [reading(5)]);
    expect(hour.read().times).toEqual([0]);
  });

  test('is the same after serialisation', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(600_000), fc.option(fc.integer({ min: 0, max: 100 }))), { maxLength: 50 }),
        (all) => {
          const told = new Hour();
          for (const [at, value] of all) told.add(at, [reading(value), reading(1, 'steady')]);
          const taken = new Hour();
          taken.begin(JSON.parse(JSON.stringify(told.read())) as ReturnType<Hour['read']>);
          expect(taken.read()).toEqual(told.read());
          const { times, series } = told.read();
          expect([...times].sort((a, b) => a - b)).toEqual(times);
          for (const { values } of series) expect(values).toHaveLength(times.length);
        },
      ),
      { seed: 20_261_123, numRuns: 100 },
    );
  });
});
