// API Reference, SimplifiedHealingEngine.
import { SimplifiedHealingEngine } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

const engine = new SimplifiedHealingEngine(machine());
try {
  // was: self.healing_enabled: bool = True
  console.log(engine.healingEnabled);
  // was: async def detect_and_heal(self) -> List[HealingResult]
  const [result] = await engine.detectAndHeal();
  console.log(result?.outcome);
  // was: def get_metrics(self) -> Dict[str, Any]
  const metrics = engine.getMetrics();
  console.log(metrics.issuesDetected, metrics.issuesResolved, metrics.issuesFailed);
} finally {
  await engine.close();
}
