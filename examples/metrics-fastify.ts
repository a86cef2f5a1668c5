import { createSelfHealingEngine, type HealingOptions, MetricsServer } from '@luminous-nix/self-healing';
import { prometheusMetrics } from '@luminous-nix/self-healing/prometheus';
import fastify from 'fastify';
import { Counter, Registry } from 'prom-client';

/** A fastify application with its own metrics: one registry shows them and the engine, under `/healing`. */
export async function main(options: HealingOptions = {}): Promise<string> {
  const registry = new Registry();
  const orders = new Counter({ name: 'shop_orders_total', help: 'Orders taken.', registers: [registry] });
  const engine = createSelfHealingEngine({
    dryRun: true,
    metrics: [prometheusMetrics({ registry })],
    ...options,
  });
  try {
    await engine.detectAndHeal();
    orders.inc();

    const app = fastify();
    const metrics = new MetricsServer({ healingEngine: engine, registry });
    const handler = metrics.handler('/healing'); // fastify leaves the prefix in the path.
    app.get('/healing/*', (request, reply) => {
      reply.hijack();
      handler(request.raw, reply.raw);
    });

    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const text = await (await fetch(`${url}/healing/metrics`)).text();
    const shown = text.split('\n').filter((line) => /^(shop_orders_total|healing_success_rate)/.test(line));
    console.log(shown.join('\n'));
    await app.close();
    await metrics.stop();
    return text;
  } finally {
    await engine.close();
  }
}

if (process.argv[1] === import.meta.filename) await main();
