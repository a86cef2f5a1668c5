import type { ExecFileException } from 'node:child_process';

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** What a program said, and its exit status. */
export interface ProgramOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitStatus: number;
}

/**
 * Runs a program of systemd to its end, without a shell, in plain English and in UTC.
 *
 * Rejects when it cannot be started, takes too long, is aborted or killed, or says too much.
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<ProgramOutput> {
  const { execFile } = await import('node:child_process');
  const { timeoutMs, signal } = options;
  // Node would start it even so.
  signal?.throwIfAborted();
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC', SYSTEMD_COLORS: '0', SYSTEMD_URLIFY: '0' };
  return new Promise((resolve, reject) => {
    const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES } as const;
    execFile(file, args, { env, ...limits, ...(signal ? { signal } : {}) }, (error, stdout, stderr) => {
      const exitStatus = error === null ? 0 : error.code;
      if (typeof exitStatus === 'number') resolve({ stdout, stderr, exitStatus });
      else reject(new Error(`${file}: ${whyNot(error!, timeoutMs)}`, { cause: error }));
    });
  });
}

/** What a program complained of, as the first line of it, or that it failed; empty when all went well. */
export function complaintOf({ stderr, exitStatus }: ProgramOutput): string {
  const line =
    stderr
      .trim()
      .split('\n', 1)[0]
      ?.replace(/^Hint: /, '')
      .replace(/\.$/, '') ?? '';
  return line === '' && exitStatus !== 0 ? `exit status ${exitStatus}` : line;
}

function whyNot(error: ExecFileException, timeoutMs: number): string {
  if (error.code === 'ENOENT') return 'there is no such program';
  if (error.code === 'ABORT_ERR') return 'it was aborted';
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'it said too much';
  // Node kills a program that takes too long with the signal it was told to use.
  if (error.killed) return `it took longer than ${timeoutMs} ms`;
  return error.signal ? `it was ended by ${error.signal}` : error.message;
}
