// For ever, once a second: a cycle of a monitoring engine with the default checks or the gauges alone, or nothing.
import { argv } from 'node:process';
import { setInterval } from 'node:timers';

if (argv[2] === 'timer') setInterval(() => {}, 1_000);
else {
  const { createSelfHealingEngine } = await import('../../dist/index.js');
  const { CHECKS, HEALTHY } = await import('../checks.mjs');
  const options = argv[2] === 'gauges' ? { enabledChecks: CHECKS } : {};
  void createSelfHealingEngine({ dryRun: true, thresholds: HEALTHY, ...options }).startMonitoring(1);
}
