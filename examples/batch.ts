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
    description: 'Memory was said to be 91 % used',
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
 * Heals issues that another program reports. They are handled by severity (nginx first), and come back in the
 * order in which they were given. Each is read again before anything is done: what is well is left alone.
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
