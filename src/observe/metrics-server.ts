import type { IncomingMessage } from 'node:http';
import type { RegistryContentType } from 'prom-client';
import { expectKnownKeys, expectMethods, expectObject } from '../base/expect.js';
import type { PrometheusRegistry } from './exposition.js';
import { lazy } from '../base/lazy.js';
import { expectAddress, expectPrefix, type Address, type ListenOptions } from './http/address.js';
import { hostRulesFrom, type HostOptions, type HostRules } from './http/host-rules.js';
import { json, pathOf, safely, send, text, type Answer } from './http/answer.js';
import { HttpServer, type Handler } from './http/http-server.js';
import type { Health } from './health.js';
import type { ObservedEngine } from '../report/observer.js';

/** Options of a {@link MetricsServer}. */
export interface MetricsServerOptions extends ListenOptions, HostOptions {
  /** The engine that is shown; it may be running already. */
  readonly healingEngine: ObservedEngine;
  /** Name or address of the interface to listen on. Default `127.0.0.1`: this machine only. */
  readonly host?: string | undefined;
  /** The port, 0 to 65,535; 0 takes any that is free. Default 9090. */
  readonly port?: number | undefined;
  /**
   * A registry of the host program's own, shown whole, in its own form. Default: one that shows the engine alone, as
   * text, or in the form of OpenMetrics where that is asked for.
   */
  readonly registry?: PrometheusRegistry | undefined;
  /**
   * Connections at once, 1 to 65,535. A further one gets the place of the oldest that asks for nothing, and is refused
   * while all are being answered. Default 100.
   */
  readonly maxConnections?: number | undefined;
}

const adapter = lazy(() => import('./prometheus.js'));
const requestRules = lazy(() => import('./http/hosts.js'));
const health = lazy(() => import('./health.js'));
const index = lazy(() => import('./index-page.js'));
const promClient = lazy(() => import('prom-client'));

const OPTIONS = ['healingEngine', 'host', 'port', 'registry', 'maxConnections', 'allowedHosts', 'publicUrl'];
const DEFAULTS = { host: '127.0.0.1', port: 9_090 };

/** A text to scrape. */
interface Sources {
  readonly text: PrometheusRegistry;
  readonly openMetrics: PrometheusRegistry;
  readonly detach: () => void;
}

/**
 * Serves an engine to Prometheus and to health checks: `/metrics`, `/health`, and a page with both. It
 * is read-only, and does not keep the process alive. `node:http` and `prom-client` are loaded when it is first used.
 *
 * @example
 * ```js
 * import { createSelfHealingEngine, MetricsServer } from '@luminous-nix/self-healing';
 *
 * const engine = createSelfHealingEngine({ dryRun: true });
 * const server = new MetricsServer({ healingEngine: engine, port: 0 });
 * try {
 *   const { url } = await server.start();
 *   console.log(`Metrics: ${url}/metrics, health: ${url}/health`);
 * } finally {
 *   await server.stop();
 *   await engine.close();
 * }
 * ```
 */
export class MetricsServer implements AsyncDisposable {
  readonly #options: MetricsServerOptions;
  readonly #hosts: HostRules;
  readonly #server: HttpServer;
  readonly #scrapes = new Map<PrometheusRegistry, Promise<string>>();
  #sources: Promise<Sources> | undefined;

  /** Throws a `SelfHealingError` for an invalid option. */
  constructor(options: MetricsServerOptions) {
    expectKnownKeys('options', expectObject('options', options), OPTIONS);
    expectMethods('healingEngine', options.healingEngine, ['status', 'getMetrics']);
    if (options.registry !== undefined)
      expectMethods('registry', options.registry, ['metrics', 'registerMetric']);
    this.#options = { ...options };
    this.#hosts = hostRulesFrom(options);
    const defaults = expectAddress(options, DEFAULTS);
    this.#server = new HttpServer({
      handler: this.handler(),
      defaults,
      maxConnections: options.maxConnections,
    });
  }

  /**
   * Listens, and gives the real address. Started twice, it gives the address that it has. Rejects with a
   * `SelfHealingError` of code `cannot-listen` when the port is taken.
   */
  async start(): Promise<Address> {
    await this.#shown();
    return this.#server.start();
  }

  /** Ends all connections. Resolves when the port is free, and at once when it does not run. */
  async stop(): Promise<void> {
    await this.#server.stop();
    const sources = this.#sources;
    this.#sources = undefined;
    (await sources?.catch(() => undefined))?.detach();
  }

  /** The same as `stop()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * The same pages for a server that is there already: Node's, or that of a framework which hands out Node's
   * request and response.
   *
   * @param prefix the path it is mounted under, where the framework leaves it in the URL: `/healing`.
   */
  handler(prefix = ''): Handler {
    expectPrefix(prefix);
    return safely(async (request, response) => send(request, response, await this.#answer(request, prefix)));
  }

  async #answer(request: IncomingMessage, prefix: string): Promise<Answer> {
    const refusal = (await requestRules()).refusalOfNames(request, this.#hosts);
    if (refusal !== undefined) return text(403, refusal);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return text(405, 'Only GET and HEAD are answered', { allow: 'GET, HEAD' });
    }
    switch (pathOf(request, prefix)) {
      case '/metrics':
        return this.#metrics(wantsOpenMetrics(request));
      case '/health': {
        const found = await this.#health();
        return json(found.status === 'ok' ? 200 : 503, found);
      }
      case '/':
      case '':
        return (await index()).indexPage(request, await this.#health());
      default:
        return text(404, 'There are /metrics and /health');
    }
  }

  async #health(): Promise<Health> {
    return (await health()).healthOf(this.#options.healingEngine.status());
  }

  async #metrics(openMetrics: boolean): Promise<Answer> {
    const sources = await this.#shown();
    const registry = openMetrics ? sources.openMetrics : sources.text;
    // Concurrent requests share one answer.
    const scrape =
      this.#scrapes.get(registry) ?? registry.metrics().finally(() => this.#scrapes.delete(registry));
    this.#scrapes.set(registry, scrape);
    return { status: 200, type: registry.contentType, body: await scrape };
  }

  #shown(): Promise<Sources> {
    const sources = (this.#sources ??= this.#show());
    sources.catch(() => (this.#sources = undefined));
    return sources;
  }

  async #show(): Promise<Sources> {
    const { healingEngine, registry } = this.#options;
    const { prometheusMetrics } = await adapter();
    const show = (one: PrometheusRegistry): (() => void) =>
      prometheusMetrics({ registry: one }).attach(healingEngine);
    if (registry) return { text: registry, openMetrics: registry, detach: show(registry) };
    const { Registry } = await promClient();
    const own = new Registry();
    const openMetrics = new Registry<RegistryContentType>();
    openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const detaches = [show(own), show(openMetrics)];
    return { text: own, openMetrics, detach: () => detaches.forEach((detach) => detach()) };
  }
}

/**
 * Whether the form of OpenMetrics is asked for, by `?format=openmetrics` or by accepting nothing else. Prometheus
 * accepts both and would like this one better, but in it the documented counters have other names.
 */
function wantsOpenMetrics({ url = '', headers }: IncomingMessage): boolean {
  const [, query = ''] = url.split('?', 2);
  const format = new URLSearchParams(query).get('format');
  if (format !== null) return format === 'openmetrics';
  const { accept = '*/*' } = headers;
  return accept.includes('application/openmetrics-text') && !/text\/(plain|\*)|\*\/\*/.test(accept);
}
