// API Reference, HealingResult.
import { quickHeal } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

// was: issue, action_taken, success, error, duration_ms, timestamp
for (const { issue, actionTaken, success, error } of await quickHeal({ ...machine(), dryRun: false })) {
  console.log(issue.component, actionTaken, success, error);
}
