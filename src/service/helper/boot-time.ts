import { uptime } from 'node:os';
import { bootId } from '../../base/boot-id.js';

/** A point in time, by the boot clock, which only goes forward, and by the wall clock, which can be set. */
export interface BootTime {
  /** Wall clock, in milliseconds since the epoch. */
  readonly at: number;
  readonly boot: string;
  /** Time since that boot in milliseconds, including suspend (CLOCK_BOOTTIME). */
  readonly upMs: number;
}

/** Reads all clocks. Throws if the boot has no identifier, because limits per hour would not hold. */
export function bootTimeNow(): BootTime {
  const boot = bootId();
  if (boot === '') throw new Error('/proc/sys/kernel/random/boot_id cannot be read');
  return { at: Date.now(), boot, upMs: uptime() * 1_000 };
}

/**
 * Returns how long before `now` something happened, in milliseconds, at least 0. Within a boot the boot clock counts;
 * across boots the wall clock does, but an event of an earlier boot is at least as old as this boot. Pure.
 *
 * @param then Without `boot` and `upMs`, as version 0.1 recorded it, it counts as of an earlier boot.
 */
export function ageOf(then: Pick<BootTime, 'at'> & Partial<BootTime>, now: BootTime): number {
  // A restarted container keeps the boot id of its host, while its boot clock starts at 0.
  if (then.boot === now.boot && then.upMs !== undefined && then.upMs <= now.upMs) return now.upMs - then.upMs;
  return Math.max(now.at - then.at, now.upMs);
}
