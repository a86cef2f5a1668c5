import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import {
  createSelfHealingEngine,
  MetricsServer,
  SimpleDashboard,
  type Thresholds,
} from '@luminous-nix/self-healing';
import { actionsOf, checksOf, Shop, ShopResolver } from './service.js';

/** How the demo is run. */
export interface DemoOptions {
  readonly signal: AbortSignal;
  /** Ports of the dashboard and of the metrics; 0 takes any free port. */
  readonly ports?: readonly [dashboard: number, metrics: number];
  /** For a machine that is busy with something else. */
  readonly thresholds?: Partial<Thresholds>;
}

/**
 * A shop whose workers crash, leak, hang and flap, repaired by an embedded engine. It needs no root and no systemd, and
 * affects only its own processes. Resolves after its signal was aborted.
 */
export async function main({ signal, ports = [8080, 9090], thresholds }: DemoOptions): Promise<void> {
  const shop = new Shop();
  await shop.open();
  const engine = createSelfHealingEngine({
    checks: checksOf(shop),
    enabledChecks: [
      'cpu',
      'memory',
      'load',
      'disk',
      'checkout',
      'mailer',
      'thumbnails',
      'search',
      'search-index',
    ],
    thresholds,
    actions: actionsOf(shop),
    resolver: new ShopResolver(),
    // In the demo, minutes stand for hours: these are not the defaults.
    guards: {
      backoff: { firstMs: 3_000, maxMs: 12_000, resetAfterMs: 15_000 },
      breaker: { attempts: 3, openMs: 20_000 },
      budget: { componentPerHour: 1_000, hostPerHour: 10_000 },
      approval: { lapseMs: 90_000 },
    },
  });
  // The page may act, but only with the token that is in the address below.
  const token = randomBytes(16).toString('base64url');
  const dashboard = new SimpleDashboard(engine, { token, controls: true });
  const metrics = new MetricsServer({ healingEngine: engine, port: await portOr0(ports[1]) });
  try {
    const { url } = await dashboard.start({ port: await portOr0(ports[0]) });
    const { url: metricsUrl } = await metrics.start();
    console.log(`
  The dashboard:  ${url}/#token=${token}
  The metrics:    ${metricsUrl}/metrics

  What to watch:
    checkout      crashes every 24 s, and is restarted within a second or two
    thumbnails    leaks about 4 MiB a second, and is replaced at 150 MiB: see its chart
    search        hangs without exiting: it sends nothing for 2 s, and is replaced
    mailer        after 41 s it dies at each start: its breaker opens, and 20 s later one try is allowed
    search-index  grows old, and may be rebuilt only when you approve it on the page

  What to try:    kill -9 ${shop.workers.checkout.pid}      (checkout)
  Ctrl-C ends it.
`);
    await engine.startMonitoring({ interval: 1, signal });
  } finally {
    await dashboard.stop();
    await metrics.stop();
    await engine.close();
    await shop.close();
  }
}

/** Returns the requested port, or 0 (any free port) if another program uses it. */
async function portOr0(port: number): Promise<number> {
  const probe = createServer().listen(port, '127.0.0.1');
  try {
    await once(probe, 'listening');
    return port;
  } catch {
    return 0;
  } finally {
    probe.close();
  }
}
