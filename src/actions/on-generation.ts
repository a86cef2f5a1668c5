import { readFileSync } from 'node:fs';
import { isCrashLooping } from '../detect/services.js';
import type { NixosReading, SystemIdentity } from '../model/nixos-reading.js';
import { isUnknown, unknown, type Reading } from '../model/reading.js';
import type { UnitReading } from '../model/unit.js';
import type { Block, CommandStep, PlannedGeneration } from '../model/plan.js';
import {
  verifyByCheck,
  type CapabilityContext,
  type PlanContext,
  type UndoContext,
  type Verification,
  type VerifyContext,
} from './define.js';
import { unavailable } from './on-service.js';

/** Profile whose newest entry boots next. */
const SYSTEM_PROFILE = '/nix/var/nix/profiles/system';

/** Returns the step that makes a system the newest entry of the profile; without effect if it is that already. */
export const setProfile = (to: string): CommandStep => ({
  kind: 'command',
  argv: ['nix-env', '--profile', SYSTEM_PROFILE, '--set', to],
  needsRoot: true,
  timeoutMs: 2 * 60_000,
  interruptible: false,
});

/** Returns the system that the profile is set back to when a switch to `to` changed nothing else. */
export const profileBefore = (to: string, { profile, running }: KnownSystems): string =>
  isUnknown(profile) || profile.path === to ? running.path : profile.path;

/** Systems of a NixOS host whose running system is known. */
export type KnownSystems = NixosReading & { readonly running: SystemIdentity };

export async function readSystems({ read }: Pick<PlanContext, 'read'>): Promise<Reading<KnownSystems>> {
  const { system } = await read({ parts: ['system'] });
  if (isUnknown(system)) return system;
  const { nixos } = system;
  if (isUnknown(nixos)) return nixos;
  const { running } = nixos;
  return isUnknown(running) ? running : { ...nixos, running };
}

/** Block for an action that cannot change the running system, with the action's own words before the reason. */
export const withoutSystems =
  (words: string) =>
  async ({ read }: CapabilityContext): Promise<string | undefined> => {
    const systems = await readSystems({ read });
    return isUnknown(systems) ? `${words}: ${systems.unknown}` : undefined;
  };

/** Returns a block while the running system must not be changed. */
export async function changeBlock({
  nixActivity,
}: Pick<PlanContext, 'nixActivity'>): Promise<Block | undefined> {
  const activity = await nixActivity();
  if (isUnknown(activity))
    return unavailable(`Whether a switch is under way is not known: ${activity.unknown}`);
  return activity.switching === null ? undefined : { reason: 'in-transition', sentence: activity.switching };
}

/** Returns the full names of failed units: those discovered, and those requested. */
export async function failingNow(
  units: readonly string[],
  { read }: Pick<PlanContext, 'read'>,
): Promise<Reading<readonly string[]>> {
  const found = await readAll(units, { read });
  if (isUnknown(found)) return found;
  const failing = [...found.troubled, ...found.asked].filter(fails).map(({ id }) => id);
  return [...new Set(failing)].sort();
}

const readAll = async (units: readonly string[], { read }: Pick<PlanContext, 'read'>) =>
  (await read({ parts: ['units'], units, discover: true })).units;

const fails = (unit: UnitReading): boolean => unit.activeState === 'failed' || isCrashLooping(unit);

/** Returns whether a unit to repair does not run. `failed` is not enough: `reset-failed` clears it. */
const isDown = (unit: UnitReading): boolean => fails(unit) || unit.activeState === 'inactive';

/**
 * Verifies a change of the running system by its units, whatever the switch printed: those to repair are active and stay
 * so in the same run. More failed units than before make it worse.
 */
