// Quick Start, Installation.
// was: from luminous_nix.self_healing import create_self_healing_engine
import { createSelfHealingEngine } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

// was: engine = create_self_healing_engine()
const engine = createSelfHealingEngine(machine());

const stop = new AbortController();
engine.on('heal:done', ({ result }) => {
  console.log(`${result.issue.component}: ${result.outcome}`);
  stop.abort(); // A service would go on until it is stopped.
});

try {
  // was: await engine.start_monitoring(interval=60)
  await engine.startMonitoring({ interval: 60, signal: stop.signal });
} finally {
  await engine.close();
}
