import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createSelfHealingEngine, MetricsServer, type HealingOptions } from '@luminous-nix/self-healing';
import express from 'express';

/** An express application that shows its engine under `/healing`: no second port is needed. */
export async function main(options: HealingOptions = {}): Promise<Record<string, number>> {
  const engine = createSelfHealingEngine({ dryRun: true, ...options });
  try {
    await engine.detectAndHeal();

    const app = express();
    const metrics = new MetricsServer({ healingEngine: engine });
    app.use('/healing', metrics.handler()); // express removes the prefix from the path.

    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const statuses: Record<string, number> = {};
    for (const path of ['/healing', '/healing/metrics', '/healing/health', '/metrics']) {
      statuses[path] = (await fetch(`${url}${path}`)).status;
      console.log(path, statuses[path]);
    }
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await metrics.stop();
    return statuses;
  } finally {
    await engine.close();
  }
}

if (process.argv[1] === import.meta.filename) await main();
