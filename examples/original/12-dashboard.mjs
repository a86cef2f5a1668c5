// Monitoring & Metrics, Dashboard Access.
import { SimpleDashboard, SimplifiedHealingEngine } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

const engine = new SimplifiedHealingEngine(machine());
// was: dashboard = SimpleDashboard(engine)
const dashboard = new SimpleDashboard(engine);
try {
  // was: await dashboard.start(port=8080)
  const { url } = await dashboard.start({ port: 0 });
  console.log((await fetch(url)).status);
} finally {
  await dashboard.stop();
  await engine.close();
}
