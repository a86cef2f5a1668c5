import type { Reading } from './reading.js';

/** A cpufreq policy: CPUs that share one governor. */
export interface CpuPolicy {
  /** `policy0`. */
  readonly name: string;
  readonly path: string;
  readonly current: string;
  readonly offered: readonly string[];
  /** Current frequency in kHz; unknown if the driver does not report it. */
  readonly frequency: Reading<number>;
}

/** A policy that exists but cannot be read: reading that of an offline CPU fails with EBUSY. */
export interface UnreadablePolicy {
  readonly name: string;
  readonly unreadable: string;
}

/** CPU policies of a host, ordered by number; none if the machine has no cpufreq. */
export interface CpuPolicies {
  readonly readable: readonly CpuPolicy[];
  readonly unreadable: readonly UnreadablePolicy[];
}

/** Interfaces of the kernel and of Nix through which built-in actions act. */
export interface ControlsReading {
  readonly cpuPolicies: Reading<CpuPolicies>;
  readonly dropCaches: {
    /** Path of `vm.drop_caches`. */
    readonly path: string;
    /** Reason why not even root can write it, as one sentence; `null` if root can. */
    readonly unwritable: string | null;
  };
  readonly nix: NixControls;
}

/** Interfaces for collecting garbage in the Nix store. */
export interface NixControls {
  readonly hasStore: boolean;
  /** Access of this process to nix-daemon; `none` without a daemon. */
  readonly daemon: 'granted' | 'denied' | 'none';
  /** `true` if systemd runs, which can start transient units. */
  readonly hasSystemd: boolean;
}
