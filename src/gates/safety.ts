import { CRASH_LOOP_RESTARTS, inTransition, type WatchedUnits } from '../detect/services.js';
import { watchedAs } from '../detect/watched-units.js';
import type { AffectedUnit, Effects } from '../model/effects.js';
import type { Block, Plan, Target, UnitTarget } from '../model/plan.js';
import { protectedBy } from './protected-units.js';

/** Units that may be repaired. */
export interface Policy {
  /** Listed units by full name or pattern; `undefined` without a list. */
  readonly services: WatchedUnits | undefined;
  /** Additional protected units: names, or prefixes ending in `*`. */
  readonly protect: readonly string[];
}

/** Input of the safety gates besides the plan. */
export interface SafetyInput {
  /** Host action that is running, or action on the component that is running or was interrupted. */
  readonly inFlight?: string | undefined;
  /** Why a required lock is not available, as one sentence. */
  readonly lockedBy?: string | undefined;
  /** `true` if this exact plan was approved. */
  readonly approved?: boolean | undefined;
}

/**
 * Returns the first safety gate that blocks a plan, in the order of `BLOCK_REASONS`. Pure; the same for the engine, for
 * a direct call of `executor.execute` and for the root helper.
 */
export function judgeSafety(plan: Plan, policy: Policy, input: SafetyInput = {}): Block | undefined {
  const units = plan.targets.filter((target) => target.kind === 'unit');
  return (
    first(plan.targets, (target) => judgeProtected(target, policy, plan.effects === undefined)) ??
    (plan.effects && judgeEffects(plan.effects, policy)) ??
    (plan.refusal?.reason === 'protected' ? plan.refusal : undefined) ??
    judgeAvailable(plan) ??
    first(units, (unit) => judgeAllowed(unit, policy)) ??
    first(units, transitionBlock) ??
    plan.refusal ??
    judgeState(plan, policy, input)
  );
}

/** Returns the block for protected or not allowed targets, regardless of effects on other units. */
export function judgeTargets(targets: readonly Target[], policy: Policy): Block | undefined {
  const units = targets.filter((target) => target.kind === 'unit');
  return (
    first(targets, (target) => judgeProtected(target, policy, false)) ??
    first(units, (unit) => judgeAllowed(unit, policy))
  );
}

const block = (reason: Block['reason'], sentence: string): Block => ({ reason, sentence });

const first = <T>(items: readonly T[], judge: (item: T) => Block | undefined): Block | undefined =>
  items.map(judge).find((found) => found !== undefined);

function judgeProtected(target: Target, { protect }: Policy, wholeTarget: boolean): Block | undefined {
  if (target.kind === 'plain') return undefined;
  for (const name of target.kind === 'unit' ? [target.id, ...target.names] : [target.id]) {
    const rule = protectedBy(name, protect);
    if (rule !== undefined) return block('protected', `${name} is protected (${rule}): it is never acted on`);
  }
  // Without known effects, every unit that stops with the target is assumed to be affected.
  for (const name of target.kind === 'unit' && wholeTarget ? target.dragsAlong : []) {
    const rule = protectedBy(name, protect);
    if (rule !== undefined)
      return block('protected', `${target.id} would take ${name} down with it, which is protected (${rule})`);
  }
  return undefined;
}

/** Blocks jobs on protected units, including those that systemd adds. */
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

/** Returns why the effects of a plan need approval, as one sentence, if they do. */
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
  // An empty list of targets never means all units.
  if (plan.targets.length === 0)
    return block('unavailable', `The plan of \`${plan.action}\` names no target`);
  const unreadable = plan.targets.find((target) => target.kind === 'unreadable');
  return (
    unreadable && block('unavailable', `The state of ${unreadable.id} is not known: ${unreadable.reason}`)
  );
}

function judgeAllowed(unit: UnitTarget, { services }: Policy): Block | undefined {
  const no = (sentence: string): Block => block('not-allowed', `${unit.id} ${sentence}`);
  if (services !== undefined) {
    const isListed = watchedAs({ ...unit, memberOf: unit.listedThrough ?? [] }, services) !== undefined;
    return isListed ? undefined : no('is not among the listed services: add it to `services` to allow it');
  }
  const add = 'list it in `services` to allow it';
  if (!unit.id.endsWith('.service')) return no(`is not a service: ${add}`);
  if (unit.loadState !== 'loaded') return no(`is ${unit.loadState}, not loaded`);
  if (unit.transient) return no('is transient: it has no file to start it from');
  if (unit.type === 'oneshot') return no(`is a oneshot, which is only run on purpose: ${add}`);
  if (unit.wantedBy.length === 0) return block('not-allowed', `No other unit wants ${unit.id}: ${add}`);
  const isBad = unit.activeState === 'failed' || unit.recentRestarts >= CRASH_LOOP_RESTARTS;
  return isBad || isHeldBack(unit) ? undefined : no(`is ${unit.activeState}, not failed: ${add}`);
}

/** Returns whether a target wants it and its start failed because of a dependency. */
const isHeldBack = ({ lacksDependency, wantedBy }: UnitTarget): boolean =>
  lacksDependency === true && wantedBy.some((name) => name.endsWith('.target'));

function transitionBlock(unit: UnitTarget): Block | undefined {
  if (inTransition(unit)) {
    const job = unit.job === '' ? '' : `, a ${unit.job} job is in progress`;
    const state = `${unit.activeState} (${unit.subState})${job}`;
    return block('in-transition', `${unit.id} is ${state}: left to systemd`);
  }
  if (unit.recentRestarts >= CRASH_LOOP_RESTARTS) {
    const often = `systemd restarted it ${unit.recentRestarts} times without a long run in between`;
    return block('in-transition', `${unit.id} is in a crash loop (${often}): another restart would not help`);
  }
  return undefined;
}

function judgeState(
  plan: Plan,
  { services }: Policy,
  { inFlight, lockedBy, approved }: SafetyInput,
): Block | undefined {
  if (lockedBy !== undefined) return block('locked', lockedBy);
  if (inFlight !== undefined)
    return block('in-flight', `\`${inFlight}\` is running, or was interrupted and has not been verified yet`);
  const approval = plan.approval ?? (plan.effects && effectsApproval(plan.effects, services));
  if (approval !== undefined && approved !== true) return block('needs-approval', approval);
  return undefined;
}
