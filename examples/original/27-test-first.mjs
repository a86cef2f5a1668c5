// Best Practices, Test in Development First.
import { createSelfHealingEngine } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

process.env.LUMINOUS_DEV_MODE = '1';
const engine = createSelfHealingEngine(machine());
try {
  // was: engine.dry_run = True
  engine.dryRun = true;
  for (const { plan } of await engine.detectAndHeal()) console.log(plan?.action);
} finally {
  await engine.close();
}
