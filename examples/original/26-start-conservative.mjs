// Best Practices, Start Conservative.
import { createSelfHealingEngine } from '@luminous-nix/self-healing';

// was: thresholds = {'cpu': 90, 'memory': 90, 'disk': 95}
const { detector } = createSelfHealingEngine({
  thresholds: { cpuPercent: 90, memoryPercent: 90, diskPercent: 95 },
});
console.log(detector.thresholds.cpuPercent);
// was: thresholds = {'cpu': 75, 'memory': 80, 'disk': 85}
detector.thresholds = { cpuPercent: 75, memoryPercent: 80, diskPercent: 85 };
console.log(detector.thresholds.cpuPercent);
