/**
 * Metrics for Prometheus, in the host program's own registry.
 *
 * ```js
 * import { createSelfHealingEngine } from '@luminous-nix/self-healing';
 * import { prometheusMetrics } from '@luminous-nix/self-healing/prometheus';
 * import { Registry } from 'prom-client';
 *
 * const registry = new Registry();
 * const engine = createSelfHealingEngine({ metrics: [prometheusMetrics({ registry })] });
 * try {
 *   console.log(await registry.metrics());
 * } finally {
 *   await engine.close();
 * }
 * ```
 *
 * @module \@luminous-nix/self-healing/prometheus
 */
import { expectKnownKeys, expectMethods, expectNumber, expectObject, refusal } from '../base/expect.js';
import { Exposition, type PrometheusRegistry } from './exposition.js';
import type { MetricsAdapter } from '../report/observer.js';
import { labelValue } from './sight.js';

export type { PrometheusRegistry } from './exposition.js';
export type { MetricsAdapter, ObservedEngine } from '../report/observer.js';

/** Options of {@link prometheusMetrics}. */
export interface PrometheusOptions {
  /** Where the metrics are registered: prom-client's `Registry`. The global one is never touched. */
  readonly registry: PrometheusRegistry;
  /**
   * What the label `engine` says, to tell engines of one registry apart. Default: the first engine has no such label,
   * and the others are called `2`, `3` and so on.
   */
  readonly engine?: string | undefined;
  /** Limit of components with series, 1 to 100,000; those with issues come first. Default 1,000. */
  readonly maxComponents?: number | undefined;
}

const expositions = new WeakMap<PrometheusRegistry, Exposition>();

/**
 * Makes an adapter that shows engines in a registry. Throws a `SelfHealingError` for invalid options; attaching throws
 * one when the registry has metrics of the same names already.
 */
export function prometheusMetrics(options: PrometheusOptions): MetricsAdapter {
  const { registry, engine: label, maxComponents } = expectPrometheus(options);
  return {
    attach(engine) {
      const exposition = expositions.get(registry) ?? new Exposition(registry);
      expositions.set(registry, exposition);
      return exposition.add(engine, label, maxComponents);
    },
  };
}

function expectPrometheus(given: unknown) {
  const options = expectObject('options', given) as unknown as PrometheusOptions;
  expectKnownKeys('options', options, ['registry', 'engine', 'maxComponents']);
  const { registry, engine, maxComponents = 1_000 } = options;
  expectMethods('registry', registry, ['metrics', 'registerMetric', 'removeSingleMetric', 'getSingleMetric']);
  if (engine !== undefined && (typeof engine !== 'string' || engine === '')) {
    throw refusal('engine', 'a non-empty string', engine);
  }
  expectNumber('maxComponents', maxComponents, 1, 100_000);
  return { registry, engine: engine && labelValue(engine), maxComponents };
}
