import { parametersOf, type ActionDefinition, type PlanContext, type PlanDraft } from '../actions/define.js';
import { actionNamed, isBuiltIn, type ActionRegistry } from '../actions/registry.js';
import { clearingLevelOf } from '../detect/disk.js';
import type { MountRules } from '../detect/mount-rules.js';
import type { WatchedUnit } from '../detect/services.js';
import type { ThresholdValues } from '../detect/thresholds.js';
import { invalid } from '../base/errors.js';
import { effectsApproval } from '../gates/safety.js';
import { expectStrings } from '../base/expect.js';
import { NO_HISTORY, type GenerationHistory } from '../memory/generations.js';
import { DEFAULT_GUARDS, type Guards } from '../model/guards.js';
import type { Host } from '../host/host.js';
import { ownUnit } from '../host/own-unit.js';
import { isUnknown, unknown } from '../model/reading.js';
import { isUnitName } from '../model/unit-name.js';
import type { UnitReading } from '../model/unit.js';
import { nixSettings, type NixSettings } from '../model/nix-options.js';
import type { Block, HealingAction, Plan, Step, Target, UnitTarget } from '../model/plan.js';
import { expectStep } from './expect-step.js';
import { jobsOf, namedBy, planEffects } from './plan-effects.js';
import type { StepReport } from '../model/execution.js';

export interface PlanSources {
  readonly host: Host;
  readonly actions: ActionRegistry;
  readonly thresholds: ThresholdValues;
  /** Levels of single file systems. Default: none. */
  readonly mounts?: MountRules;
  /** Listed units that may be repaired. */
  readonly services: readonly WatchedUnit[];
  readonly guards?: Guards;
  readonly nix?: NixSettings;
  /** Store paths of systems that are never deleted. */
  readonly keep?: readonly string[];
  readonly history?: GenerationHistory;
  /** Returns why a NixOS system refused a switch since the host booted, if it did. */
  readonly refusalOf?: (system: string) => string | undefined;
  /** Returns whether the targets alone refuse a plan: its effects, which take many reads, are not read then. */
  readonly isRefused?: (targets: readonly Target[]) => boolean;
}

const UNSUPPORTED = unknown('this host cannot read it');

/** Makes the plan of an action on this host: the draft of its definition, with its targets and effects. */
export async function makePlan(
  action: HealingAction,
  sources: PlanSources,
  signal: AbortSignal,
  earlier: readonly StepReport[] = [],
): Promise<Plan> {
  const { guards = DEFAULT_GUARDS, nix = nixSettings(), keep = [] } = sources;
  const definition = await actionNamed(action.action, sources.actions);
  const parameters = parametersOf(definition, action.parameters);
  // The gates judge the same readings of the units as the action.
  const known = new Map<string, UnitReading>();
  const context: PlanContext = {
    read: async (request) => {
      const snapshot = await sources.host.read({ ...request, signal });
      if (!isUnknown(snapshot.units)) for (const unit of snapshot.units.asked) known.set(unit.name, unit);
      return snapshot;
    },
    unitMemory: async (unit) => (await sources.host.unitMemory?.(unit, signal)) ?? UNSUPPORTED,
    unitChanges: async (from, to) => (await sources.host.unitChanges?.(from, to, signal)) ?? UNSUPPORTED,
    systemIdentity: async (path) => (await sources.host.systemIdentity?.(path, signal)) ?? UNSUPPORTED,
    preSwitchCheck: async (path) => {
      const earlierRefusal = sources.refusalOf?.(path);
      if (earlierRefusal !== undefined) return earlierRefusal;
      const refusal = await sources.host.preSwitchCheck?.(path, signal);
      // `null` means that nothing refuses the switch.
      return refusal === undefined ? UNSUPPORTED : refusal;
    },
    history: sources.history ?? NO_HISTORY,
    get ownUnit() {
      return ownUnit();
    },
    nixActivity: async () => (await sources.host.nixActivity?.(signal)) ?? UNSUPPORTED,
    thresholds: sources.thresholds,
    diskClearsAt: (mount) => clearingLevelOf(mount, sources.thresholds.diskPercent, sources.mounts),
    services: sources.services,
    ...{ guards, nix, keep, earlier },
    signal,
  };
  const draft = await definition.plan(parameters, context);
  expectDraft(action.action, draft);
  const names = [...new Set([...draft.targets, ...draft.steps.flatMap(namedBy)])];
  const units = await readUnits(names.filter(isUnitName), sources.host, signal, known);
  const targets = names.map((name) => units.get(name) ?? { kind: 'plain' as const, id: name });
  const jobs = sources.isRefused?.(targets) ? [] : jobsIn(draft);
  const planned = await planEffects(jobs, sources.host, signal);
  const refusal =
    draft.refusal ?? (await customRefusal(action.action, definition, context)) ?? planned.refusal;
  const listed = new Map(sources.services.map((watched) => [watched.unit, watched]));
  const reasons = [draft.approval, effectsApproval(planned.effects, listed)];
  const approval = reasons.filter((reason) => reason !== undefined);
  return Object.freeze({
    action: action.action,
    parameters: Object.freeze({ ...(draft.parameters ?? action.parameters) }),
    scope: definition.scope,
    risk: definition.risk,
    targets: Object.freeze(targets),
    steps: Object.freeze(draft.steps.map((step) => withinLimit(step, definition))),
    effects: planned.effects,
    effect: draft.effect,
    ...(draft.undo === undefined ? {} : { undo: draft.undo }),
    ...(draft.generation === undefined ? {} : { generation: Object.freeze({ ...draft.generation }) }),
    ...(draft.restore === undefined ? {} : { restore: draft.restore }),
    ...(draft.baseline === undefined ? {} : { baseline: Object.freeze({ ...draft.baseline }) }),
    notes: Object.freeze([...(draft.notes ?? []), ...planned.notes]),
    ...(refusal === undefined ? {} : { refusal }),
    ...(approval.length === 0 ? {} : { approval: approval.join('; ') }),
  });
}

