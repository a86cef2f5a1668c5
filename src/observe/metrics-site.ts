import type { IncomingMessage } from 'node:http';
import type { RegistryContentType } from 'prom-client';
import type { ObservedEngine } from '../report/observer.js';
import type { PrometheusRegistry } from './exposition.js';
import { healthOf, type Health } from './health.js';
import { json, pathOf, text, type Answer } from './http/answer.js';
import type { HostRules } from './http/host-rules.js';
import { refusalOfNames } from './http/hosts.js';
import { indexPage } from './index-page.js';
import { prometheusMetrics } from './prometheus.js';
import { lazy } from '../base/lazy.js';

const promClient = lazy(() => import('prom-client'));

/** Registries to scrape. */
interface Sources {
  readonly text: PrometheusRegistry;
  readonly openMetrics: PrometheusRegistry;
  readonly detach: () => void;
}

/** Answers of a metrics server. */
export class MetricsSite {
  readonly #engine: ObservedEngine;
  readonly #hosts: HostRules;
  readonly #sources: Sources;
  readonly #scrapes = new Map<PrometheusRegistry, Promise<string>>();

  private constructor(engine: ObservedEngine, hosts: HostRules, sources: Sources) {
    this.#engine = engine;
    this.#hosts = hosts;
    this.#sources = sources;
  }

  /** `registry`: one of the host program; by default one that shows the engine alone. */
  static async of(
    engine: ObservedEngine,
    hosts: HostRules,
    registry: PrometheusRegistry | undefined,
  ): Promise<MetricsSite> {
    return new MetricsSite(engine, hosts, await sourcesOf(engine, registry));
  }

  async answer(request: IncomingMessage, prefix: string): Promise<Answer> {
    const refusal = refusalOfNames(request, this.#hosts);
    if (refusal !== undefined) return text(403, refusal);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return text(405, 'Only GET and HEAD are answered', { allow: 'GET, HEAD' });
    }
    switch (pathOf(request, prefix)) {
      case '/metrics':
        return this.#metrics(wantsOpenMetrics(request));
      case '/health': {
        const found = this.#health();
        return json(found.status === 'ok' ? 200 : 503, found);
      }
      case '/':
      case '':
        return indexPage(request, this.#health());
      default:
        return text(404, 'There are /metrics and /health');
    }
  }

  /** Removes the metrics of the engine from the registry. */
  detach(): void {
    this.#sources.detach();
  }

  #health(): Health {
    return healthOf(this.#engine.status());
  }

  async #metrics(openMetrics: boolean): Promise<Answer> {
    const registry = openMetrics ? this.#sources.openMetrics : this.#sources.text;
    // Concurrent requests share one answer.
    const scrape =
      this.#scrapes.get(registry) ?? registry.metrics().finally(() => this.#scrapes.delete(registry));
    this.#scrapes.set(registry, scrape);
    return { status: 200, type: registry.contentType, body: await scrape };
  }
}

async function sourcesOf(engine: ObservedEngine, registry: PrometheusRegistry | undefined): Promise<Sources> {
  const show = (one: PrometheusRegistry): (() => void) => prometheusMetrics({ registry: one }).attach(engine);
  if (registry) return { text: registry, openMetrics: registry, detach: show(registry) };
  const { Registry } = await promClient();
  const own = new Registry();
  const openMetrics = new Registry<RegistryContentType>();
  openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const detaches = [show(own), show(openMetrics)];
  return { text: own, openMetrics, detach: () => detaches.forEach((detach) => detach()) };
}

/**
 * Returns whether the form of OpenMetrics is requested, by `?format=openmetrics` or by accepting nothing else. Prometheus
 * accepts both and would prefer it, but in it the documented counters have other names.
 */
function wantsOpenMetrics({ url = '', headers }: IncomingMessage): boolean {
  const [, query = ''] = url.split('?', 2);
  const format = new URLSearchParams(query).get('format');
  if (format !== null) return format === 'openmetrics';
  const { accept = '*/*' } = headers;
  return accept.includes('application/openmetrics-text') && !/text\/(plain|\*)|\*\/\*/.test(accept);
}
