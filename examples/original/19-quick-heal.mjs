// API Reference, quick_heal().
import { quickHeal } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

// was: quick_heal(dry_run=True)
const [result] = await quickHeal({ ...machine(), dryRun: true });
console.log(result?.outcome, result?.dryRun);
