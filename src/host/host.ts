import type { NixActivity, SystemIdentity } from '../model/nixos-reading.js';
import type { Reading } from '../model/reading.js';
import type { UnitRelations } from '../model/unit-relations.js';
import type { GaugePart, LiveGauges, Snapshot, SnapshotPart } from '../model/snapshot.js';

/** What to read. Reading less costs less. */
export interface ReadRequest {
  /** The parts wanted; all of them when left out. The others come back unknown, "not asked for". */
  readonly parts?: readonly SnapshotPart[] | undefined;
  /** Units to read by name, with or without `.service`. */
  readonly units?: readonly string[] | undefined;
  /**
   * Patterns of names, as `worker@*.service`: every loaded unit that matches one is read, too, but no target. Optional
   * for a host.
   */
  readonly patterns?: readonly string[] | undefined;
  /**
   * Mount points to read whatever is mounted there, and although the same file system is read by another path. A host
   * may remember them. One that is not among the readings has nothing mounted. Optional for a host.
   */
  readonly mountPoints?: readonly string[] | undefined;
  /** Also look for units in trouble that nobody named. Default `false`. */
  readonly discover?: boolean | undefined;
  /**
   * What the host has been told so far is recent enough: a unit whose change has arrived, but was not heard yet, may
   * come back as it was, at most 5 s old. Default `false`: the answer is as things stand.
   */
  readonly recent?: boolean | undefined;
  /**
   * Asks anew about these units, although no change of them has been signalled: a signal may arrive after the end of
   * the job that it tells of. Default `false`.
   */
  readonly fresh?: boolean | undefined;
  /** Also reads the interfaces of built-in actions, which are read to make a plan. Default `false`. Optional for a host. */
  readonly controls?: boolean | undefined;
  /** Ends a reading that waits for something slow; what was not read by then is unknown. */
  readonly signal?: AbortSignal | undefined;
}

/** Who wants to hear, between two readings, what a host tells by itself. */
export interface HostListener {
  /** A unit is newly in trouble and should be read: its full name, `nginx.service`. */
  readonly unitInTrouble: (unit: string) => void;
  /** Whether the host tells at all: `true` from the moment it does, unknown with the reason from when it no longer can. */
  readonly listening: (state: Reading<true>) => void;
}

/**
 * The port through which the engine sees a machine.
 *
 * `read` never throws and never rejects: what cannot be read is unknown, with the reason. It may answer at
 * once or with a promise, so that a reading which waits for nothing costs no turn of the event loop.
 * A host only looks; it changes nothing.
 */
export interface Host {
  /** Reads what is asked for. Never throws, never rejects. */
  read(request?: ReadRequest): Snapshot | Promise<Snapshot>;
  /**
   * Makes gauges for whoever looks often; those that are not among these parts are unknown. `undefined` while there are
   * none, as before the first `read`. `mountPoints` as in {@link ReadRequest.mountPoints}. Optional.
   */
  liveGauges?(parts: readonly GaugePart[], mountPoints?: readonly string[]): LiveGauges | undefined;
  /** The last log lines of a unit, as evidence: few and short. Optional. */
  unitLog?(unit: string, signal?: AbortSignal): Promise<Reading<readonly string[]>>;
  /** Memory of a unit that only ending it gives back, in bytes. Optional. */
  unitMemory?(unit: string, signal?: AbortSignal): Promise<Reading<number>>;
  /**
   * How units relate to others, by full name and in that order: read to make a plan, never to look. Optional; without
   * it, nothing is done to units.
   */
  unitRelations?(units: readonly string[], signal?: AbortSignal): Promise<Reading<readonly UnitRelations[]>>;
  /** Full names of the services that are active, without a word more on each. Optional. */
  activeServices?(signal?: AbortSignal): Promise<Reading<readonly string[]>>;
  /** Units whose definition differs between two NixOS systems, given by store path. Absent where no systems are kept. */
  readonly unitChanges?:
    ((from: string, to: string, signal?: AbortSignal) => Promise<Reading<readonly string[]>>) | undefined;
  /** Kernel and modules of a NixOS system, given by store path, that need not be running. Optional. */
  systemIdentity?(path: string, signal?: AbortSignal): Promise<Reading<SystemIdentity>>;
  /** Why a NixOS system refuses to be switched to without a reboot, by its own check; `null` when it does not. Optional: the switch itself runs the checks before it changes anything. */
  preSwitchCheck?(path: string, signal?: AbortSignal): Promise<Reading<string | null>>;
  /** Whether a switch or a build is under way. Optional. */
  nixActivity?(signal?: AbortSignal): Promise<Reading<NixActivity>>;
  /**
   * Tells at once when one of these units gets into trouble; without `units`, when any unit fails. Gives the function
   * that ends the telling. It may miss something or tell it twice: what counts is what `read` says. Optional.
   */
  watch?(units: readonly string[] | undefined, listener: HostListener): () => void;
  /** Lets go of descriptors and connections; a later `read` opens them again. */
  close?(): void | Promise<void>;
}
