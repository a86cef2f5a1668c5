// Optimization Tips, Selective Monitoring.
import { SimplifiedHealingEngine } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

const engine = new SimplifiedHealingEngine(machine());
// was: engine.detector.enabled_checks = ['cpu', 'disk', 'services']
engine.detector.enabledChecks = ['cpu', 'disk', 'services'];
const verdicts = await engine.detector.inspect();
console.log(verdicts.map(({ component }) => component).join(', '));
await engine.close();
