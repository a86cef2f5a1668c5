// Troubleshooting, Actions Not Executing.
import { SimplifiedHealingEngine } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

const engine = new SimplifiedHealingEngine({ ...machine(), dryRun: true });
try {
  console.log((await engine.detectAndHeal())[0]?.outcome);
  // was: engine.dry_run = False
  engine.dryRun = false;
  console.log((await engine.detectAndHeal())[0]?.outcome);
} finally {
  await engine.close();
}
