import {
  createSelfHealingEngine,
  type Execution,
  type HealingAction,
  type HealingOptions,
  type Issue,
} from '@luminous-nix/self-healing';

/** One issue, the action that the resolver picks, and the result of the executor. */
export interface Looked {
  readonly issue: Issue;
  readonly action: HealingAction;
  /** Absent if the resolver picked `none`. */
  readonly execution?: Execution;
}

/** The three parts of an engine, called by hand one after another: detect, pick, carry out (a dry run). */
export async function main(options: HealingOptions = {}): Promise<readonly Looked[]> {
  const engine = createSelfHealingEngine(options);
  try {
    // CPU use needs two readings that are at least 100 ms apart, so the first reading has none.
    const issues = await engine.detector.detectIssues();
    if (issues.length === 0) console.log('No issues found.');
    const looked: Looked[] = [];
    for (const issue of issues) {
      console.log(`${issue.component} (${issue.type}, severity ${issue.severity}): ${issue.description}`);
      const action = engine.resolver.getAction(issue);
      if (action.action === 'none') {
        console.log('  no automatic repair: investigate manually');
        looked.push({ issue, action });
        continue;
      }
      const execution = await engine.executor.execute(action, { dryRun: true });
      const words = execution.success ? execution.plan?.effect : execution.error;
      console.log(`  ${action.action}: ${execution.outcome}: ${words}`);
      looked.push({ issue, action, execution });
    }
    return looked;
  } finally {
    await engine.close();
  }
}

if (process.argv[1] === import.meta.filename) await main();
