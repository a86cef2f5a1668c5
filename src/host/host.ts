import type { NixActivity, SystemIdentity } from '../model/nixos-reading.js';
import type { Reading } from '../model/reading.js';
import type { UnitRelations } from '../model/unit-relations.js';
import type { GaugePart, LiveGauges, RecentReading, Snapshot, SnapshotPart } from '../model/snapshot.js';

/** Request for a reading. Reading less costs less. */
export interface ReadRequest {
  /** Requested parts. Default: all. The others are unknown, "not asked for". */
  readonly parts?: readonly SnapshotPart[] | undefined;
  /** Units to read by name, with or without `.service`. */
  readonly units?: readonly string[] | undefined;
  /**
   * Patterns of names, such as `worker@*.service`: every loaded unit that matches one is read too, except targets.
   * Optional for a host.
   */
  readonly patterns?: readonly string[] | undefined;
  /**
   * Mount points to read, whatever is mounted there, even if the same file system is read at another path. A host may
   * remember them. A mount point that is missing from the readings has nothing mounted. Optional for a host.
   */
  readonly mountPoints?: readonly string[] | undefined;
  /** Also finds units with problems that were not requested. Default `false`. */
  readonly discover?: boolean | undefined;
  /**
   * Accepts units and the state of systemd as last signalled, without changes that have arrived but were not processed
   * yet, and a count of out-of-memory kills that is at most 5 s old. Without signals of all units, units are at most 5 s
   * old, too. Default `false`: current readings.
   */
  readonly recent?: boolean | undefined;
  /**
   * Reads these units again even if no change was signalled: the signal for a job may arrive after its end. Default
   * `false`.
   */
  readonly fresh?: boolean | undefined;
  /** Also reads the interfaces of built-in actions, which are read to make a plan. Default `false`. Optional for a host. */
  readonly controls?: boolean | undefined;
  /** Ends a slow reading; parts that were not read by then are unknown. */
  readonly signal?: AbortSignal | undefined;
}

/** Listener for changes that a host reports between two readings. */
export interface HostListener {
  /** Called with the full name of a unit, such as `nginx.service`, that has a new problem and should be read. */
  readonly unitInTrouble: (unit: string) => void;
  /** Called with `true` once the host reports changes, and with unknown and the reason when it no longer can. */
  readonly listening: (state: Reading<true>) => void;
}

/**
 * Port through which the engine reads a machine. A host changes nothing.
 *
 * `read` never throws and never rejects: a value that cannot be read is unknown, with the reason. It returns at once or a
 * promise, so that a reading without waiting costs no turn of the event loop.
 */
export interface Host {
  /** Reads the requested parts. Never throws, never rejects. */
  read(request?: ReadRequest): Snapshot | Promise<Snapshot>;
  /**
   * Creates gauges for frequent reading; those of other parts are unknown. `undefined` while there are none, as before
   * the first `read`. `mountPoints` as in {@link ReadRequest.mountPoints}. Optional.
   */
  liveGauges?(parts: readonly GaugePart[], mountPoints?: readonly string[]): LiveGauges | undefined;
  /**
   * Returns what {@link Host.read} with `recent` would return of units and systemd, if it would not have to wait;
   * otherwise `undefined`. The object may be reused. Optional.
   */
  recent?(request: ReadRequest): RecentReading | undefined;
  /** Reads the last log lines of a unit, as evidence: few and short. Optional. */
  unitLog?(unit: string, signal?: AbortSignal): Promise<Reading<readonly string[]>>;
  /** Reads the memory of a unit that only stopping it frees, in bytes. Optional. */
  unitMemory?(unit: string, signal?: AbortSignal): Promise<Reading<number>>;
  /**
   * Reads the relations of units to others, in the order of the given full names. Used to make plans only. Optional;
   * without it, no unit is acted on.
   */
  unitRelations?(units: readonly string[], signal?: AbortSignal): Promise<Reading<readonly UnitRelations[]>>;
  /** Lists the full names of active services. Optional. */
  activeServices?(signal?: AbortSignal): Promise<Reading<readonly string[]>>;
  /** Lists units whose definition differs between two NixOS systems, given by store path. Absent if none are kept. */
  readonly unitChanges?:
    ((from: string, to: string, signal?: AbortSignal) => Promise<Reading<readonly string[]>>) | undefined;
  /** Reads kernel and modules of a NixOS system, given by store path; it need not be running. Optional. */
  systemIdentity?(path: string, signal?: AbortSignal): Promise<Reading<SystemIdentity>>;
  /**
   * Reads why the pre-switch checks of a NixOS system refuse a switch without a reboot; `null` if they accept it.
   * Optional: the switch runs them too before it changes anything.
   */
  preSwitchCheck?(path: string, signal?: AbortSignal): Promise<Reading<string | null>>;
  /** Reads whether a switch or a build is running. Optional. */
  nixActivity?(signal?: AbortSignal): Promise<Reading<NixActivity>>;
  /**
   * Calls the listener at once when one of these units gets a problem; without `units`, when any unit fails. Returns a
   * function that ends it. It may miss or repeat changes, since `read` decides. Optional.
   */
  watch?(units: readonly string[] | undefined, listener: HostListener): () => void;
  /** Closes descriptors and connections; a later `read` opens them again. */
  close?(): void | Promise<void>;
}
