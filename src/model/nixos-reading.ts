import type { Reading } from './reading.js';

/** One built NixOS system, by its place in the store. */
export interface SystemIdentity {
  /** Its real path in the store. */
  readonly path: string;
  /** Real path of its kernel; `null` where it has none, as in a container. */
  readonly kernel: string | null;
  /** Real path of its kernel modules; `null` where it has none. */
  readonly modules: string | null;
}

/** One generation of the system profile. Two numbers may have one path. */
export interface GenerationReading {
  readonly number: number;
  /** Real path in the store; unknown where the link leads nowhere. */
  readonly path: Reading<string>;
  /** When the link was made, in milliseconds since the epoch. A rollback leaves it as it was. */
  readonly linkedAt: number;
}

/** The systems of a NixOS host. */
export interface NixosReading {
  /** What runs: `/run/current-system`. */
  readonly running: Reading<SystemIdentity>;
  /** What was booted, whose kernel runs: `/run/booted-system`. */
  readonly booted: Reading<SystemIdentity>;
  /** What the boot menu's default entry is made from: `/nix/var/nix/profiles/system`. Ahead of `running` after `nixos-rebuild boot`. */
  readonly profile: Reading<{ readonly number: number; readonly path: string }>;
  /** Every generation that is kept, by ascending number. */
  readonly generations: Reading<readonly GenerationReading[]>;
  /** When the running system was switched to or booted, in milliseconds since the epoch. */
  readonly switchedAt: Reading<number>;
  /** Name of the specialisation that runs; `null` when none does. */
  readonly specialisation: Reading<string | null>;
}

/** What changes the system or the store at this moment, one sentence each; `null` where nothing does. */
export interface NixActivity {
  /** A switch of the system, or of its profile. */
  readonly switching: string | null;
  /** A build, a download into the store, or a garbage collection. */
  readonly building: string | null;
}
