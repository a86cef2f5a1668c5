import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';
import { bootId, textOf } from '../base/boot-id.js';

/** Holder of a lock. A process id alone is ambiguous: it may be reused, also after a reboot, and belongs to a namespace. */
export interface Holder {
  readonly pid: number;
  /** Start time of the process in clock ticks; empty where unknown. */
  readonly began: string;
  readonly token: string;
  readonly bootId: string;
  // Locks of versions up to 0.1 lack the rest.
  /** Content of `/etc/machine-id`, or the host's name. */
  readonly machine?: string;
  /** Inode of the pid namespace; empty where the platform has none. */
  readonly pidns?: string;
  /** Thread of the process, as `worker_threads` numbers them. */
  readonly thread?: number;
}

/** Result of looking up a process id. */
export interface ProcessSeen {
  readonly exists: boolean;
  /** Start time in clock ticks; empty where unknown. */
  readonly began: string;
}

/**
 * Returns whether a holder is alive. `unknown`: its process id belongs to another pid namespace or machine, so only the
 * heartbeat can decide. `isHeldHere`: whether a lock with that token is in use in this thread.
 */
export function judgeHolder(
  holder: Holder,
  me: Omit<Holder, 'token'>,
  { seen, isHeldHere }: { readonly seen: ProcessSeen; readonly isHeldHere: boolean },
): 'alive' | 'dead' | 'unknown' {
  const sameMachine = holder.machine === undefined || holder.machine === me.machine;
  if (holder.bootId !== me.bootId) return sameMachine ? 'dead' : 'unknown';
  // The same boot id means the same kernel, even if containers have different machine ids.
  if (me.bootId === '' && !sameMachine) return 'unknown';
  if (holder.pidns !== undefined && holder.pidns !== me.pidns) return 'unknown';
  if (holder.pid === me.pid && holder.began === me.began && holder.thread !== undefined) {
    if (holder.thread !== me.thread) return 'unknown';
    return isHeldHere ? 'alive' : 'dead';
  }
  if (!seen.exists) return 'dead';
  const comparable = seen.began !== '' && holder.began !== '';
  return !comparable || seen.began === holder.began ? 'alive' : 'dead';
}

/** Observation of a lock whose heartbeat has not changed. */
export interface Watch {
  readonly text: string;
  readonly at: number;
  readonly unchangedMs: number;
}

/** Time without a heartbeat after which a holder counts as dead, in monotonic milliseconds. */
export const OLD_MS = 60_000;
/** Longest counted time between two observations: both processes may have been frozen. */
const LONGEST_GAP_MS = 30_000;

/** Updates the observation with the current content of the lock. */
export function watchAfter(watch: Watch | undefined, text: string, at: number): Watch {
  if (watch?.text !== text) return { text, at, unchangedMs: 0 };
  const gap = Math.max(0, Math.min(at - watch.at, LONGEST_GAP_MS));
  return { text, at, unchangedMs: watch.unchangedMs + gap };
}

/** Parses the content of a lock; `undefined` if it is invalid. */
export function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Record<keyof Holder, unknown>> | null;
    if (holder === null) return undefined;
    const { pid, token, began, bootId: boot, machine = '', pidns = '', thread = 0 } = holder;
    // 0 and negative numbers denote process groups.
    const isPid = Number.isInteger(pid) && (pid as number) > 0 && (pid as number) < 2 ** 31;
    const words = [token, began, boot, machine, pidns].every((word) => typeof word === 'string');
    return isPid && words && typeof thread === 'number' ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

export const thisHolder = (): Omit<Holder, 'token'> => ({
  pid: process.pid,
  began: statOf('self')?.began ?? '',
  bootId: bootId(),
  machine: textOf('/etc/machine-id') || hostname(),
  pidns: /\d+/.exec(linkOf('/proc/self/ns/pid'))?.[0] ?? '',
  thread: threadId,
});

/** Looks up a process id in this namespace. A zombie counts as gone. */
export function seeProcess(pid: number): ProcessSeen {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return { exists: false, began: '' };
  }
  // `/proc` may belong to another pid namespace, with other process ids.
  const stat = linkOf('/proc/self') === String(process.pid) ? statOf(String(pid)) : undefined;
  if (stat === undefined) return { exists: true, began: '' };
  return { exists: stat.state !== 'Z' && stat.state !== 'X', began: stat.began };
}

/** Reads fields 3 and 22 of `/proc/PID/stat`, counted from the last bracket because field 2 may contain anything. */
function statOf(pid: string): { readonly state: string; readonly began: string } | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return text === '' ? undefined : { state: fields[0] ?? '', began: fields[19] ?? '' };
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
