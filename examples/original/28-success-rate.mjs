// Best Practices, Monitor Metrics.
import { createSelfHealingEngine } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

const engine = createSelfHealingEngine(machine());
try {
  await engine.detectAndHeal();
  // was: metrics = engine.get_metrics()
  const metrics = engine.getMetrics();
  // was: if metrics['success_rate'] < 0.8:
  if (metrics.successRate < 0.8) console.log('Look at what is blocked, and why');
  console.log(metrics.successRate);
} finally {
  await engine.close();
}
