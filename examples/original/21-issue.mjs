// API Reference, Issue.
import { createSelfHealingEngine } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

const engine = createSelfHealingEngine(machine());
try {
  // was: type, severity, description, component, metric_value, threshold, timestamp
  for (const { type, severity, component, metricValue, threshold } of await engine.detector.detectIssues()) {
    console.log(type, severity, component, metricValue, threshold);
  }
} finally {
  await engine.close();
}
