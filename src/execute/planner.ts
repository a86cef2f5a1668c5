import { parametersOf, type ActionDefinition, type PlanContext, type PlanDraft } from '../actions/define.js';
import type { PlannedJob } from '../actions/effects.js';
import { actionNamed, isBuiltIn, type ActionRegistry } from '../actions/registry.js';
import { clearingLevelOf } from '../detect/disk-clears-at.js';
import type { MountRules } from '../detect/mount-rules.js';
import type { WatchedUnit } from '../detect/services.js';
import type { ThresholdValues } from '../detect/thresholds.js';
import { SelfHealingError } from '../base/errors.js';
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

/** What a plan is made from. */
export interface PlanSources {
  readonly host: Host;
  readonly actions: ActionRegistry;
  readonly thresholds: ThresholdValues;
  /** Levels that file systems have of their own. Default: none. */
  readonly mounts?: MountRules;
  /** The units that may be healed, where they were listed. */
  readonly services: readonly WatchedUnit[];
  readonly guards?: Guards;
  readonly nix?: NixSettings;
  /** Store paths of systems that are never deleted. */
  readonly keep?: readonly string[];
  /** What is on record of the systems that ran here. */
  readonly history?: GenerationHistory;
  /** Returns whether the targets alone refuse a plan: then its effects, which take many reads, are not read. */
  readonly isRefused?: (targets: readonly Target[]) => boolean;
}

const CANNOT_TELL = unknown('this host cannot tell');

/** Makes the plan of an action on this host: what its definition says, and the facts about what it acts on. */
export async function makePlan(
  action: HealingAction,
  parts: PlanSources,
  signal: AbortSignal,
  earlier: readonly StepReport[] = [],
): Promise<Plan> {
  const { guards = DEFAULT_GUARDS, nix = nixSettings(), keep = [] } = parts;
  const definition = await actionNamed(action.action, parts.actions);
  const parameters = parametersOf(definition, action.parameters);
  // What the action reads of its units are the facts that the gates judge: both are of one moment.
  const known = new Map<string, UnitReading>();
  const context: PlanContext = {
    read: async (request) => {
      const snapshot = await parts.host.read({ ...request, signal });
      if (!isUnknown(snapshot.units)) for (const unit of snapshot.units.asked) known.set(unit.name, unit);
      return snapshot;
    },
    unitMemory: async (unit) => (await parts.host.unitMemory?.(unit, signal)) ?? CANNOT_TELL,
    unitChanges: async (from, to) => (await parts.host.unitChanges?.(from, to, signal)) ?? CANNOT_TELL,
    systemIdentity: async (path) => (await parts.host.systemIdentity?.(path, signal)) ?? CANNOT_TELL,
    preSwitchCheck: async (path) => {
      const answer = await parts.host.preSwitchCheck?.(path, signal);
      // `null` is an answer, too.
      return answer === undefined ? CANNOT_TELL : answer;
    },
    history: parts.history ?? NO_HISTORY,
    ownUnit: ownUnit(),
    nixActivity: async () => (await parts.host.nixActivity?.(signal)) ?? CANNOT_TELL,
    thresholds: parts.thresholds,
    diskClearsAt: (mount) => clearingLevelOf(mount, parts.thresholds.diskPercent, parts.mounts),
    services: parts.services,
    ...{ guards, nix, keep, earlier },
    signal,
  };
  const draft = await definition.plan(parameters, context);
  expectDraft(action.action, draft);
  const names = [...new Set([...draft.targets, ...draft.steps.flatMap(namedBy)])];
  const units = await readUnits(names.filter(isUnitName), parts.host, signal, known);
  const targets = names.map((name) => units.get(name) ?? { kind: 'plain' as const, id: name });
  const jobs = parts.isRefused?.(targets) ? [] : jobsIn(draft);
  const planned = await planEffects(jobs, parts.host, signal);
  const refusal = draft.refusal ?? (await lackOfOwn(action.action, definition, context)) ?? planned.refusal;
  const listed = new Map(parts.services.map((watched) => [watched.unit, watched]));
  const approval = [draft.approval, effectsApproval(planned.effects, listed)].filter(
    (reason) => reason !== undefined,
  );
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

/** What comes with the library refuses in its plan; an action of somebody's own need not say twice what the host lacks. */
async function lackOfOwn(
  action: string,
  definition: ActionDefinition,
  context: PlanContext,
): Promise<Block | undefined> {
  const sentence = isBuiltIn(action) ? undefined : await definition.unavailable?.(context);
  return sentence === undefined ? undefined : { reason: 'unavailable', sentence };
}

/** An action of a host program's own may forget a part; it is told so by name. */
function expectDraft(action: string, draft: PlanDraft): void {
  const complete =
    Array.isArray(draft?.targets) && Array.isArray(draft?.steps) && typeof draft?.effect === 'string';
  if (complete) {
    expectStrings(`${action}: targets`, draft.targets);
    return draft.steps.forEach((step, index) => expectStep(`${action}: steps[${index}]`, step));
  }
  throw new SelfHealingError(
    'invalid-argument',
    `The plan of \`${action}\` lacks \`targets\`, \`steps\` or \`effect\`: its \`plan\` must return all three`,
  );
}

/** The jobs of a plan. A unit that it names without a `systemctl` of its own may be restarted by any step. */
function jobsIn({ targets, steps, generation }: PlanDraft): PlannedJob[] {
  // What a switch does to units is up to the system that it switches to.
  if (steps.length === 0 || generation !== undefined) return [];
  const named = new Set(steps.flatMap(namedBy));
  const others = targets.filter((name) => isUnitName(name) && !named.has(name));
  return [...steps.flatMap(jobsOf), ...others.map((unit) => ({ verb: 'restart' as const, unit }))];
}

/** Reads the units among the targets of a plan again. */
export async function readTargets(
  targets: readonly Target[],
  host: Host,
  signal: AbortSignal,
): Promise<readonly Target[]> {
  const names = targets.flatMap(({ kind, id }) => (kind === 'plain' ? [] : [id]));
  const units = await readUnits(names, host, signal);
  return targets.map((target) => units.get(target.id) ?? target);
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

/** A member is listed with the unit that speaks for it, and a socket with its service. */
function listedThrough({ id, memberOf, triggers }: UnitReading): Pick<UnitTarget, 'listedThrough'> {
  const through = [...memberOf, ...(id.endsWith('.socket') ? triggers : [])];
  return through.length === 0 ? {} : { listedThrough: Object.freeze(through) };
}

const withinLimit = (step: Step, { timeoutMs }: ActionDefinition): Step =>
  Object.freeze({ ...step, timeoutMs: Math.min(step.timeoutMs, timeoutMs) });
