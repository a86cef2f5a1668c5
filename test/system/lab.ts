import type {
  ComponentVerdict,
  Execution,
  Explanation,
  HealingAction,
  HealingOptions,
  HealingResult,
  IssueInput,
  Metrics,
} from '@luminous-nix/self-healing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { bootTestHost, type BootOptions } from './host/boot.js';
import { findTraces } from './host/leftovers.js';
import { missingRequirements } from './host/requirements.js';
import type { RunOptions, TestHost } from './host/TestHost.js';

/** Commands of the program `drive.mjs`, and their parameters. */
export interface Asked {
  readonly detectAndHeal: number | undefined;
  readonly healIssue: IssueInput;
  readonly healIssuesBatch: readonly IssueInput[];
  readonly inspect: string | undefined;
  readonly explain: string | undefined;
  readonly approve: undefined;
  readonly execute: HealingAction & { readonly dryRun?: boolean };
  readonly monitor: {
    readonly interval: number;
    readonly damage?: readonly string[];
    readonly forMs: number;
  };
  readonly run: readonly string[];
  readonly sleep: number;
  readonly isOnTheBus: undefined;
}

/** Result of `drive.mjs`, parsed from JSON: dates are strings. */
export interface Answered {
  readonly detectAndHeal: HealingResult[];
  readonly healIssue: HealingResult;
  readonly healIssuesBatch: HealingResult[];
  readonly inspect: ComponentVerdict[];
  readonly explain: Explanation[];
  readonly approve: HealingResult | null;
  readonly execute: Execution;
  readonly monitor: Monitored;
  readonly run: string;
  readonly sleep: null;
  readonly isOnTheBus: boolean;
}

interface Monitored {
  readonly cycles: number;
  /** Number of the cycle that opened the first issue; 0 if none did. */
  readonly openedInCycle: number;
  readonly results: readonly HealingResult[];
  readonly blocked: readonly { readonly blockedBy: string; readonly error: string }[];
  readonly metrics: Metrics;
}

type StepName = keyof Asked;
export type Step = { [Name in StepName]: readonly [name: Name, argument?: Asked[Name]] }[StepName];
type AnswersTo<Steps extends readonly Step[]> = { [Index in keyof Steps]: Answered[Steps[Index][0]] };

/** Options of the engine inside. */
export interface Setup extends Pick<RunOptions, 'user' | 'env' | 'timeoutMs'> {
  /** Options of the engine, which override {@link QUICK}. */
  readonly options?: HealingOptions;
  /** Ready-made checks, as in the configuration of the daemon; then only these run. */
  readonly checks?: Readonly<Record<string, object>>;
  /** Action of the resolver for every issue. Default: the default resolver. */
  readonly resolve?: HealingAction;
  /** Custom actions: one program each. */
  readonly commands?: Readonly<
    Record<
      string,
      { readonly argv: readonly string[]; readonly timeoutMs: number; readonly targets?: readonly string[] }
    >
  >;
}

/** Checks services only, and shortens the settle time from 3 s to 0.3 s; one test of nginx uses the defaults. */
const QUICK: HealingOptions = { enabledChecks: ['services'], guards: { settleMs: { service: 300 } } };

/** Paths inside of the built package, and of the programs of these tests. */
export const PROGRAMS = '/repo/test/system/programs';

/** A test host, and an engine in it. */
export class Lab {
  #host: TestHost | undefined;
  readonly #units = new Set<string>();

