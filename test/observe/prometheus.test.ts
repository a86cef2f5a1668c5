import fc from 'fast-check';
import { Registry, type RegistryContentType } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import type { Verdict } from '../../src/model/issue.js';
import { unknown } from '../../src/model/reading.js';
import { FAMILIES } from '../../src/observe/families.js';
import { prometheusMetrics } from '../../src/observe/prometheus.js';
import { labelValue } from '../../src/observe/sight.js';
import { BOUNDS_MS } from '../../src/report/counts.js';
import { BLOCK_REASONS } from '../../src/model/plan.js';
import { failedUnit, mountReading, unitReading } from '../../src/testing/index.js';
import { anyCharacter } from '../any-character.js';
import { benchOf, type Bench } from '../make-engine.js';
import { samplesIn } from './samples.js';

const samples = async (registry: Registry<RegistryContentType>) => samplesIn(await registry.metrics());

/** An nginx that has failed, and that is healthy after the next restart. */
function sickBench(metrics: Parameters<typeof benchOf>[1] = {}): Bench {
  const bench: Bench = benchOf(
    { units: [failedUnit({ name: 'nginx' })] },
    {
      services: ['nginx'],
      fake: { act: () => bench.host.setUnit('nginx', unitReading({ name: 'nginx' })) },
      ...metrics,
    },
  );
  return bench;
}

describe('the documented metrics', () => {
  it('have the documented names and types', () => {
    const documented = FAMILIES.slice(0, 7).map(({ name, type }) => `${name} ${type}`);
    expect(documented).toEqual([
      'healing_issues_detected counter',
      'healing_issues_resolved counter',
      'healing_issues_failed counter',
      'healing_last_check gauge',
      'healing_success_rate gauge',
      'healing_detection_time_ms histogram',
      'healing_resolution_time_ms histogram',
    ]);
  });

  it('have unique names, and declared labels', async () => {
    expect(new Set(FAMILIES.map(({ name }) => name)).size).toBe(FAMILIES.length);
    const registry = new Registry();
    const { engine, done } = sickBench({ metrics: [prometheusMetrics({ registry })] });
    await done(engine.detectAndHeal());
    for (const { name, labels, values } of (await registry.getMetricsAsJSON()) as never as Json[]) {
      const declared = FAMILIES.find((family) => family.name === name)?.labels;
      for (const { labels: used } of values)
        expect([...(declared ?? []), 'le']).toEqual(expect.arrayContaining(Object.keys(used)));
      expect(labels).toBeUndefined();
    }
  });
});
interface Json {
  readonly name: string;
  readonly labels: unknown;
  readonly values: readonly { readonly labels: object }[];
}

describe('the first scrape', () => {
  it('has every series, at 0 if nothing happened, and without a number for unknown values', async () => {
    const registry = new Registry();
    benchOf({}, { services: ['nginx'], metrics: [prometheusMetrics({ registry })] });
    const all = await samples(registry);
    for (const { name, type } of FAMILIES) {
      // A mount or a reading is unknown before the first cycle.
      if (/_disk_|_inodes_|_check_|reading_unknown/.test(name)) continue;
      expect(
        [...all.keys()].some((series) => series.startsWith(type === 'histogram' ? `${name}_count` : name)),
      ).toBe(true);
    }
    for (const reason of BLOCK_REASONS) expect(all.get(`healing_blocked_total{reason="${reason}"}`)).toBe(0);
    expect(all.get(`healing_issue_active{component="nginx",type="service"}`)).toBe(0);
    for (const family of ['breaker_state', 'needs_human']) {
      expect(all.get(`healing_${family}{component="nginx"}`)).toBe(0);
    }
    expect(all.get('healing_actions_total{action="restart_service",outcome="fixed"}')).toBe(0);
    expect(all.get('healing_success_rate')).toBe(100);
    expect(all.get('healing_last_check')).toBe(0);
    expect(all.get('healing_host_cpu_percent')).toBeNaN();
  });
});

