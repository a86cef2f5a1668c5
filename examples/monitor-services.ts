import {
  createSelfHealingEngine,
  IssueType,
  type HealingOptions,
  type Metrics,
} from '@luminous-nix/self-healing';

/** Options of {@link main}. */
export interface MonitorOptions extends HealingOptions {
  /** Ends the monitoring. Default: after 3 seconds, so that the example ends by itself. */
  readonly signal?: AbortSignal;
}

/** Watches three critical services, and prints their issues. A dry run: they are not restarted. */
export async function main({
  signal = AbortSignal.timeout(3_000),
  ...options
}: MonitorOptions = {}): Promise<Metrics> {
  const engine = createSelfHealingEngine({
    services: ['nginx', 'postgresql', 'redis'],
    dryRun: true,
    ...options,
  });
  try {
    engine.on('cycle:done', ({ verdicts, issues }) => {
      const services = issues.filter(({ type }) => type === IssueType.SERVICE);
      for (const { component, description } of services) console.log(`${component}: ${description}`);
      // An unknown state never leads to an action, and never counts as healthy.
      for (const { type, status, reason } of verdicts) {
        if (type === IssueType.SERVICE && status === 'unknown') console.log(`not known: ${reason}`);
      }
    });
    engine.on('heal:planned', ({ issue, plan }) =>
      console.log(`would heal ${issue.component}: ${plan.action}`),
    );
    engine.on('heal:blocked', ({ issue, error }) =>
      console.log(`would leave ${issue.component} alone: ${error}`),
    );
    // Resolves, also when the signal ends it. A service would give an interval of 60 and its own signal.
    await engine.startMonitoring({ interval: 1, signal });
    return engine.getMetrics();
  } finally {
    await engine.close();
  }
}

if (process.argv[1] === import.meta.filename) await main();
