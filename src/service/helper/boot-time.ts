import { uptime } from 'node:os';
import { bootId } from '../../base/boot-id.js';

/** A point in time, by clocks that nobody but the kernel can set back and by one that can be set. */
export interface BootTime {
  /** Wall clock, in milliseconds since the epoch. It can be set to anything. */
  readonly at: number;
  /** Identifier of the boot. */
  readonly boot: string;
  /** Time since that boot in milliseconds, sleep included (CLOCK_BOOTTIME). It only goes forward. */
  readonly upMs: number;
}

/** Reads all clocks. Throws where the boot has no identifier: then a limit by time would not hold. */
export function bootTimeNow(): BootTime {
  const boot = bootId();
  if (boot === '') throw new Error('/proc/sys/kernel/random/boot_id cannot be read');
  return { at: Date.now(), boot, upMs: uptime() * 1_000 };
}

/**
 * Returns how long before `now` something happened, in milliseconds, at least 0. Within a boot the boot clock tells;
 * across boots the wall clock does, but what happened in an earlier boot is at least as old as this boot, also when the
 * wall clock says otherwise. Pure.
 *
 * @param then Without `boot` and `upMs`, as version 0.1 recorded it: an earlier boot.
 */
export function ageOf(then: Pick<BootTime, 'at'> & Partial<BootTime>, now: BootTime): number {
  // A container that is restarted keeps the boot id of its host, and its time starts again.
  if (then.boot === now.boot && then.upMs !== undefined && then.upMs <= now.upMs) return now.upMs - then.upMs;
  return Math.max(now.at - then.at, now.upMs);
}
