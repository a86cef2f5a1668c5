import { CRASH_LOOP_RESTARTS, inTransition, type WatchedUnits } from '../detect/services.js';
import { watchedAs } from '../detect/watched-units.js';
import type { AffectedUnit, Effects } from '../model/effects.js';
import type { Block, Plan, Target, UnitTarget } from '../model/plan.js';
import { protectedBy } from './protected-units.js';

/** Who may be healed. */
export interface Policy {
  /** The units that were listed, by full name or pattern; `undefined` where there is no list. */
  readonly services: WatchedUnits | undefined;
  /** Names, or prefixes ending in `*`, that are protected besides {@link PROTECTED_UNITS}. */
  readonly protect: readonly string[];
}

/** What the gates are told about the moment, besides the plan. */
export interface SafetyInput {
  /** A host action that is being carried out now, by name. */
  readonly inFlight?: string | undefined;
  /** Why a lock that the act needs cannot be had, as one sentence. */
  readonly lockedBy?: string | undefined;
  /** Whether a person has approved this very plan. */
  readonly approved?: boolean | undefined;
}

/**
 * The safety gates: the first that stands in the way, in the order of `BLOCK_REASONS`. Pure, judged on the
 * plan's targets alone, and the same for the engine, for `executor.execute` called directly, and for the helper
 * that runs as root.
 */
export function judgeSafety(plan: Plan, policy: Policy, situation: SafetyInput = {}): Block | undefined {
  const units = plan.targets.filter((target) => target.kind === 'unit');
  return (
    first(plan.targets, (target) => judgeProtected(target, policy, plan.effects === undefined)) ??
    (plan.effects && judgeEffects(plan.effects, policy)) ??
    (plan.refusal?.reason === 'protected' ? plan.refusal : undefined) ??
    judgeAvailable(plan) ??
    first(units, (unit) => judgeAllowed(unit, policy)) ??
    first(units, judgeTransition) ??
    plan.refusal ??
    judgeSituation(plan, policy, situation)
  );
}

/** Whether the targets of a plan are protected or not allowed, whatever its jobs do to other units. */
export function judgeTargets(targets: readonly Target[], policy: Policy): Block | undefined {
  const units = targets.filter((target) => target.kind === 'unit');
  return (
    first(targets, (target) => judgeProtected(target, policy, false)) ??
    first(units, (unit) => judgeAllowed(unit, policy))
  );
}

const block = (reason: Block['reason'], sentence: string): Block => ({ reason, sentence });

function first<T>(items: readonly T[], judge: (item: T) => Block | undefined): Block | undefined {
  for (const item of items) {
    const found = judge(item);
    if (found) return found;
  }
  return undefined;
}

function judgeProtected(target: Target, { protect }: Policy, wholeTarget: boolean): Block | undefined {
  if (target.kind === 'plain') return undefined;
  for (const name of target.kind === 'unit' ? [target.id, ...target.names] : [target.id]) {
    const rule = protectedBy(name, protect);
    if (rule !== undefined) return block('protected', `${name} is protected (${rule}): it is never acted on`);
  }
  // A plan that does not say what it does to other units may stop all that goes down with its target.
  for (const name of target.kind === 'unit' && wholeTarget ? target.dragsAlong : []) {
    const rule = protectedBy(name, protect);
    if (rule !== undefined) {
      return block('protected', `${target.id} would take ${name} down with it, which is protected (${rule})`);
    }
  }
  return undefined;
}

/** Protected units are out of reach of every job, also of those that systemd adds by itself. */
function judgeEffects({ touches, starts }: Effects, { protect }: Policy): Block | undefined {
  const ruleOf = ({ names }: AffectedUnit): string | undefined =>
    names.map((name) => protectedBy(name, protect)).find((rule) => rule !== undefined);
  for (const unit of touches) {
    const rule = ruleOf(unit) ?? (unit.refuseManualStart ? 'RefuseManualStart=yes' : undefined);
    if (rule === undefined) continue;
    return block('protected', `${unit.id} would be ${unit.how}, which is protected (${rule})`);
  }
  for (const unit of starts) {
    const rule = unit.atBoot ? undefined : ruleOf(unit);
    if (rule !== undefined)
      return block('protected', `${unit.id} would be started, which is protected (${rule})`);
  }
  return undefined;
}

