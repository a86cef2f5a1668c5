import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import {
  createSelfHealingEngine,
  defineAction,
  IssueType,
  SimpleResolver,
  verifyByCheck,
  type Check,
  type HealingAction,
  type HealingResult,
  type Issue,
} from '@luminous-nix/self-healing';

/** Picks this service's own action for the worker, and leaves the rest to the built-in resolver. */
class OwnResolver extends SimpleResolver {
  override getAction(issue: Issue): HealingAction {
    return issue.component === 'worker'
      ? { action: 'restart_worker', parameters: {} }
      : super.getAction(issue);
  }
}

/** A service with a worker thread that crashes; the engine starts a new one. This is no dry run. */
export async function main(): Promise<{ before: number; after: number; result: HealingResult }> {
  let worker: Worker | undefined;
  const startWorker = async (): Promise<void> => {
    const work = `require('node:worker_threads').parentPort.on('message', (text) => JSON.parse(text))`;
    const started = new Worker(work, { eval: true });
    started.on('error', (error) => console.log(`The worker died: ${error.message}`));
    started.on('exit', () => (worker = undefined));
    await once(started, 'online');
    worker = started;
  };
  const check: Check = {
    name: 'worker',
    component: 'worker',
    type: IssueType.SERVICE,
    run: () => (worker ? { status: 'ok', reason: 'It runs' } : { status: 'bad', reason: 'It is dead' }),
  };
  const restartWorker = defineAction({
    parse: () => ({}),
    plan: () => ({
      targets: ['worker'],
      effect: 'The service has a new worker',
      steps: [
        {
          kind: 'call',
          name: 'start a worker',
          run: startWorker,
          timeoutMs: 5_000,
          interruptible: false,
        },
      ],
    }),
    verify: verifyByCheck,
    scope: 'process', // It affects this process only, so it needs no privileges.
    risk: 'disruptive',
    timeoutMs: 5_000,
    settleMs: 100,
  });

  const engine = createSelfHealingEngine({
    checks: [check],
    enabledChecks: ['worker'], // No built-in check: the host is not observed.
    actions: { restart_worker: restartWorker },
    resolver: new OwnResolver(),
  });
  try {
    await startWorker();
    const before = worker!.threadId;
    const healed = new Promise<HealingResult>((resolve) => {
      engine.on('heal:done', ({ result }) => resolve(result));
    });
    const monitoring = engine.startMonitoring(0.05);
    worker!.postMessage('not JSON');
    const result = await healed;
    await engine.stopMonitoring();
    await monitoring;

    const after = worker?.threadId ?? -1;
    console.log(
      `Worker ${before} died, worker ${after} runs: ${result.actionTaken} was ${result.outcome} (${result.outcome === 'fixed' ? result.proof : result.error})`,
    );
    await worker?.terminate();
    return { before, after, result };
  } finally {
    await engine.close();
  }
}

if (process.argv[1] === import.meta.filename) await main();