  get host(): TestHost {
    if (this.#host === undefined) throw new Error('The test host is up only while the tests run');
    return this.#host;
  }

  async open(boot?: BootOptions): Promise<void> {
    this.#host = await bootTestHost(boot);
  }

  /** Removes the units of a test. */
  async tidy(): Promise<void> {
    if (this.#units.size === 0) return;
    const units = [...this.#units].map((unit) => unit.replace('@.', '@*.'));
    this.#units.clear();
    const quietly = (...argv: string[]) => this.host.run(argv, { allowFailure: true });
    await quietly('systemctl', 'kill', '--signal=KILL', ...units);
    await quietly('systemctl', 'disable', '--now', ...units);
    await quietly('sh', '-c', 'rm -rf /lib/systemd/system/test-* /etc/systemd/system/*test-* /run/test-*');
    await quietly('systemctl', 'daemon-reload');
    await quietly('systemctl', 'reset-failed');
  }

  /**
   * Writes a service named `test-NAME.service` that multi-user.target wants, and returns its name without suffix.
   * `lines` are those of its `[Service]` section; `[Unit]` and other sections may precede them.
   */
  async service(name: string, lines: string, before = ''): Promise<string> {
    const install = before.includes('[Install]') ? '' : '[Install]\nWantedBy=multi-user.target\n';
    const unit = await this.unit(`${name}.service`, `${before}\n[Service]\n${lines}\n${install}`);
    if (!unit.includes('@.')) await this.host.systemctl('enable', '--quiet', unit);
    return unit.replace('.service', '');
  }

  /** Writes a unit named `test-NAME`, and returns its name. It is stopped and removed after the test. */
  async unit(name: string, content: string): Promise<string> {
    const unit = this.takeBack(`test-${name}`);
    await this.host.writeUnit(unit, content);
    return unit;
  }

  /** Also stops and removes a unit after the test that was created in another way. Returns its name. */
  takeBack(unit: string): string {
    this.#units.add(unit);
    return unit;
  }

  /** Returns one property of a unit, as systemd reports it. */
  show(property: string, unit: string): Promise<string> {
    return this.host.systemctl('show', `--property=${property}`, '--value', unit);
  }

  /** Waits until a unit is in an active state. */
  async until(state: string, unit: string): Promise<void> {
    await this.host.waitFor(
      `${unit} to be ${state}`,
      async () => (await this.show('ActiveState', unit)) === state,
    );
  }

  /** Starts a unit whose start may fail, without waiting. */
  async start(unit: string): Promise<void> {
    await this.host.systemctl('start', '--no-block', unit);
  }

  /** Kills all processes of a unit, and waits until systemd reports `failed`. */
  async kill(unit: string): Promise<void> {
    await this.host.systemctl('kill', '--signal=KILL', unit);
    await this.until('failed', unit);
  }

  /** Identifies the run of each unit, which changes with a restart. */
  async runs(...units: string[]): Promise<string[]> {
    return Promise.all(units.map((unit) => this.show('InvocationID', unit)));
  }

  /** Returns the number of systemd jobs since the boot: every start, stop or reload of a unit is one. */
  async jobs(): Promise<number> {
    return Number(await this.host.systemctl('show', '--property=NInstalledJobs', '--value'));
  }

  /** Runs some steps with one engine inside, and returns the result of each. Rejects if the engine refuses one. */
  async drive<const Steps extends readonly Step[]>(
    steps: Steps,
    setup: Setup = {},
  ): Promise<AnswersTo<Steps>> {
    const { options, resolve, commands, checks, ...as } = setup;
    const input = JSON.stringify({ options: { ...QUICK, ...options }, resolve, commands, checks, steps });
    const { stdout } = await this.host.node([`${PROGRAMS}/drive.mjs`], { ...as, input });
    const { answers, rejected } = JSON.parse(stdout) as { answers: AnswersTo<Steps>; rejected?: string };
    if (rejected !== undefined) throw new Error(rejected);
    return answers;
  }

  /** Runs one cycle of a new engine. */
  async heal(options: HealingOptions = {}, setup: Setup = {}): Promise<HealingResult[]> {
    const [results] = await this.drive([['detectAndHeal']], { ...setup, options });
    return results;
  }

  /** Runs one cycle of a new engine with one listed service. Returns its result, if there was an issue. */
  async healOne(service: string, setup: Setup = {}): Promise<HealingResult> {
    const [result] = await this.heal({ services: [service], ...setup.options }, setup);
    if (result === undefined) throw new Error(`Expected an issue with ${service}, and there was none`);
    return result;
  }

  /** Returns the verdict of a new engine with one listed service. */
  async verdict(service: string, options: HealingOptions = {}): Promise<ComponentVerdict | undefined> {
    const [verdicts] = await this.drive([['inspect']], { options: { services: [service], ...options } });
    return verdicts.find(({ component }) => component === service);
  }

  /** Closes the host, and returns everything that can still be found of it. */
  async close(): Promise<string[]> {
    const host = this.#host;
    await host?.close();
    return host === undefined ? [] : findTraces(host.name);
  }
}

/** Describes tests on a newly booted host, which is removed afterwards. */
export function describeOnHost(title: string, body: (lab: Lab) => void, boot?: BootOptions): void {
  const missing = missingRequirements(boot?.suite);
  if (missing.length > 0) {
    if (process.env['SYSTEM_TESTS_REQUIRED'] === '1') {
      test(title, () => expect.fail(missing.join('\n')));
    } else {
      console.warn(`Skipped: ${title}.\n${missing.join('\n')}`);
      test.skip(title);
    }
    return;
  }
  describe(title, () => {
    const lab = new Lab();
    // A missing image is built first.
    beforeAll(() => lab.open(boot), 600_000);
    afterEach(() => lab.tidy());
    afterAll(async () => {
      expect(await lab.close(), 'traces of the test host on this machine').toEqual([]);
    });
    body(lab);
  });
}

/** Creates an issue like a manual one. */
export const issueWith = (component: string, rest: Partial<IssueInput> = {}): IssueInput => ({
  type: 'service',
  severity: 3,
  description: `${component} has failed`,
  component,
  metricValue: 0,
  threshold: 1,
  ...rest,
});

/** Returns the command lines of a plan. */
export const commandsOf = ({ plan }: Pick<HealingResult, 'plan'> | Pick<Execution, 'plan'>): string[] =>
  plan?.steps.map((step) => (step.kind === 'command' ? step.argv.join(' ') : step.kind)) ?? [];
