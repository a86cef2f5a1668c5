import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { deploymentOf, type Deployment } from './deployers.js';

/** A running program that changes the system. */
export interface RunningProgram extends Deployment {
  readonly pid: number;
}

const PROCESSES_A_TURN = 64;
const INTERPRETERS = /^(?:perl|bash|sh|python[\d.]*|sudo|doas|env)$/;
/** Programs that a deployment daemon starts while it deploys. */
const OF_NIX = /^(?:nix|nix-(?:build|env|store|copy-closure))$/;
const DAEMON = /^\.?comin(?:-wrapped)?$/;

/** Returns the programs that switch, build or deploy a system, as far as other users' processes are visible. */
export async function runningPrograms(root: string): Promise<readonly RunningProgram[]> {
  const pids = readdirSync(`${root}/proc`).filter((name) => /^\d+$/.test(name));
  const found: RunningProgram[] = [];
  for (const [index, pid] of pids.entries()) {
    if (index % PROCESSES_A_TURN === PROCESSES_A_TURN - 1) await turn();
    const argv = commandLine(root, pid);
    const program = programOf(argv) ?? workOfDaemon(root, pid, argv);
    if (program && !isInContainer(root, pid)) found.push({ pid: Number(pid), ...program });
  }
  return found;
}

/** Returns the program of a command line if it is one of them, directly or as the script of an interpreter. */
export function programOf(argv: readonly string[]): Deployment | undefined {
  const index = INTERPRETERS.test(posix.basename(argv[0] ?? '')) ? 1 : 0;
  return deploymentOf(posix.basename(argv[index] ?? ''), argv.slice(index + 1));
}

/** Recognises comin, which runs all the time, by a program of Nix that it has started. */
function workOfDaemon(root: string, pid: string, argv: readonly string[]): Deployment | undefined {
  if (!OF_NIX.test(posix.basename(argv[0] ?? ''))) return undefined;
  const parent = /^PPid:\t(\d+)$/m.exec(textOf(`${root}/proc/${pid}/status`))?.[1];
  const name = parent === undefined ? '' : posix.basename(commandLine(root, parent)[0] ?? '');
  return DAEMON.test(name) ? { words: 'comin', switches: true } : undefined;
}

/** Returns whether a process runs in a container (a second PID): it switches the container's system. */
const isInContainer = (root: string, pid: string): boolean =>
  /^NSpid:(?:\t\d+){2}/m.test(textOf(`${root}/proc/${pid}/status`));

const commandLine = (root: string, pid: string): string[] =>
  textOf(`${root}/proc/${pid}/cmdline`).split('\0');

/** Reads a text; empty for a process that is gone or unreadable. */
function textOf(path: string): string {
  try {
    // Read as UTF-8, for which Node takes half as long as for other encodings.
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
