// Troubleshooting, High False Positive Rate.
import { SimplifiedHealingEngine } from '@luminous-nix/self-healing';

const engine = new SimplifiedHealingEngine();

// was: engine.detector.thresholds['cpu_percent'] = 85
engine.detector.thresholds.cpuPercent = 85;
// was: engine.detector.thresholds['memory_percent'] = 90
engine.detector.thresholds.memoryPercent = 90;
console.log(engine.detector.thresholds.cpuPercent, engine.detector.thresholds.memoryPercent);
