// Configuration, Threshold Configuration.
import { SimplifiedHealingEngine } from '@luminous-nix/self-healing';

const engine = new SimplifiedHealingEngine();

// was: engine.detector.thresholds = { 'cpu_percent': 75.0, … }
engine.detector.thresholds = { cpuPercent: 75, memoryPercent: 80, diskPercent: 85, loadAverage: 3 };
console.log(Object.values(engine.detector.thresholds).join(', '));
