import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { hostFolder, newHostName } from './leftovers.js';
import { firstProcesses, programOf } from './processes.js';

const script = fileURLToPath(new URL('keeper.sh', import.meta.url));
const consoleLimit = 64 * 1024;

/** The process outside that a container lives and dies with. */
export interface Keeper {
  /** Of the container's folder, mounts and control groups. */
  readonly name: string;
  /** Holds, in the keeper's mounts only, the container's root in `root`. */
  readonly folder: string;
  /** True after it has ended. */
  readonly ended: boolean;
  /** A process outside of the container that sees the keeper's mounts; `undefined` before and after there is one. */
  holder(): number | undefined;
  /** The first process of the container; `undefined` while there is none. */
  container(): number | undefined;
  console(): string;
  /** Ends the container and waits until nothing is left of it. */
  end(): Promise<void>;
}

/** Boots an image in a container that ends when this process does, in whatever way it does. */
export function startKeeper(image: string, nspawnOptions: readonly string[], env: NodeJS.ProcessEnv): Keeper {
  const name = newHostName();
  const folder = hostFolder(name);
  // Detached, so that a Ctrl-C in the terminal does not hit its parts one by one: its end comes through standard input.
  const child = spawn('bash', [script, name, folder, image, ...nspawnOptions], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env,
  });
  let output = '';
  let ended = false;
  const append = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-consoleLimit));
  child.stdout.on('data', append);
  child.stderr.on('data', append);
  child.stdin.on('error', () => undefined);
  const end = new Promise<void>((resolve) => {
    const settle = () => {
      ended = true;
      resolve();
    };
    child.once('close', settle);
    child.once('error', (error) => {
      append(Buffer.from(error.message));
      settle();
    });
  });
  // A host that a test forgot must not keep that test's process from ending.
  const handles = [child, ...(child.stdio.slice(0, 3) as Socket[])];
  for (const handle of handles) handle.unref();
  const firsts = () => (child.pid === undefined || ended ? [] : firstProcesses(child.pid));
  return {
    name,
    folder,
    get ended() {
      return ended;
    },
    holder: () => firsts()[0],
    container: () =>
      firsts()
        .slice(1)
        .find((pid) => programOf(pid) === 'systemd'),
    console: () => stripVTControlCharacters(output),
    end: () => {
      for (const handle of handles) handle.ref();
      child.stdin.end();
      return end;
    },
  };
}
