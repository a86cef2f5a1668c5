import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

/** A program under way that changes the system. */
export interface RunningProgram {
  readonly pid: number;
  /** Its name, and the word that says what it is to do. */
  readonly words: string;
  /** Whether it is to make another system run, now or at the next boot; else it only builds or looks. */
  readonly switches: boolean;
}

const PROCESSES_A_TURN = 64;
const INTERPRETERS = /^(?:perl|bash|sh|python[\d.]*|sudo|doas|env)$/;
/** NixOS wraps programs: the real one then has a dot before and `-wrapped` after its name. */
const PROGRAMS = /^\.?(switch-to-configuration|nixos-rebuild)(?:-ng)?(?:-wrapped)?$/;
const VERBS =
  /^(?:switch|boot|test|build|build-vm|build-vm-with-bootloader|build-image|dry-build|dry-activate|dry-run|check|edit|repl|list-generations)$/;

/** The `switch-to-configuration` and `nixos-rebuild` that run, as far as processes of others can be seen. */
export async function runningPrograms(root: string): Promise<readonly RunningProgram[]> {
  const pids = readdirSync(`${root}/proc`).filter((name) => /^\d+$/.test(name));
  const found: RunningProgram[] = [];
  for (const [index, pid] of pids.entries()) {
    if (index % PROCESSES_A_TURN === PROCESSES_A_TURN - 1) await turn();
    const program = programOf(commandLine(`${root}/proc/${pid}/cmdline`));
    if (program) found.push({ pid: Number(pid), ...program });
  }
  return found;
}

/** What a command line stands for, if it is one of the programs: itself, or the script of an interpreter. */
export function programOf(argv: readonly string[]): Omit<RunningProgram, 'pid'> | undefined {
  const names = argv.slice(0, 2).map((word) => posix.basename(word));
  const index = INTERPRETERS.test(names[0] ?? '') ? 1 : 0;
  const name = PROGRAMS.exec(names[index] ?? '')?.[1];
  if (name === undefined) return undefined;
  const verb = argv.slice(index + 1).find((word) => VERBS.test(word));
  return {
    words: verb === undefined ? name : `${name} ${verb}`,
    switches: verb === 'switch' || verb === 'boot' || verb === 'test',
  };
}

/** A process that is gone, or that may not be looked at, has none. */
function commandLine(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\0');
  } catch {
    return [];
  }
}
