import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../docs/blocks.js';

/** Result of a program. */
export interface Ended {
  readonly status: number | null;
  /** Text on standard output and standard error. */
  readonly output: string;
}

/** Options of a run. */
export interface RunOptions {
  /** Sends SIGTERM once the program has printed a line: for programs that run until they are stopped. */
  readonly stopAfterOutput?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** User that runs it. Default: the user of the tests. */
  readonly uid?: number | undefined;
}

const NOBODY = 65_534;
const LIMIT_MS = 60_000;
const freePorts = pathToFileURL(join(root, 'test/printed/free-ports.mjs')).href;

/** Runs a program as documented, from the folder of the package. Rejects if it runs longer than a minute. */
export function runProgram(argv: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { stopAfterOutput = false, env, uid } = options;
  const [command = '', ...rest] = argv;
  const child = spawn(command, rest, {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: `--import=${freePorts}`, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
  });
  let output = '';
  // Once only: the second SIGTERM ends a program that handles the first.
  const stop = (): void => {
    if (!child.killed) child.kill('SIGTERM');
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (stopAfterOutput && output.includes('\n')) stop();
    });
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${argv.join(' ')} did not end within ${LIMIT_MS} ms, and printed:\n${output}`));
    }, LIMIT_MS);
    child.on('error', reject).on('close', (status) => {
      clearTimeout(timer);
      resolve({ status, output });
    });
  });
}

/**
 * Returns the user that may run programs which act on the host: never root on a machine with systemd. `undefined` is
 * the user of the tests. Throws when there is none.
 */
export function harmlessUser(): number | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const canRead = spawnSync(process.execPath, ['-e', 'fs.accessSync(process.argv[1])', join(root, 'dist')], {
    uid: NOBODY,
    gid: NOBODY,
  });
  if (canRead.status === 0) return NOBODY;
  if (!existsSync('/run/systemd/system')) return undefined; // No service can be restarted here.
  throw new Error(`Run the tests as a user without privilege, or let user ${NOBODY} read ${root}`);
}