describe('the metrics of an engine', () => {
  it('are the same whether the adapter was attached from the start or later', async () => {
    const early = new Registry();
    const late = new Registry();
    const { engine, done } = sickBench({ metrics: [prometheusMetrics({ registry: early })] });
    await done(engine.detectAndHeal());
    await done(engine.detectAndHeal());
    prometheusMetrics({ registry: late }).attach(engine);
    expect(await late.metrics()).toBe(await early.metrics());
    const all = await samples(late);
    expect(all.get('healing_issues_detected')).toBe(1);
    expect(all.get('healing_issues_resolved')).toBe(1);
    expect(all.get('healing_cycles_total{outcome="done"}')).toBe(2);
    expect(all.get('healing_actions_total{action="restart_service",outcome="fixed"}')).toBe(1);
    expect(all.get('healing_detection_time_ms_count')).toBe(2);
    expect(all.get('healing_resolution_time_ms_bucket{le="+Inf"}')).toBe(1);
    expect(all.get('healing_last_check')).toBe(engine.getMetrics().lastCheck!.getTime() / 1_000);
  });

  it('show the state of the engine: issues, breaker, needs-human, pause, gates', async () => {
    const registry = new Registry();
    const { engine, done } = benchOf(
      { units: [failedUnit({ name: 'nginx' })] },
      {
        services: ['nginx'],
        guards: { breaker: { attempts: 1, openingsPerDay: 1 } },
        metrics: [prometheusMetrics({ registry })],
      },
    );
    await done(engine.detectAndHeal());
    await done(engine.detectAndHeal());
    await engine.pause('lunch');
    const all = await samples(registry);
    expect(all.get('healing_issue_active{component="nginx",type="service"}')).toBe(1);
    expect(all.get('healing_breaker_state{component="nginx"}')).toBe(2);
    expect(all.get('healing_needs_human{component="nginx"}')).toBe(1);
    expect(all.get('healing_blocked_total{reason="needs-human"}')).toBe(1);
    expect(all.get('healing_success_rate')).toBe(0);
    expect(all.get('healing_paused')).toBe(1);
    expect(all.get('healing_dry_run')).toBe(0);
    expect(all.get('healing_enabled')).toBe(1);
  });

  it('have the readings of the host, and NaN for unreadable ones', async () => {
    const registry = new Registry();
    const { engine } = benchOf(
      {
        cpu: { percent: 12.5, cpus: 4 },
        load: { one: 0.5, five: 1, fifteen: 1, cpus: 4 },
        memory: unknown('no such file'),
        mounts: [mountReading({ mountPoint: '/var', space: { used: 3, available: 1, percent: 75 } })],
      },
      { metrics: [prometheusMetrics({ registry })] },
    );
    await engine.detectAndHeal();
    const all = await samples(registry);
    expect(all.get('healing_host_cpu_percent')).toBe(12.5);
    expect(all.get('healing_host_load1')).toBe(0.5);
    expect(all.get('healing_host_memory_percent')).toBeNaN();
    expect(all.get('healing_host_disk_percent{mount="/var"}')).toBe(75);
    expect(all.get('healing_reading_unknown{component="memory"}')).toBe(1);
  });

  it('have histogram buckets that ascend up to the count', async () => {
    const registry = new Registry();
    const { engine } = benchOf({}, { metrics: [prometheusMetrics({ registry })] });
    for (let cycle = 0; cycle < 5; cycle += 1) await engine.detectAndHeal();
    const all = [...(await samples(registry))];
    const buckets = all.filter(([name]) => name.startsWith('healing_detection_time_ms_bucket'));
    const values = buckets.map(([, value]) => value);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(values.at(-1)).toBe(5);
    expect(buckets[0]?.[0]).toContain('le="0.005"');
  });

  it('are kept when the host program resets its registry', async () => {
    const registry = new Registry();
    const { engine } = benchOf({}, { metrics: [prometheusMetrics({ registry })] });
    await engine.detectAndHeal();
    registry.resetMetrics();
    expect((await samples(registry)).get('healing_cycles_total{outcome="done"}')).toBe(1);
  });
});

describe('the OpenMetrics format', () => {
  it('names counters with `_total`, and has its end line', async () => {
    const registry = new Registry<RegistryContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const { engine } = sickBench();
    prometheusMetrics({ registry }).attach(engine);
    const text = await registry.metrics();
    expect(text).toContain('# TYPE healing_issues_detected counter\nhealing_issues_detected_total 0\n');
    expect(text).toContain('# TYPE healing_actions counter\nhealing_actions_total{');
    expect(text).not.toContain('_total_total');
    expect(text.endsWith('# EOF\n')).toBe(true);
  });

  it('does not change the names in the text format', async () => {
    const registry = new Registry<RegistryContentType>();
    const { engine } = sickBench();
    prometheusMetrics({ registry }).attach(engine);
    const before = await registry.metrics();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    await registry.metrics();
    registry.setContentType(Registry.PROMETHEUS_CONTENT_TYPE);
    expect(await registry.metrics()).toBe(before);
  });
});

