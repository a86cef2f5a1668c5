import { invalid } from '../base/errors.js';
import { expectKnownKeys, expectMethods, expectObject } from '../base/expect.js';
import { lazy } from '../base/lazy.js';
import type { PrometheusRegistry } from './exposition.js';
import { expectAddress, expectPrefix, type Address, type ListenOptions } from './http/address.js';
import { hostRulesFrom, type HostOptions, type HostRules } from './http/host-rules.js';
import { safely, send } from './http/answer.js';
import { HttpServer, type Handler } from './http/http-server.js';
import type { MetricsSite } from './metrics-site.js';
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

const metricsSite = lazy(() => import('./metrics-site.js'));

const OPTIONS = ['healingEngine', 'host', 'port', 'registry', 'maxConnections', 'allowedHosts', 'publicUrl'];
const DEFAULTS = { host: '127.0.0.1', port: 9_090 };

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
  /** Loaded with the first request. */
  #site: Promise<MetricsSite> | undefined;

  /** Throws a `SelfHealingError` for an invalid option. */
  constructor(options: MetricsServerOptions) {
    expectKnownKeys('options', expectObject('options', options), OPTIONS);
    if ('getMetrics' in options)
      throw invalid('Expected `options` to be `{ healingEngine: engine }`, got an engine');
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
    await this.#load();
    return this.#server.start();
  }

  /** Ends all connections. Resolves when the port is free, and at once when it does not run. */
  async stop(): Promise<void> {
    await this.#server.stop();
    const site = this.#site;
    this.#site = undefined;
    (await site?.catch(() => undefined))?.detach();
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
    return safely(async (request, response) => {
      const site = await this.#load();
      send(request, response, await site.answer(request, prefix));
    });
  }

  #load(): Promise<MetricsSite> {
    const { healingEngine, registry } = this.#options;
    const site = (this.#site ??= metricsSite().then(({ metricsSiteOf }) =>
      metricsSiteOf(healingEngine, this.#hosts, registry),
    ));
    site.catch(() => (this.#site = undefined));
    return site;
  }
}
