import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { hostEnvironment } from './environment.js';
import type { RunOptions, RunResult } from './TestHost.js';

/** Path inside of the node binary from outside. */
export const nodeInside = '/opt/node/node';

/** Runs a program in all namespaces of the process `pid`. */
export async function runInside(
  pid: number,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { timeoutMs = 30_000, user, cwd = '/', allowFailure = false } = options;
  const env = {
    // Last, because the folder of node, possibly /usr/bin, would shadow the programs inside.
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/node',
    HOME: user === undefined || user === 'root' ? '/root' : `/home/${user}`,
    LANG: 'C.UTF-8',
    ...options.env,
  };
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const asUser = user === undefined ? [] : ['runuser', '-u', user, '--'];
  const result = await collect(
    ['nsenter', '-t', `${pid}`, '-a', 'env', '-i', `--chdir=${cwd}`, ...assignments, ...asUser, ...argv],
    options,
    timeoutMs,
  );
  if (result === 'timed out')
    throw new Error(`Inside the test host, ${quote(argv)} did not end within ${timeoutMs} ms`);
  if (result.exitCode !== 0 && !allowFailure) {
    const output = `${result.stderr}\n${result.stdout}`.trim().slice(-4000);
    throw new Error(`Inside the test host, ${quote(argv)} ended with ${result.exitCode}: ${output}`);
  }
  return result;
}

async function collect(
  [command, ...args]: [string, ...string[]],
  { input, onStderr }: RunOptions,
  timeoutMs: number,
): Promise<RunResult | 'timed out'> {
  // A new process group can be killed as a whole, with the children of the command.
  const child = spawn(command, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: hostEnvironment(),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr.push(chunk);
    onStderr?.(chunk.toString());
  });
  // The command may end without reading its input.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);

  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    // A daemon that left the group may still hold them open.
    child.stdout.destroy();
    child.stderr.destroy();
  }, timeoutMs);
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
    });
    if (timedOut) return 'timed out';
    return { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString(), exitCode };
  } finally {
    clearTimeout(timer);
  }
}

function quote(argv: readonly string[]): string {
  return `"${argv.join(' ')}"`;
}