describe('the metrics of two engines', () => {
  it('in one registry have different labels', async () => {
    const registry = new Registry();
    const adapter = prometheusMetrics({ registry });
    const { engine } = benchOf({}, { metrics: [adapter] });
    benchOf({}, { metrics: [adapter] });
    benchOf({}, { metrics: [prometheusMetrics({ registry, engine: 'workers' })] });
    await engine.detectAndHeal();
    const all = await samples(registry);
    expect(all.get('healing_cycles_total{outcome="done"}')).toBe(1);
    expect(all.get('healing_cycles_total{engine="2",outcome="done"}')).toBe(0);
    expect(all.get('healing_cycles_total{engine="workers",outcome="done"}')).toBe(0);
    expect(all.get('healing_detection_time_ms_bucket{engine="2",le="+Inf"}')).toBe(0);
  });

  it('in one registry may not have the same name', () => {
    const registry = new Registry();
    const metrics = [prometheusMetrics({ registry, engine: 'a' })];
    benchOf({}, { metrics });
    expect(() => benchOf({}, { metrics })).toThrow('another engine called `a`');
  });

  it('in two registries are independent', async () => {
    const [first, second] = [new Registry(), new Registry()];
    const { engine } = benchOf({}, { metrics: [prometheusMetrics({ registry: first })] });
    benchOf({}, { metrics: [prometheusMetrics({ registry: second })] });
    await engine.detectAndHeal();
    expect((await samples(first)).get('healing_cycles_total{outcome="done"}')).toBe(1);
    expect((await samples(second)).get('healing_cycles_total{outcome="done"}')).toBe(0);
  });
});

describe('a registry', () => {
  it('has an engine once, however often it is attached, until the last adapter is closed', async () => {
    const registry = new Registry();
    const { engine } = benchOf();
    const adapter = prometheusMetrics({ registry });
    const [first, second] = [adapter.attach(engine), adapter.attach(engine)];
    expect([...(await samples(registry)).keys()].filter((name) => name.startsWith('healing_paused'))).toEqual(
      ['healing_paused'],
    );
    first();
    first();
    expect(registry.getSingleMetric('healing_paused')).toBeDefined();
    second();
    expect(registry.getMetricsAsArray()).toEqual([]);
  });

  it('does not contain a closed engine, and can be used again', async () => {
    const registry = new Registry();
    const { engine } = benchOf({}, { metrics: [prometheusMetrics({ registry })] });
    await engine.close();
    expect(registry.getMetricsAsArray()).toEqual([]);
    benchOf({}, { metrics: [prometheusMetrics({ registry })] });
    expect(registry.getMetricsAsArray()).toHaveLength(FAMILIES.length);
  });

  it('that has a metric of the same name is refused, and not changed', async () => {
    const registry = new Registry();
    const { Gauge } = await import('prom-client');
    new Gauge({ name: 'healing_paused', help: 'x', registers: [registry] });
    expect(() => benchOf({}, { metrics: [prometheusMetrics({ registry })] })).toThrow('`healing_paused`');
    expect(registry.getMetricsAsArray()).toHaveLength(1);
  });

  it('keeps its own labels and metrics', async () => {
    const registry = new Registry();
    registry.setDefaultLabels({ app: 'shop' });
    benchOf({}, { metrics: [prometheusMetrics({ registry })] });
    expect((await samples(registry)).get('healing_paused{app="shop"}')).toBe(0);
  });
});

describe('the metrics of a custom check', () => {
  it('have its value and its threshold, in its own unit, while they are known', async () => {
    const registry = new Registry();
    let verdict: Verdict = { status: 'ok', reason: '12 jobs', value: 12, threshold: 50 };
    const check: Check = {
      ...{ name: 'jobs', component: 'queue', type: 'service', parts: [], run: () => verdict },
    };
    const { engine } = benchOf(
      {},
      { checks: [check], enabledChecks: ['memory', 'jobs'], metrics: [prometheusMetrics({ registry })] },
    );
    const numbers = async () => {
      await engine.detectAndHeal();
      const all = await samples(registry);
      return ['value', 'threshold'].map((what) => all.get(`healing_check_${what}{check="jobs"}`));
    };
    expect(await numbers()).toEqual([12, 50]);
    verdict = { status: 'unknown', reason: 'nobody answers' };
    expect(await numbers()).toEqual([undefined, undefined]);
    const built = [...(await samples(registry)).keys()].filter((name) => name.includes('check="memory"'));
    expect(built).toEqual([]);
  });
});

