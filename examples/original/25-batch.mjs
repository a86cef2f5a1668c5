// Optimization Tips, Batch Processing.
import { createSelfHealingEngine } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

const engine = createSelfHealingEngine(machine());
try {
  const issues = await engine.detector.detectIssues();
  // was: results = await engine.heal_issues_batch(issues)
  const results = await engine.healIssuesBatch(issues);
  console.log(results.map(({ issue, outcome }) => `${issue.component}: ${outcome}`).join(', '));
} finally {
  await engine.close();
}
