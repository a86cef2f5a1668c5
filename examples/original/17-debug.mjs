// Troubleshooting, Debug Mode.
import { SimplifiedHealingEngine } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

// `logger: console` prints every message; this one keeps to the messages about nginx.
const logger = { ...console, debug: (text) => text.startsWith('nginx') && console.log(text) };
// was: logging.basicConfig(level=logging.DEBUG)
const engine = new SimplifiedHealingEngine({ ...machine(), dryRun: true, logger });
// was: engine.verbose = True
engine.verbose = true;
try {
  await engine.detectAndHeal();
} finally {
  await engine.close();
}
