import type { GenerationReading, NixosReading } from '../model/nixos-reading.js';
import { tierOf } from '../host/tier.js';
import { isUnknown, unknown, type Reading } from '../model/reading.js';
import type { CommandStep } from '../model/plan.js';
import type { PlanContext } from './define.js';

const PROFILE = '/nix/var/nix/profiles/system';

export interface OldAge {
  /** Minimum age, in milliseconds. */
  readonly ms: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Store paths that are kept, besides the running, the booted and the next system. */
  readonly keep: readonly string[];
}

/**
 * Returns the generations that are old enough to be deleted. Every number of the running, the booted and the next system
 * and of those in `keep` is kept; unknown if any of these is unknown.
 */
export function oldGenerations(
  { running, booted, profile, generations }: NixosReading,
  { ms, now, keep }: OldAge,
): Reading<readonly GenerationReading[]> {
  for (const reading of [running, booted, profile, generations]) if (isUnknown(reading)) return reading;
  if (isUnknown(running) || isUnknown(booted) || isUnknown(profile) || isUnknown(generations)) return [];
  const kept = new Set([running.path, booted.path, profile.path, ...keep]);
  return generations.filter(
    ({ path, linkedAt }) => !isUnknown(path) && !kept.has(path) && now - linkedAt > ms,
  );
}

/** Returns steps that delete generations and remove them from the boot menu. */
export function deleteGenerations(generations: readonly GenerationReading[], nixEnv: string): CommandStep[] {
  const numbers = generations.map(({ number }) => String(number));
  const common = { kind: 'command', needsRoot: true, interruptible: false } as const;
  return [
    {
      ...common,
      argv: [nixEnv, '--profile', PROFILE, '--delete-generations', ...numbers],
      timeoutMs: 60_000,
    },
    { ...common, argv: [`${PROFILE}/bin/switch-to-configuration`, 'boot'], timeoutMs: 5 * 60_000 },
  ];
}

/** Only the engine has a record of the generations that may be needed, which the root helper does not trust. */
const THROUGH_HELPER =
  'this program is not root, and the root helper deletes no generations: on NixOS use `nix.gc.options`';

/** Returns the generations that may be deleted; none after an earlier run deleted them, or without `deleteOlderThan`. */
export async function generationsToDelete({ read, nix, keep, earlier }: PlanContext) {
  if (nix.deleteOlderThan === undefined) return [];
  if (process.getuid?.() !== 0 && tierOf(process.env) === 'service') return unknown(THROUGH_HELPER);
  if (earlier.some(({ step }) => step.includes(' --delete-generations '))) return [];
  const { system, timestamp } = await read({ parts: ['system'] });
  const nixos = isUnknown(system) ? system : system.nixos;
  if (isUnknown(nixos)) return nixos;
  return oldGenerations(nixos, { ms: nix.deleteOlderThan.ms, now: timestamp, keep });
}

/** Returns which generations are deleted next if collecting garbage is not enough, as a note. */
export function nextAfterGarbage(old: Reading<readonly GenerationReading[]>, age: string): string {
  if (isUnknown(old)) return `No generation is deleted: ${old.unknown}`;
  if (old.length === 0) return `No generation older than ${age} may be deleted`;
  const numbers = old.map(({ number }) => number).join(', ');
  return `If that is not enough: system generations ${numbers}, older than ${age}, are deleted, the boot menu is updated, and garbage is collected again`;
}
