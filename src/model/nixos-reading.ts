import type { Reading } from './reading.js';

/** One built NixOS system, by its store path. */
export interface SystemIdentity {
  /** Real path in the store. */
  readonly path: string;
  /** Real path of its kernel; `null` where it has none, as in a container. */
  readonly kernel: string | null;
  /** Real path of its kernel modules; `null` where it has none. */
  readonly modules: string | null;
}

/** One generation of the system profile. Two numbers may have one path. */
export interface GenerationReading {
  readonly number: number;
  /** Real path in the store; unknown for a broken link. */
  readonly path: Reading<string>;
  /** Creation time of the link, in milliseconds since the epoch. A rollback does not change it. */
  readonly linkedAt: number;
}

/** The systems of a NixOS host. */
export interface NixosReading {
  /** Running system: `/run/current-system`. */
  readonly running: Reading<SystemIdentity>;
  /** Booted system, whose kernel runs: `/run/booted-system`. */
  readonly booted: Reading<SystemIdentity>;
  /** Default of the next boot: `/nix/var/nix/profiles/system`. Differs from `running` after `nixos-rebuild boot`. */
  readonly profile: Reading<{ readonly number: number; readonly path: string }>;
  /** Kept generations by ascending number. */
  readonly generations: Reading<readonly GenerationReading[]>;
  /** Time of the switch to the running system, or of its boot, in milliseconds since the epoch. */
  readonly switchedAt: Reading<number>;
  /** Name of the running specialisation, or `null`. */
  readonly specialisation: Reading<string | null>;
}

/** Current changes of the system or the store, one sentence each; `null` where there are none. */
export interface NixActivity {
  /** A switch of the system, or of its profile. */
  readonly switching: string | null;
  /** A build, a download into the store, or a garbage collection. */
  readonly building: string | null;
}