describe('the component labels', () => {
  it('are limited: components with issues come first, and the others are counted', async () => {
    const registry = new Registry();
    const units = Array.from({ length: 50 }, (_, index) => unitReading({ name: `unit-${index}` }));
    const { engine } = benchOf(
      { units: [...units, failedUnit({ name: 'last' })] },
      {
        services: [...units.map(({ id }) => id), 'last'],
        metrics: [prometheusMetrics({ registry, maxComponents: 10 })],
      },
    );
    engine.healingEnabled = false;
    await engine.detectAndHeal();
    const all = await samples(registry);
    expect([...all.keys()].filter((name) => name.startsWith('healing_issue_active'))).toHaveLength(10);
    expect(all.get('healing_issue_active{component="last",type="service"}')).toBe(1);
    expect(all.get('healing_components_hidden')).toBeGreaterThan(40);
  });

  it('may contain any characters, on one line, without a duplicate series', async () => {
    const names = fc.array(fc.string({ unit: anyCharacter, minLength: 1, maxLength: 300 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(names, async (components) => {
        const registry = new Registry();
        const { engine } = benchOf({}, { metrics: [prometheusMetrics({ registry })], enabledChecks: [] });
        components.forEach((component, index) =>
          engine.detector.addCheck({
            ...{ name: `own-${index}`, component, type: 'service', parts: [] },
            run: () => ({ status: 'ok', reason: 'well' }),
          }),
        );
        await engine.detectAndHeal();
        const text = await registry.getSingleMetricAsString('healing_issue_active');
        const lines = text.split('\n').filter((line) => line.startsWith('healing_issue_active'));
        expect(lines.length).toBe(new Set(components.map(labelValue)).size);
        expect(new Set(lines).size).toBe(lines.length);
        for (const line of lines)
          expect(line).toMatch(/^healing_issue_active\{component="(?:[^"\\\n]|\\.)*",type="service"\} 0$/u);
        expect(text).not.toMatch(/\p{Cs}/u);
      }),
      { seed: 11, numRuns: 15 },
    );
  }, 60_000);
});

describe('the options of prometheusMetrics', () => {
  it.each([
    [{}, 'Expected `registry`'],
    [{ registry: {} }, 'Expected `registry`'],
    [{ registry: new Registry(), engine: '' }, 'Expected `engine`'],
    [{ registry: new Registry(), maxComponents: 0 }, 'Expected `maxComponents`'],
    [{ registry: new Registry(), prefix: 'x' }, 'Unknown option `prefix`'],
  ])('are refused if invalid: %#', (options, words) => {
    expect(() => prometheusMetrics(options as never)).toThrow(words);
  });
});

it('the metrics have a series for the version, and one for unknown readings of enabled checks only', async () => {
  const registry = new Registry();
  const bench = benchOf(
    { units: unknown('no systemd') },
    { services: ['nginx'], metrics: [prometheusMetrics({ registry })] },
  );
  const unknowns = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith('healing_reading_unknown{'));
  expect(await unknowns()).toEqual([]);
  await bench.engine.detectAndHeal();
  expect(await unknowns()).toContain('healing_reading_unknown{component="nginx"} 1');
  expect(await registry.metrics()).toMatch(
    /^healing_build_info\{version="\d+\.\d+\.\d+",node="\d+\.\d+\.\d+"\} 1$/m,
  );
});

it('the repair histogram has different buckets for 1,003 ms and 1,500 ms', () => {
  const bounds = BOUNDS_MS.filter((bound) => bound >= 500 && bound <= 10_000);
  for (const [index, bound] of bounds.slice(1).entries())
    expect(bound / bounds[index]!).toBeLessThanOrEqual(5 / 3);
  const bucketOf = (ms: number) => bounds.find((bound) => ms <= bound);
  expect(bucketOf(1_003)).toBeLessThan(bucketOf(1_500)!);
});
