import {
  createSelfHealingEngine,
  IssueType,
  Severity,
  type HealingOptions,
  type HealingResult,
  type IssueInput,
} from '@luminous-nix/self-healing';

const ISSUES: readonly IssueInput[] = [
  {
    type: IssueType.RESOURCE,
    severity: Severity.MEDIUM,
    description: 'Memory use was reported as 91 %',
    component: 'memory',
    metricValue: 91,
    threshold: 85,
  },
  {
    type: IssueType.SERVICE,
    severity: Severity.HIGH,
    description: 'nginx was said to be down',
    component: 'nginx',
    metricValue: 0,
    threshold: 1,
  },
];

/**
 * Repairs issues that another program reports. They are handled by severity (nginx first); results come in the order
 * of the issues. Each component is read again before a repair; a healthy one is left alone.
 */
export async function main(options: HealingOptions = {}): Promise<readonly HealingResult[]> {
  const engine = createSelfHealingEngine({ services: ['nginx'], dryRun: true, ...options });
  try {
    const results = await engine.healIssuesBatch(ISSUES);
    for (const { issue, actionTaken, outcome, error } of results) {
      console.log(`${issue.component}: ${actionTaken}, ${outcome}${error === undefined ? '' : `: ${error}`}`);
    }
    return results;
  } finally {
    await engine.close();
  }
}

if (process.argv[1] === import.meta.filename) await main();
