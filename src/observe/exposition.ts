import type { Metric, Registry, RegistryContentType } from 'prom-client';
import { invalid } from '../base/errors.js';
import { FAMILIES } from './families.js';
import type { Family } from './family.js';
import type { ObservedEngine } from '../report/observer.js';
import { sightOf, type Sight } from './sight.js';

/** A registry of prom-client, in the text form or in that of OpenMetrics. */
export type PrometheusRegistry = Pick<
  Registry<RegistryContentType>,
  'metrics' | 'contentType' | 'registerMetric' | 'removeSingleMetric' | 'getSingleMetric'
>;

interface Shown {
  readonly engine: ObservedEngine;
  /** Value of its `engine` label; the first engine of a registry has none. */
  readonly label: string | undefined;
  readonly maxComponents: number;
  uses: number;
}

interface Labelled {
  readonly sight: Sight;
  readonly label: string | undefined;
}

/**
 * The engines of one registry. Nothing is counted here: each scrape reads every number from the engines, so it does
 * not matter when an engine was added.
 */
export class Exposition {
  readonly #registry: PrometheusRegistry;
  #shown: readonly Shown[] = [];
  #sights: readonly Labelled[] | undefined;

  constructor(registry: PrometheusRegistry) {
    this.#registry = registry;
  }

  /** Shows an engine, and gives the function that ends it. */
  add(engine: ObservedEngine, given: string | undefined, maxComponents: number): () => void {
    const shown =
      this.#shown.find((one) => one.engine === engine) ?? this.#show(engine, given, maxComponents);
    shown.uses += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      shown.uses -= 1;
      if (shown.uses > 0) return;
      this.#shown = this.#shown.filter((one) => one !== shown);
      if (this.#shown.length === 0) for (const { name } of FAMILIES) this.#registry.removeSingleMetric(name);
    };
  }

  #show(engine: ObservedEngine, given: string | undefined, maxComponents: number): Shown {
    const shown = { engine, label: this.#labelFor(given), maxComponents, uses: 0 };
    if (this.#shown.length === 0) this.#register();
    this.#shown = [...this.#shown, shown];
    return shown;
  }

  #labelFor(given: string | undefined): string | undefined {
    const taken = new Set(this.#shown.map(({ label }) => label));
    if (!taken.has(given)) return given;
    if (given !== undefined) {
      throw invalid(
        `The registry shows another engine called \`${given}\`: give each a different name in \`engine\``,
      );
    }
    let number = 2;
    while (taken.has(String(number))) number += 1;
    return String(number);
  }

  #register(): void {
    const known = FAMILIES.find(({ name }) => this.#registry.getSingleMetric(name) !== undefined);
    if (known) {
      throw invalid(
        `The registry has a metric \`${known.name}\` that is not of this library: give another \`registry\``,
      );
    }
    for (const family of FAMILIES) this.#registry.registerMetric(this.#metric(family) as unknown as Metric);
  }

  /** Returns the object that prom-client expects as a metric; it reads the values at each scrape. */
  #metric(family: Family): object {
    const { help, type } = family;
    const name = (): string => this.#nameOf(family);
    return {
      ...{ help, type, aggregator: 'sum' },
      get name() {
        return name();
      },
      set name(_renamed) {
        // In the form of OpenMetrics prom-client renames counters for good; here the name follows the form.
      },
      get: () =>
        Promise.resolve({ name: name(), help, type, aggregator: 'sum', values: this.#values(family) }),
      // Counters belong to the engine; a registry cannot reset them.
      reset: () => undefined,
    };
  }

  /** OpenMetrics names a counter without `_total`, and its samples with it. */
  #nameOf({ name, type }: Family): string {
    const openMetrics = this.#registry.contentType.startsWith('application/openmetrics-text');
    return openMetrics && type === 'counter' ? name.replace(/_total$/, '') : name;
  }

  #values(family: Family): object[] {
    return this.#look().flatMap(({ sight, label }) =>
      family.read(sight).map(({ labels = {}, value, suffix }) => ({
        labels: label === undefined ? { ...labels } : { engine: label, ...labels },
        value,
        ...(suffix ? { metricName: `${family.name}${suffix}` } : {}),
      })),
    );
  }

  /** All metrics of one scrape are of one look. */
  #look(): readonly Labelled[] {
    if (this.#sights === undefined) {
      this.#sights = this.#shown.map(({ engine, label, maxComponents }) => ({
        sight: sightOf(engine, maxComponents),
        label,
      }));
      queueMicrotask(() => (this.#sights = undefined));
    }
    return this.#sights;
  }
}
