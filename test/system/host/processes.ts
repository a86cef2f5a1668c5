import { readdirSync, readFileSync } from 'node:fs';

/** Returns whether a process with this id exists. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Returns whether any process has `text` in its arguments. */
export function isInACommandLine(text: string): boolean {
  return readdirSync('/proc').some(
    (entry) => /^\d+$/.test(entry) && read(`/proc/${entry}/cmdline`).includes(text),
  );
}

/** Returns processes below `pid` that are the first of a process namespace, outermost first. */
export function firstProcesses(pid: number): number[] {
  const found: number[] = [];
  let generation = [pid];
  while (generation.length > 0) {
    generation = generation.flatMap((parent) => children(parent));
    found.push(...generation.filter((child) => isFirst(child)));
  }
  return found;
}

/** Returns the name of a process's program, cut by the kernel to 15 characters; empty if there is no such process. */
export function programOf(pid: number): string {
  return read(`/proc/${pid}/comm`).trim();
}

function children(pid: number): number[] {
  return (read(`/proc/${pid}/task/${pid}/children`).match(/\d+/g) ?? []).map(Number);
}

function isFirst(pid: number): boolean {
  return /^NSpid:.*\s1$/m.test(read(`/proc/${pid}/status`));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process may have ended in the meantime.
    return '';
  }
}
