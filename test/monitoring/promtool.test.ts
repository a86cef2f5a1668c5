import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { prometheusMetrics } from '../../src/observe/prometheus.js';
import { failedUnit } from '../../src/testing/index.js';
import { benchOf } from '../make-engine.js';
import { missing, promtool } from './programs.js';

describe.skipIf(missing)('promtool', () => {
  it('reports no problem of the metrics except the documented names', async () => {
    const registry = new Registry();
    const { engine, done } = benchOf(
      { units: [failedUnit({ name: 'nginx' })] },
      { services: ['nginx'], metrics: [prometheusMetrics({ registry })] },
    );
    benchOf({}, { metrics: [prometheusMetrics({ registry, engine: 'a "second"\\one' })] });
    await done(engine.detectAndHeal());
    const { words } = promtool(['check', 'metrics'], await registry.metrics());
    expect(words.trim().split('\n').sort()).toEqual([
      'healing_detection_time_ms metric names should not contain abbreviated units',
      'healing_issues_detected counter metrics should have "_total" suffix',
      'healing_issues_failed counter metrics should have "_total" suffix',
      // Named like the three others, as in the design.
      'healing_issues_relapsed counter metrics should have "_total" suffix',
      'healing_issues_resolved counter metrics should have "_total" suffix',
      'healing_resolution_time_ms metric names should not contain abbreviated units',
    ]);
  });

  it.each([
    ['the configuration', ['check', 'config', 'prometheus.yml']],
    ['the rules', ['check', 'rules', 'alerts.yml']],
    ['the tests of the rules', ['test', 'rules', 'alerts.test.yml']],
  ])('accepts %s', (_what, argv) => {
    const { status, words } = promtool(argv);
    expect(words).not.toContain('FAILED');
    expect(status).toBe(0);
  });
});
