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
export interface MetricsSite {
  readonly answer: (request: IncomingMessage, prefix: string) => Promise<Answer>;
  /** Removes the metrics of the engine from the registry. */
  readonly detach: () => void;
}

/** Makes the answers. `given`: a registry of the host program; by default one that shows the engine alone. */
export async function metricsSiteOf(
  engine: ObservedEngine,
  hosts: HostRules,
  given: PrometheusRegistry | undefined,
): Promise<MetricsSite> {
  const sources = await sourcesOf(engine, given);
  const scrapes = new Map<PrometheusRegistry, Promise<string>>();
  const health = (): Health => healthOf(engine.status());
  return { answer, detach: sources.detach };

  async function answer(request: IncomingMessage, prefix: string): Promise<Answer> {
    const refusal = refusalOfNames(request, hosts);
    if (refusal !== undefined) return text(403, refusal);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return text(405, 'Only GET and HEAD are answered', { allow: 'GET, HEAD' });
    }
    switch (pathOf(request, prefix)) {
      case '/metrics':
        return metrics(wantsOpenMetrics(request) ? sources.openMetrics : sources.text);
      case '/health': {
        const found = health();
        return json(found.status === 'ok' ? 200 : 503, found);
      }
      case '/':
      case '':
        return indexPage(request, health());
      default:
        return text(404, 'There are /metrics and /health');
    }
  }

  async function metrics(registry: PrometheusRegistry): Promise<Answer> {
    // Concurrent requests share one answer.
    const scrape = scrapes.get(registry) ?? registry.metrics().finally(() => scrapes.delete(registry));
    scrapes.set(registry, scrape);
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
