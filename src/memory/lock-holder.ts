import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';
import { bootId } from '../base/boot-id.js';

/** Where a process id means something. Locks of versions up to 0.1 have the boot only. */
interface Scope {
  readonly bootId: string;
  /** Content of `/etc/machine-id`, or the host's name. */
  readonly machine?: string;
  /** Inode of the pid namespace; empty where the platform has none. */
  readonly pidns?: string;
  /** Thread of the process, as `worker_threads` numbers them. */
  readonly thread?: number;
}

/** Who holds a lock. A process id alone would be taken for its successor after a restart of the host. */
export interface Holder extends Scope {
  readonly pid: number;
  /** When that process began, by the kernel's count; empty where the platform does not tell. */
  readonly began: string;
  readonly token: string;
}

/** A process id, as it was looked up here. */
export interface ProcessSeen {
  readonly exists: boolean;
  /** Empty where that cannot be read. */
  readonly began: string;
}

/**
 * Judges whether a holder is alive. `unknown` means that only its heartbeat can tell: a process id of another pid
 * namespace or machine says nothing here.
 *
 * @param isHeldHere Whether a lock with that token is in use in this thread.
 */
export function judgeHolder(
  holder: Holder,
  me: Omit<Holder, 'token'>,
  { seen, isHeldHere }: { readonly seen: ProcessSeen; readonly isHeldHere: boolean },
): 'alive' | 'dead' | 'unknown' {
  const sameMachine = holder.machine === undefined || holder.machine === me.machine;
  if (holder.bootId !== me.bootId) return sameMachine ? 'dead' : 'unknown';
  // One boot id is one kernel, also when containers have machine ids of their own.
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

/** How long a holder has been watched without a sign of life. */
export interface Watch {
  readonly text: string;
  readonly at: number;
  readonly unchangedMs: number;
}

/** A heartbeat that has not changed for this long, in milliseconds of our own monotonic time, is old. */
export const OLD_MS = 60_000;
/** The most that the time between two looks counts: this process may have been frozen, and the holder with it. */
const LONGEST_GAP_MS = 30_000;

/** Returns the watch after one more look at the content of a lock. */
export function watchAfter(watch: Watch | undefined, text: string, at: number): Watch {
  if (watch?.text !== text) return { text, at, unchangedMs: 0 };
  const gap = Math.max(0, Math.min(at - watch.at, LONGEST_GAP_MS));
  return { text, at, unchangedMs: watch.unchangedMs + gap };
}

/** Reads the content of a lock. Returns `undefined` when it is not one. */
export function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Record<keyof Holder, unknown>> | null;
    if (typeof holder !== 'object' || holder === null) return undefined;
    const { pid, token, began, bootId: boot, machine = '', pidns = '', thread = 0 } = holder;
    // 0 and negative numbers stand for groups of processes, which always exist.
    const isPid = Number.isInteger(pid) && (pid as number) > 0 && (pid as number) < 2 ** 31;
    const words = [token, began, boot, machine, pidns].every((word) => typeof word === 'string');
    return isPid && words && typeof thread === 'number' ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

/** This thread of this process. */
export const thisHolder = (): Omit<Holder, 'token'> => ({
  pid: process.pid,
  began: statOf('self')?.began ?? '',
  bootId: bootId(),
  machine: textOf('/etc/machine-id') || hostname(),
  pidns: namespaceId(),
  thread: threadId,
});

/** Looks up a process id of this namespace. A process that ended and was not waited for counts as gone. */
export function seeProcess(pid: number): ProcessSeen {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return { exists: false, began: '' };
  }
  // `/proc` may be mounted from another namespace, where the number belongs to another process.
  const stat = linkOf('/proc/self') === String(process.pid) ? statOf(String(pid)) : undefined;
  if (stat === undefined) return { exists: true, began: '' };
  return { exists: stat.state !== 'Z' && stat.state !== 'X', began: stat.began };
}

/** Fields 3 and 22 of `/proc/PID/stat`; the name in field 2 may hold anything, so they are counted from its last bracket. */
function statOf(pid: string): { readonly state: string; readonly began: string } | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return text === '' ? undefined : { state: fields[0] ?? '', began: fields[19] ?? '' };
}

const namespaceId = (): string => /\d+/.exec(linkOf('/proc/self/ns/pid'))?.[0] ?? '';

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
