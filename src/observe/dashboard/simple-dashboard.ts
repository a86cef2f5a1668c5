import type { SimplifiedHealingEngine } from '../../engine/engine.js';
import type { EventName } from '../../report/events.js';
import { expectMethods, refusal } from '../../base/expect.js';
import { lazy } from '../../base/lazy.js';
import { acceptListen, expectPrefix, isLoopback, type Address, type ListenOptions } from '../http/address.js';
import { safely, send, text } from '../http/answer.js';
import { HttpServer, type Handler } from '../http/http-server.js';
import { rulesFrom, type DashboardOptions, type Rules } from './options.js';
import type { Site } from './site.js';

const DEFAULTS = { host: '127.0.0.1', port: 8080 } as const;
/** Additional connections, for loading a page and for refusing one. */
const SPARE_CONNECTIONS = 64;

/** Events that are shown at once. */
const SHOWN: readonly EventName[] = [
  'cycle:failed',
  'issue:opened',
  'issue:cleared',
  'issue:gone',
  'issue:recurring',
  'reading:lost',
  'reading:back',
  'heal:started',
  'heal:done',
  'heal:blocked',
  'approval:asked',
  'storm:began',
  'storm:ended',
];

/**
 * One page that shows what an engine sees, did, and did not do, live. It listens to the engine from the moment it is
 * made, for the charts of the last hour; it opens nothing before it is started or its handler is asked.
 *
 * @example
 * ```js
 * import { createSelfHealingEngine, SimpleDashboard } from '@luminous-nix/self-healing';
 *
 * const engine = createSelfHealingEngine({ dryRun: true });
 * const dashboard = new SimpleDashboard(engine);
 * process.once('SIGTERM', () => engine.stopMonitoring());
 * try {
 *   const { url } = await dashboard.start({ port: 8080 });
 *   console.log(`Look at ${url}`);
 *   await engine.startMonitoring(10);
 * } finally {
 *   await dashboard.stop();
 *   await engine.close();
 * }
 * ```
 */
export class SimpleDashboard implements AsyncDisposable {
  readonly #engine: SimplifiedHealingEngine;
  readonly #rules: Rules;
  /** Loaded with the first cycle or request. */
  readonly #hour = lazy(async () => new (await import('./hour-of-verdicts.js')).HourOfVerdicts());
  readonly #server: HttpServer;
  #unlisten: (() => void)[] = [];
  /** The page and all that makes its answers: loaded with the first request. */
  readonly #load = lazy(async () => {
    const [{ Site }, hour] = await Promise.all([import('./site.js'), this.#hour()]);
    return (this.#site = new Site({
      ...{ engine: this.#engine, rules: this.#rules },
      history: () => hour.read(),
    }));
  });
  #site: Site | undefined;
  #isStopped = false;

  /** Throws a `SelfHealingError` for an invalid option. */
  constructor(engine: SimplifiedHealingEngine, options: DashboardOptions = {}) {
    expectMethods('engine', engine, ['on', 'status', 'explain', 'getMetrics']);
    this.#engine = engine;
    this.#rules = rulesFrom(options);
    this.#server = new HttpServer({
      handler: this.handler(),
      defaults: DEFAULTS,
      maxConnections: this.#rules.maxClients + SPARE_CONNECTIONS,
    });
    this.#listen();
  }

  /**
   * Serves the page, by default at port 8080 of 127.0.0.1; a number is the port, and port 0 takes any free one. A
   * second start returns the same address. Another address than loopback is refused without a
   * `token`. It does not keep the process alive.
   */
  async start(options: number | ListenOptions = {}): Promise<Address> {
    const listen = acceptListen(options);
    const { host = DEFAULTS.host } = listen;
    if (this.#rules.token === undefined && typeof host === 'string' && !isLoopback(host)) {
      throw refusal('host', 'a loopback address, as long as there is no `token`', host);
    }
    this.#isStopped = false;
    this.#listen();
    return this.#server.start(listen);
  }

  /** Ends all connections, those of a mounted handler too. Safe to call twice. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const unlisten of this.#unlisten.splice(0)) unlisten();
    this.#site?.audience.close();
    await this.#server.stop();
  }

  /** The same as `stop()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * The page as a handler for a server of your own. `prefix` is the path that it is mounted under, like `/healing`,
   * unless the server takes that away itself, as express does. Beyond loopback it answers only with a `token`.
   */
  handler(prefix = ''): Handler {
    expectPrefix(prefix);
    return safely(async (request, response) => {
      const site = await this.#load();
      if (this.#isStopped) send(request, response, text(503, 'The dashboard has been stopped'));
      else await site.answer(request, response, prefix);
    });
  }

  #listen(): void {
    if (this.#unlisten.length > 0) return;
    const changed = (): void => this.#site?.audience.changed();
    this.#unlisten = SHOWN.map((name) => this.#engine.on(name, changed));
    const looked = this.#engine.on('cycle:done', ({ timestamp, verdicts }) => {
      // A chart without a point is no reason to fail.
      void this.#hour()
        .then((hour) => hour.add(timestamp, verdicts))
        .catch(() => undefined)
        .then(changed);
    });
    this.#unlisten.push(looked);
  }
}
