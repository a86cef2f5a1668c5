// Usage Examples, Example 1: Monitor Critical Services.
import { createSelfHealingEngine, IssueType } from '@luminous-nix/self-healing';
import { machine } from './machine.mjs';

// was: critical_services = ['nginx', 'postgresql', 'redis']
const services = ['nginx', 'postgresql', 'redis'];

// was: engine.detector.thresholds['cpu_percent'] = 95
const engine = createSelfHealingEngine({
  ...machine(),
  services,
  thresholds: { cpuPercent: 95, memoryPercent: 95 },
});
try {
  const issues = await engine.detector.detectIssues();

  // was: service_issues = [i for i in issues if i.type == IssueType.SERVICE and i.component in critical_services]
  const serviceIssues = issues.filter((issue) => issue.type === IssueType.SERVICE);

  for (const issue of serviceIssues) {
    // was: result = await engine.heal_issue(issue)
    const result = await engine.healIssue(issue);
    if (result.success) console.log(`Healed: ${issue.description}`);
    else console.log(`Failed: ${result.error}`);
  }
} finally {
  await engine.close();
}
