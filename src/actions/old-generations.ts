import type { GenerationReading, NixosReading } from '../model/nixos-reading.js';
import { isUnknown, type Reading } from '../model/reading.js';
import type { CommandStep } from '../model/plan.js';

const PROFILE = '/nix/var/nix/profiles/system';

/** Rules for deleting generations. */
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
