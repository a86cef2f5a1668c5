import type { StatFs } from './usage.js';

/** Format of `stat -f` (coreutils and busybox): fragment size, blocks, free, available, inodes, free inodes. */
const FORMAT = '%S %b %f %a %c %d';

/**
 * Reads the usage of a file system in a child process, as the system call may hang forever: a hanging thread would keep
 * Node from exiting, a process can be killed. The signal kills it; the promise settles when the process has ended, which
 * may be much later.
 */
export async function statInChild(path: string, signal: AbortSignal): Promise<StatFs> {
  const { execFile } = await import('node:child_process');
  signal.throwIfAborted();
  const stdout = await new Promise<string>((resolve, reject) => {
    const child = execFile('stat', ['-f', '-c', FORMAT, '--', path], (error, output, stderr) => {
      signal.removeEventListener('abort', kill);
      if (error) reject(stderr.trim() ? new Error(stderr.trim().split('\n')[0]) : error);
      else resolve(output);
    });
    const kill = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', kill);
    // The child must not keep Node alive; a waiting caller has a timer.
    for (const stream of [child.stdout, child.stderr]) (stream as { unref?: () => void } | null)?.unref?.();
    child.unref();
  });
  const numbers = stdout.trim().split(' ').map(Number);
  const [bsize, blocks, bfree, bavail, files, ffree] = numbers as [
    ...[number, number, number],
    ...[number, number, number],
  ];
  if (numbers.length !== 6 || !numbers.every(Number.isFinite))
    throw new Error(`\`stat -f\` printed ${JSON.stringify(stdout.slice(0, 80))}`);
  return { bsize, blocks, bfree, bavail, files, ffree };
}
