// API Reference, create_self_healing_engine().
import { createSelfHealingEngine } from '@luminous-nix/self-healing';

// was: create_self_healing_engine(dry_run=False, verbose=False)
const engine = createSelfHealingEngine({ dryRun: false, verbose: false });
console.log(engine.dryRun, engine.verbose);
