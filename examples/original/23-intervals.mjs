// Optimization Tips, Adjust Check Intervals.
import { createSelfHealingEngine } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

const engine = createSelfHealingEngine({ ...machine(), dryRun: true });
engine.on('cycle:done', () => void engine.stopMonitoring());
try {
  // was: await engine.start_monitoring(interval=300)
  await engine.startMonitoring(300);
  // was: await engine.start_monitoring(interval=30)
  await engine.startMonitoring(30);
  console.log('stopped after one cycle each');
} finally {
  await engine.close();
}
