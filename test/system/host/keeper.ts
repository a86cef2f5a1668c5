import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { hostFolder, newHostName } from './leftovers.js';
import { firstProcesses, programOf } from './processes.js';

const script = fileURLToPath(new URL('keeper.sh', import.meta.url));
const consoleLimit = 64 * 1024;

/** Process outside that the lifetime of a container is bound to. */
export interface Keeper {
  /** Name of the container's folder, mounts and control groups. */
  readonly name: string;
  /** Has the container's root mounted in `root`, in the keeper's mount namespace only. */
  readonly folder: string;
  /** `true` after it has ended. */
  readonly ended: boolean;
  /** Process outside of the container that sees the keeper's mounts; `undefined` before and after that. */
  holder(): number | undefined;
  /** First process of the container; `undefined` while there is none. */
  container(): number | undefined;
  console(): string;
  /** Ends the container and waits until nothing of it remains. */
  end(): Promise<void>;
}

/** Boots an image in a container that ends when this process does, for whatever reason. */
export function startKeeper(image: string, nspawnOptions: readonly string[], env: NodeJS.ProcessEnv): Keeper {
  const name = newHostName();
  const folder = hostFolder(name);
  // Detached, so that a Ctrl-C in the terminal does not hit its parts one by one: it ends when standard input closes.
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
  // A host that was not closed must not keep the process of the test alive.
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