/** Why a person has to approve the effects of a plan, as one sentence. */
export function effectsApproval(
  { touches, emergency }: Effects,
  services: WatchedUnits | undefined,
): string | undefined {
  const unlisted = touches.filter((unit) => services === undefined || !watchedAs(unit, services));
  const reasons = [
    ...unlisted.map(({ id, how }) => `${id} would be ${how} and is not listed in \`services\``),
    ...emergency.map((words) => `systemd may act on the host itself (${words})`),
  ];
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

function judgeAvailable(plan: Plan): Block | undefined {
  if (plan.refusal?.reason === 'unavailable') return plan.refusal;
  // An empty list of targets means nothing to do, never everything.
  if (plan.targets.length === 0)
    return block('unavailable', `The plan of \`${plan.action}\` names no target`);
  const unreadable = plan.targets.find((target) => target.kind === 'unreadable');
  return (
    unreadable && block('unavailable', `The state of ${unreadable.id} is not known: ${unreadable.reason}`)
  );
}

function judgeAllowed(unit: UnitTarget, { services }: Policy): Block | undefined {
  if (services !== undefined) {
    if (watchedAs({ ...unit, memberOf: unit.listedThrough ?? [] }, services)) return undefined;
    return block(
      'not-allowed',
      `${unit.id} is not among the listed services: add it to \`services\` to allow it`,
    );
  }
  const add = 'list it in `services` to allow it';
  if (!unit.id.endsWith('.service')) return block('not-allowed', `${unit.id} is not a service: ${add}`);
  if (unit.loadState !== 'loaded') return block('not-allowed', `${unit.id} is ${unit.loadState}, not loaded`);
  if (unit.transient) return block('not-allowed', `${unit.id} is transient: it has no file to start it from`);
  if (unit.type === 'oneshot')
    return block('not-allowed', `${unit.id} is a oneshot, which is only run on purpose: ${add}`);
  if (unit.wantedBy.length === 0) return block('not-allowed', `No other unit wants ${unit.id}: ${add}`);
  if (unit.activeState !== 'failed' && unit.recentRestarts < CRASH_LOOP_RESTARTS && !isHeldBack(unit)) {
    return block('not-allowed', `${unit.id} is ${unit.activeState}, not failed: ${add}`);
  }
  return undefined;
}

/** A target wants it, and its start ended because another unit could not be started. */
const isHeldBack = ({ lacksDependency, wantedBy }: UnitTarget): boolean =>
  lacksDependency === true && wantedBy.some((name) => name.endsWith('.target'));

function judgeTransition(unit: UnitTarget): Block | undefined {
  if (inTransition(unit)) {
    const job = unit.job === '' ? '' : `, a ${unit.job} job is in progress`;
    return block(
      'in-transition',
      `${unit.id} is ${unit.activeState} (${unit.subState})${job}: left to systemd`,
    );
  }
  if (unit.recentRestarts >= CRASH_LOOP_RESTARTS) {
    const often = `systemd restarted it ${unit.recentRestarts} times within 10 min`;
    return block(
      'in-transition',
      `${unit.id} is in a crash loop (${often}): one restart more would not help`,
    );
  }
  return undefined;
}

function judgeSituation(
  plan: Plan,
  { services }: Policy,
  { inFlight, lockedBy, approved }: SafetyInput,
): Block | undefined {
  if (lockedBy !== undefined) return block('locked', lockedBy);
  if (inFlight !== undefined)
    return block(
      'in-flight',
      `\`${inFlight}\` is under way, or was interrupted and has not been looked at yet`,
    );
  const approval = plan.approval ?? (plan.effects && effectsApproval(plan.effects, services));
  if (approval !== undefined && approved !== true) return block('needs-approval', approval);
  return undefined;
}
