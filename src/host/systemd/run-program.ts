import type { ExecFileException } from 'node:child_process';

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

export interface ProgramOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitStatus: number;
}

/**
 * Runs a program to its end, without a shell, with English messages and in UTC. Rejects if it cannot be started, times
 * out, is aborted or killed, or prints too much.
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<ProgramOutput> {
  const { execFile } = await import('node:child_process');
  const { timeoutMs, signal } = options;
  // Node would start the program even with an aborted signal.
  signal?.throwIfAborted();
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC', SYSTEMD_COLORS: '0', SYSTEMD_URLIFY: '0' };
  return new Promise((resolve, reject) => {
    const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES } as const;
    execFile(file, args, { env, ...limits, ...(signal ? { signal } : {}) }, (error, stdout, stderr) => {
      const exitStatus = error === null ? 0 : error.code;
      if (typeof exitStatus === 'number') resolve({ stdout, stderr, exitStatus });
      else reject(new Error(`${file}: ${failureReason(error!, timeoutMs)}`, { cause: error }));
    });
  });
}

/** Returns the first line of standard error, or the exit status if it is not 0; empty on success. */
export function errorTextOf({ stderr, exitStatus }: ProgramOutput): string {
  const line =
    stderr
      .trim()
      .split('\n', 1)[0]
      ?.replace(/^Hint: /, '')
      .replace(/\.$/, '') ?? '';
  return line === '' && exitStatus !== 0 ? `exit status ${exitStatus}` : line;
}

function failureReason(error: ExecFileException, timeoutMs: number): string {
  if (error.code === 'ENOENT') return 'no such program';
  if (error.code === 'ABORT_ERR') return 'it was aborted';
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'its output is too long';
  // Set if Node killed the program after the timeout.
  if (error.killed) return `it took longer than ${timeoutMs} ms`;
  return error.signal ? `it was killed by ${error.signal}` : error.message;
}