/** Returns a block for a custom action that is unavailable; built-in actions refuse in their drafts. */
async function customRefusal(
  action: string,
  definition: ActionDefinition,
  context: PlanContext,
): Promise<Block | undefined> {
  const sentence = isBuiltIn(action) ? undefined : await definition.unavailable?.(context);
  return sentence === undefined ? undefined : { reason: 'unavailable', sentence };
}

/** Checks the draft of an action, which may be a custom one. */
function expectDraft(action: string, draft: PlanDraft): void {
  const { targets, steps, effect } = (draft ?? {}) as Partial<PlanDraft>;
  if (!Array.isArray(targets) || !Array.isArray(steps) || typeof effect !== 'string')
    throw invalid(
      `The plan of \`${action}\` lacks \`targets\`, \`steps\` or \`effect\`: its \`plan\` must return all three`,
    );
  expectStrings(`${action}: targets`, targets);
  steps.forEach((step, index) => expectStep(`${action}: steps[${index}]`, step));
}

/** Returns the jobs of a draft. A target that no `systemctl` step names may be restarted by any step. */
function jobsIn({ targets, steps, generation }: Pick<PlanDraft, 'targets' | 'steps' | 'generation'>) {
  // The effects of a switch depend on the new system.
  if (steps.length === 0 || generation !== undefined) return [];
  const named = new Set(steps.flatMap(namedBy));
  const others = targets.filter((name) => isUnitName(name) && !named.has(name));
  return [...steps.flatMap(jobsOf), ...others.map((unit) => ({ verb: 'restart' as const, unit }))];
}

/** Returns a plan with its targets and effects as they are now. */
export async function readAgain(plan: Plan, host: Host, signal: AbortSignal): Promise<Plan> {
  const names = plan.targets.flatMap(({ kind, id }) => (kind === 'plain' ? [] : [id]));
  const jobs = jobsIn({ ...plan, targets: plan.targets.map(({ id }) => id) });
  const [units, { effects, refusal }] = await Promise.all([
    readUnits(names, host, signal),
    planEffects(jobs, host, signal),
  ]);
  const targets = plan.targets.map((target) => units.get(target.id) ?? target);
  return { ...plan, targets, effects, ...(refusal ? { refusal } : {}) };
}

async function readUnits(
  names: readonly string[],
  host: Host,
  signal: AbortSignal,
  known: ReadonlyMap<string, UnitReading> = new Map(),
): Promise<Map<string, Target>> {
  const missing = names.filter((name) => !known.has(name));
  const read = new Map(known);
  let reason = 'it was not read';
  if (missing.length > 0) {
    const { units } = await host.read({ parts: ['units'], units: missing, signal });
    if (isUnknown(units)) reason = units.unknown;
    else for (const unit of units.asked) read.set(unit.name, unit);
  }
  return new Map(
    names.map((id) => {
      const unit = read.get(id);
      return [id, unit ? targetOf(unit) : { kind: 'unreadable', id, reason }];
    }),
  );
}

function targetOf(unit: UnitReading): Target {
  const { id, loadState, activeState, subState, type, transient, job, recentRestarts } = unit;
  return Object.freeze({
    kind: 'unit',
    id,
    names: Object.freeze([...new Set([...unit.names, unit.name])]),
    ...{ loadState, activeState, subState, type, transient, job, recentRestarts },
    wantedBy: Object.freeze([...unit.wantedBy]),
    dragsAlong: Object.freeze([...unit.dragsAlong]),
    needs: Object.freeze([...unit.needs]),
    ...listedThrough(unit),
    ...(unit.cause?.kind === 'dependency' ? { lacksDependency: true } : {}),
  });
}

/** Returns the units with which a unit is listed: a member with its group, a socket with its service. */
function listedThrough({ id, memberOf, triggers }: UnitReading): Pick<UnitTarget, 'listedThrough'> {
  const through = [...memberOf, ...(id.endsWith('.socket') ? triggers : [])];
  return through.length === 0 ? {} : { listedThrough: Object.freeze(through) };
}

const withinLimit = (step: Step, { timeoutMs }: ActionDefinition): Step =>
  Object.freeze({ ...step, timeoutMs: Math.min(step.timeoutMs, timeoutMs) });
