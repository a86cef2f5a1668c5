import type { ActionDefinition, PlanContext, PlanDraft } from '../actions/define.js';
import type { WatchedUnit } from '../detect/services.js';
import { unknown } from '../model/reading.js';
import { NO_HISTORY } from '../memory/generations.js';
import { DEFAULT_GUARDS } from '../model/guards.js';
import { Severity, type Issue } from '../model/issue.js';
import { nixSettings } from '../model/nix-options.js';
import type { Plan, Step } from '../model/plan.js';
import {
  conformance,
  insist,
  isList,
  isObject,
  isText,
  mustNotFail,
  describeValue,
  type ConformanceCase,
  type Make,
} from './conformance.js';
import { fakeHost, type FakeHost } from './fake-host.js';
import { insistOnStep } from './plan-rules.js';
import { unknownSnapshot } from './snapshot.js';

/** What an {@link actionConformance} needs to know. */
export interface ActionConformanceOptions {
  /** Parameters as a resolver would give them. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Parameters that must be refused. */
  readonly refused?: readonly Readonly<Record<string, unknown>>[];
  /** The host for which plans are made. Default: a healthy fake one. */
  readonly host?: () => FakeHost;
  /** The units that may be healed. Default: none are listed. */
  readonly services?: readonly WatchedUnit[];
  /** Tells how whatever the action could change is now, as text: planning must leave it as it is. */
  readonly observe?: () => string | Promise<string>;
}

/** What every `ActionDefinition` promises. The cases plan and verify; they carry nothing out. */
export function actionConformance<Parameters>(
  make: Make<ActionDefinition<Parameters>>,
  { parameters, refused = [], host = fakeHost, services = [], observe }: ActionConformanceOptions,
): ConformanceCase[] {
  const planOn = (definition: ActionDefinition<Parameters>, on: FakeHost): Promise<PlanDraft> =>
    mustNotFail('`plan`', () => definition.plan(definition.parse(parameters), contextOf(on, services)));

  return conformance(make, {
    async '`parse` takes what a resolver gives, and refuses what cannot be meant'(definition) {
      await mustNotFail('`parse`', () => definition.parse(parameters));
      for (const given of refused) {
        let taken = true;
        try {
          definition.parse(given);
        } catch {
          taken = false;
        }
        insist(!taken, `\`parse\` took ${describeValue(given)}, which it must refuse`);
      }
    },
    async '`plan` gives targets, steps and the expected effect'(definition) {
      insistOnDraft(await planOn(definition, host()));
    },
    async '`plan` changes nothing, and gives the same twice'(definition) {
      const [on, before] = [host(), await observe?.()];
      const [one, other] = [
        JSON.stringify(await planOn(definition, on)),
        JSON.stringify(await planOn(definition, on)),
      ];
      insist((await observe?.()) === before, '`plan` changed something');
      insist(one === other, `The plan was ${one}, and then ${other}`);
    },
    async 'where nothing can be read `plan` answers all the same'(definition) {
      const { mounts, units, cpu, memory, load, pressure, system } = unknownSnapshot();
      const blind = fakeHost({
        mounts,
        cpu,
        memory,
        load,
        pressure,
        system,
        units: units as { unknown: string },
      });
      insistOnDraft(await planOn(definition, blind));
    },
    async '`verify` tells what it saw, when the trouble is gone, is still there, and is not known'(
      definition,
    ) {
      for (const status of ['ok', 'bad', 'unknown'] as const) {
        const on = host();
        const { targets: _targets, ...draft } = await planOn(definition, on);
        const plan: Plan = {
          action: 'tried',
          parameters,
          scope: 'host',
          risk: 'reversible',
          targets: [],
          notes: [],
          ...draft,
        };
        const verdict = {
          status,
          reason: `it is ${status}`,
          check: 'tried',
          component: 'tried',
          type: 'resource',
        } as const;
        const seen = await mustNotFail('`verify`', () =>
          definition.verify(definition.parse(parameters), {
            ...contextOf(on, services),
            issue: ISSUE,
            plan,
            before: { ...verdict, status: 'bad' },
            proof: () => Promise.resolve({ status: PROOF[status], reason: verdict.reason }),
            inspect: () => Promise.resolve(verdict),
            steps: [],
            settle: () => Promise.resolve(),
          }),
        );
        insist(
          ['fixed', 'ineffective', 'unknown'].includes(seen.status),
          `\`verify\` gave ${describeValue(seen)}`,
        );
        insist(isText(seen.reason), `\`verify\` said ${seen.status} without saying what it saw`);
      }
    },
  });
}

const PROOF = { ok: 'fixed', bad: 'ineffective', unknown: 'unknown' } as const;

const ISSUE: Issue = Object.freeze({
  type: 'resource',
  severity: Severity.HIGH,
  description: 'Something was tried',
  component: 'tried',
  metricValue: 1,
  threshold: 0,
  timestamp: new Date(0),
});

const NOBODY_SAID = unknown('nobody said');

const contextOf = (host: FakeHost, services: readonly WatchedUnit[]): PlanContext => ({
  read: (request) => Promise.resolve(host.read(request)),
  preSwitchCheck: async (path) => (await host.preSwitchCheck?.(path)) ?? { unknown: 'nobody said' },
  history: NO_HISTORY,
  ownUnit: null,
  unitMemory: async (unit) => (await host.unitMemory?.(unit)) ?? NOBODY_SAID,
  unitChanges: async (from, to) => (await host.unitChanges?.(from, to)) ?? NOBODY_SAID,
  systemIdentity: async (path) => (await host.systemIdentity?.(path)) ?? NOBODY_SAID,
  nixActivity: async () => (await host.nixActivity?.()) ?? NOBODY_SAID,
  services,
  diskClearsAt: () => 85,
  guards: DEFAULT_GUARDS,
  nix: nixSettings(),
  keep: [],
  earlier: [],
  thresholds: { cpuPercent: 80, memoryPercent: 85, diskPercent: 90, loadAverage: undefined },
  signal: new AbortController().signal,
});

function insistOnDraft(draft: PlanDraft): void {
  insist(isObject(draft), `\`plan\` gave ${describeValue(draft)}`);
  const { targets, effect, refusal } = draft;
  const steps: readonly Step[] = draft.steps;
  insist(Array.isArray(targets) && targets.every(isText), '`plan` gave no list of targets');
  insist(targets.length > 0, '`plan` named no target: an empty list means that there is nothing to do');
  insist(isList(steps), '`plan` gave no list of steps');
  for (const step of steps) insistOnStep(step, '`plan`');
  insist(isText(effect), '`plan` did not say what it is expected to do');
  insist(
    refusal === undefined || isText(refusal.sentence),
    '`plan` refused without a sentence that says why',
  );
  insist(
    steps.length > 0 || refusal !== undefined,
    '`plan` gave neither a step nor a reason for giving none',
  );
}
