// Quick Start, Manual Detection & Resolution.
import { SimplifiedHealingEngine } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

// was: engine = SimplifiedHealingEngine()
const engine = new SimplifiedHealingEngine(machine());
try {
  // was: issues = await engine.detector.detect_issues()
  const issues = await engine.detector.detectIssues();

  for (const issue of issues) {
    // was: action = engine.resolver.get_action(issue)
    const action = engine.resolver.getAction(issue);
    // was: result = await engine.executor.execute(action, dry_run=True)
    const result = await engine.executor.execute(action, { dryRun: true });
    console.log(`${action.action}: ${result.outcome}`);
  }
} finally {
  await engine.close();
}
