import { isObject } from '../base/shape.js';
import type { ActionDefinition, PlanContext, PlanDraft } from '../actions/define.js';
import type { WatchedUnit } from '../detect/services.js';
import { thresholdValues } from '../detect/thresholds.js';
import { unknown } from '../model/reading.js';
import { NO_HISTORY } from '../memory/generations.js';
import { DEFAULT_GUARDS } from '../model/guards.js';
import { Severity, type Issue } from '../model/issue.js';
import { nixSettings } from '../model/nix-options.js';
import type { Plan, Step } from '../model/plan.js';
import { conformance, insist, isList, isText, mustNotFail, format, type Make } from './conformance.js';
import { fakeHost, type FakeHost, type FakeHostParts } from './fake-host.js';
import { insistOnStep } from './plan-rules.js';
import { unknownSnapshot } from './snapshot.js';

/** Options of {@link actionConformance}. */
export interface ActionConformanceOptions {
  /** Valid parameters. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Parameters that must be rejected. */
  readonly refused?: readonly Readonly<Record<string, unknown>>[];
  /** The host for which plans are made. Default: a healthy fake one. */
  readonly host?: () => FakeHost;
  /** Listed units. Default: none. */
  readonly services?: readonly WatchedUnit[];
  /** Returns, as text, the state of what the action could change; planning must not change it. */
  readonly observe?: () => string | Promise<string>;
}

/** Returns tests for an `ActionDefinition`. They plan and verify, and execute nothing. */
export function actionConformance<Parameters>(
  make: Make<ActionDefinition<Parameters>>,
  { parameters, refused = [], host = fakeHost, services = [], observe }: ActionConformanceOptions,
) {
  const planOn = (definition: ActionDefinition<Parameters>, on: FakeHost): Promise<PlanDraft> =>
    mustNotFail('`plan`', () => definition.plan(definition.parse(parameters), contextOf(on, services)));

  return conformance(make, {
    async '`parse` accepts valid parameters and rejects invalid ones'(definition) {
      await mustNotFail('`parse`', () => definition.parse(parameters));
      for (const given of refused) {
        let taken = true;
        try {
          definition.parse(given);
        } catch {
          taken = false;
        }
        insist(!taken, `\`parse\` accepted ${format(given)}, which it must reject`);
      }
    },
    async '`plan` returns targets, steps and the expected effect'(definition) {
      insistOnDraft(await planOn(definition, host()));
    },
    async '`plan` changes nothing and returns the same plan twice'(definition) {
      const [on, before] = [host(), await observe?.()];
      const one = JSON.stringify(await planOn(definition, on));
      const other = JSON.stringify(await planOn(definition, on));
      insist((await observe?.()) === before, '`plan` changed something');
      insist(one === other, `The plan was ${one}, and then ${other}`);
    },
    async '`plan` returns a plan or a refusal when nothing can be read'(definition) {
      const { timestamp: _timestamp, ...unreadable } = unknownSnapshot();
      insistOnDraft(await planOn(definition, fakeHost(unreadable as FakeHostParts)));
    },
    async '`verify` gives a reason when the issue is gone, persists or is unknown'(definition) {
      for (const status of ['ok', 'bad', 'unknown'] as const) {
        const on = host();
        const plan: Plan = {
          action: 'tried',
          parameters,
          scope: 'host',
          risk: 'reversible',
          notes: [],
          ...(await planOn(definition, on)),
          targets: [],
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
          `\`verify\` returned ${format(seen)}`,
        );
        insist(isText(seen.reason), `\`verify\` returned ${seen.status} without a reason`);
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

const NOT_GIVEN = unknown('not given');

const contextOf = (host: FakeHost, services: readonly WatchedUnit[]): PlanContext => ({
  read: (request) => Promise.resolve(host.read(request)),
  preSwitchCheck: async (path) => (await host.preSwitchCheck?.(path)) ?? { unknown: 'not given' },
  history: NO_HISTORY,
  ownUnit: null,
  unitMemory: async (unit) => (await host.unitMemory?.(unit)) ?? NOT_GIVEN,
  unitChanges: async (from, to) => (await host.unitChanges?.(from, to)) ?? NOT_GIVEN,
  systemIdentity: async (path) => (await host.systemIdentity?.(path)) ?? NOT_GIVEN,
  nixActivity: async () => (await host.nixActivity?.()) ?? NOT_GIVEN,
  services,
  diskClearsAt: () => 85,
  guards: DEFAULT_GUARDS,
  nix: nixSettings(),
  keep: [],
  earlier: [],
  thresholds: thresholdValues(),
  signal: new AbortController().signal,
});

function insistOnDraft(draft: PlanDraft): void {
  insist(isObject(draft), `\`plan\` returned ${format(draft)}`);
  const { targets, effect, refusal } = draft;
  const steps: readonly Step[] = draft.steps;
  insist(Array.isArray(targets) && targets.every(isText), '`plan` returned no list of targets');
  insist(targets.length > 0, '`plan` returned an empty list of targets');
  insist(isList(steps), '`plan` returned no list of steps');
  for (const step of steps) insistOnStep(step, '`plan`');
  insist(isText(effect), '`plan` returned no expected effect');
  insist(refusal === undefined || isText(refusal.sentence), '`plan` returned a refusal without a sentence');
  insist(steps.length > 0 || refusal !== undefined, '`plan` returned neither steps nor a refusal');
}
