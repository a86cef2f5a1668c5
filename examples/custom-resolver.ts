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

/** Picks the action for one service, and leaves everything else to the built-in resolver. */
class CustomResolver extends SimpleResolver {
  override getAction(issue: Issue): HealingAction {
    if (issue.component === 'my_special_service') {
      return { action: 'custom_restart', parameters: { service: issue.component, waitTime: 10 } };
    }
    return super.getAction(issue);
  }
}

/** Defines `custom_restart`. Without it, the result would be `failed`: no action of that name is registered. */
const customRestart = defineAction({
  parse({ service, waitTime }) {
    if (typeof service !== 'string' || !/^\w+$/.test(service))
      throw new TypeError('`service` must be a name');
    if (typeof waitTime !== 'number' || !(waitTime > 0)) throw new TypeError('`waitTime` must be seconds');
    return { service, waitTime };
  },
  plan: ({ service, waitTime }) => ({
    targets: [service],
    effect: `${service} is restarted by its own control program, which waits ${waitTime} s for it`,
    steps: [
      {
        kind: 'command',
        // Program and arguments, each a separate string: no shell is involved.
        argv: ['my-special-ctl', 'restart', '--wait', String(waitTime), service],
        needsRoot: false,
        timeoutMs: (waitTime + 5) * 1_000,
        interruptible: true,
      },
    ],
  }),
  verify: verifyByCheck,
  scope: 'host',
  risk: 'disruptive',
  timeoutMs: 60_000,
});

/** Checks the service. A real check would send a request; this one is always bad. */
const check: Check = {
  name: 'special',
  component: 'my_special_service',
  type: IssueType.SERVICE,
  run: () => ({ status: 'bad', reason: 'my_special_service does not answer', value: 0, threshold: 1 }),
};

/** Repairs `my_special_service` in a dry run: the plan is shown, nothing is started. */
export async function main(): Promise<readonly HealingResult[]> {
  const engine = createSelfHealingEngine({
    dryRun: true,
    resolver: new CustomResolver(),
    actions: { custom_restart: customRestart },
    checks: [check],
    enabledChecks: ['special'],
  });
  try {
    const results = await engine.detectAndHeal();
    for (const { actionTaken, plan, error } of results)
      console.log(`${actionTaken}: ${error ?? plan?.effect}`);
    return results;
  } finally {
    await engine.close();
  }
}

if (process.argv[1] === import.meta.filename) await main();
