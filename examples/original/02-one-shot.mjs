// Quick Start, One-Shot Healing.
import { quickHeal } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

// was: results = await quick_heal()
const results = await quickHeal(machine());

for (const result of results) {
  // was: print(f"Fixed: {result.issue.description}")
  console.log('Issue:', result.issue.description);
  // was: print(f"Action: {result.action_taken}")
  console.log('Action:', result.actionTaken);
  // was: print(f"Success: {result.success}")
  console.log('Success:', result.success, result.outcome);
}
