// Migration from V1.
// was: from luminous_nix.self_healing import SelfHealingEngine
import { SelfHealingEngine, SimplifiedHealingEngine } from '@luminous-nix/self-healing';

console.log(SelfHealingEngine === SimplifiedHealingEngine);