export async function verifyGeneration(context: VerifyContext): Promise<Verification> {
  const { generation } = context.plan;
  if (generation === undefined) return { status: 'unknown', reason: 'Where it was to lead is not known' };
  const systems = await readSystems(context);
  if (isUnknown(systems)) return { status: 'unknown', reason: systems.unknown };
  if (generation.verb === 'boot') return verifyStaged(generation, systems);
  if (generation.to !== null && systems.running.path !== generation.to) {
    return { status: 'ineffective', reason: `${systems.running.path} runs, not ${generation.to}` };
  }
  const first = await readAll(generation.units, context);
  await context.settle();
  const second = await readAll(generation.units, context);
  if (isUnknown(first)) return { status: 'unknown', reason: first.unknown };
  if (isUnknown(second)) return { status: 'unknown', reason: second.unknown };
  const down = [...second.troubled.filter(fails), ...second.asked.filter(isDown)];
  const failing = [...new Set(down.map(({ id }) => id))].sort();
  const where = `in ${systems.running.path}`;
  if (failing.length > generation.failing.length) {
    const others = failing.filter((unit) => !generation.failing.includes(unit));
    const reason = `${failing.length} units fail ${where}, and ${generation.failing.length} did before: ${others.join(', ')}`;
    return { status: 'ineffective', reason, worse: true };
  }
  const lame = second.asked.find((unit, index) => !stays(first.asked[index], unit));
  if (lame)
    return { status: 'ineffective', reason: `${lame.id} is ${lame.activeState} ${where}`, worse: false };
  if (generation.units.length === 0) return { ...(await verifyByCheck({}, context)), worse: false };
  const reason = `${generation.units.join(', ')} is active ${where}, and in the same run after the settle time`;
  return { status: 'fixed', reason };
}

const stays = (first: UnitReading | undefined, second: UnitReading): boolean =>
  first?.activeState === 'active' &&
  second.activeState === 'active' &&
  first.invocationId === second.invocationId &&
  !fails(second);

function verifyStaged({ to }: PlannedGeneration, { profile }: KnownSystems): Verification {
  if (isUnknown(profile)) return { status: 'unknown', reason: profile.unknown };
  if (profile.path !== to)
    return { status: 'ineffective', reason: `${profile.path} is what boots next, not ${to ?? ''}` };
  const reason = `${to} is what boots next: restart the host, and it is looked at then`;
  return { status: 'pending-reboot', reason };
}

/** Rolls back to the system before the last change. */
export async function undoChange({ execute }: UndoContext): Promise<void> {
  const { outcome, error } = await execute({ action: 'rollback_generation', parameters: { undo: true } });
  if (outcome !== 'executed') throw new Error(error ?? 'it was not carried out');
}

/** Returns why a system needs a reboot: kernel and modules stay the same until then. */
export async function needsBoot(
  to: string,
  { booted, running }: KnownSystems,
  { systemIdentity, preSwitchCheck }: Pick<PlanContext, 'systemIdentity' | 'preSwitchCheck'>,
): Promise<{ readonly why?: string; readonly note?: string }> {
  const target = await systemIdentity(to);
  if (isUnknown(target)) return { why: `its kernel is not known: ${target.unknown}` };
  if (isUnknown(booted)) return { why: `the kernel that was booted is not known: ${booted.unknown}` };
  if (target.kernel !== booted.kernel)
    return { why: `its kernel is ${target.kernel ?? 'none'}, and ${booted.kernel ?? 'none'} was booted` };
  if (target.modules !== booted.modules) return { why: 'its kernel modules are not those that were booted' };
  if (initInterfaceOf(to) !== initInterfaceOf(running.path))
    return { why: 'its `init` is not compatible with the one that runs' };
  const refused = await preSwitchCheck(to);
  // The switch runs the checks itself. Running them now would take its lock.
  if (isUnknown(refused))
    return { note: 'The switch runs the checks of the target itself, before it changes anything' };
  return refused === null ? {} : { why: `its own check refuses a switch: ${refused}` };
}

/** Returns the version of the interface between `init` and `switch-to-configuration`; empty if a system has none. */
function initInterfaceOf(system: string): string {
  try {
    return readFileSync(`${system}/init-interface-version`, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Returns the generation before the running one by number: a guess for hosts without a record. */
export function numberBefore({ running, generations }: KnownSystems): Reading<string> {
  if (isUnknown(generations)) return generations;
  const current = generations.findLastIndex(({ path }) => path === running.path);
  const before = generations
    .slice(0, current === -1 ? undefined : current)
    .findLast(({ path }) => !isUnknown(path) && path !== running.path);
  if (before === undefined || isUnknown(before.path)) return unknown('no other generation is kept');
  return before.path;
}
