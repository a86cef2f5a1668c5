// Usage Examples, Example 3: Metrics Integration.
import { MetricsServer, SimplifiedHealingEngine } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

const healingEngine = new SimplifiedHealingEngine(machine());
// was: metrics_server = MetricsServer(healing_engine=engine, host='0.0.0.0', port=9090)
const server = new MetricsServer({ healingEngine, host: '127.0.0.1', port: 0 });
try {
  // was: await metrics_server.start()
  const { url } = await server.start();
  const response = await fetch(`${url}/metrics`);
  const text = await response.text();
  console.log(response.status, text.match(/^healing_issues_detected .*$/m)?.[0]);
} finally {
  await server.stop();
  await healingEngine.close();
}
