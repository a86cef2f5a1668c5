import {
  createSelfHealingEngine,
  defineAction,
  IssueType,
  SimpleDashboard,
  SimpleResolver,
  verifyByCheck,
  type Check,
  type DashboardOptions,
  type HealingAction,
  type SelfHealingEngine,
  type Verdict,
} from '@luminous-nix/self-healing';
import { onTestFinished } from 'vitest';
import { WorkerProcess } from '../../examples/demo/worker-process.js';

/** The token of the dashboards that have one. */
export const TOKEN = 'a-token-of-the-tests-0123456789';

/** Real worker process, an engine that heals it, and a dashboard. */
export interface House {
  readonly engine: SelfHealingEngine;
  readonly worker: WorkerProcess;
  readonly dashboard: SimpleDashboard;
  readonly url: string;
}

/** Options of a `House`. */
export interface HouseOptions {
  readonly dashboard?: DashboardOptions;
  /** Set when the restart of the worker requires approval. */
  readonly asks?: boolean;
  /** Additional checks, whose issues are only reported. */
  readonly verdicts?: Readonly<Record<string, Verdict>>;
}

class WorkerResolver extends SimpleResolver {
  override getAction({ component }: { readonly component: string }): HealingAction {
    return { action: component === 'worker' ? 'restart_worker' : 'none', parameters: {} };
  }
}

/** Starts the dashboard on a free port; closed when the test has finished. */
export async function openHouse({
  dashboard = {},
  asks = false,
  verdicts = {},
}: HouseOptions = {}): Promise<House> {
  const worker = new WorkerProcess('worker', () => ['none', 0]);
  await worker.start();
  const check = (component: string, run: () => Verdict): Check => ({
    name: component,
    component,
    type: IssueType.SERVICE,
    run,
  });
  const engine = createSelfHealingEngine({
    enabledChecks: ['memory', 'disk', 'worker', ...Object.keys(verdicts)],
    checks: [
      check('worker', () =>
        worker.isAlive
          ? { status: 'ok', reason: `Process ${worker.pid} runs`, value: worker.memoryMb, threshold: 500 }
          : { status: 'bad', reason: 'The worker is dead', value: 0, threshold: 500 },
      ),
      ...Object.keys(verdicts).map((component) => check(component, () => verdicts[component]!)),
    ],
    actions: {
      restart_worker: defineAction({
        parse: () => undefined,
        plan: () => ({
          targets: ['worker'],
          effect: 'The worker runs again',
          ...(asks ? { approval: 'The worker is dear to somebody' } : {}),
          steps: [
            {
              kind: 'call',
              name: 'start it',
              run: () => worker.start(),
              timeoutMs: 5_000,
              interruptible: false,
            },
          ],
        }),
        verify: verifyByCheck,
        scope: 'process',
        risk: 'disruptive',
        timeoutMs: 5_000,
        settleMs: 100,
      }),
    },
    resolver: new WorkerResolver(),
  });
  const shown = new SimpleDashboard(engine, dashboard);
  const { url } = await shown.start({ port: 0 });
  void engine.startMonitoring(0.2);
  onTestFinished(async () => {
    await shown.stop();
    await engine.close();
    await worker.stop();
  });
  return { engine, worker, dashboard: shown, url };
}
