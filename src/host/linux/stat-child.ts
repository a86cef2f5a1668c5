import type { StatFs } from './usage.js';

/** Fields of `stat -f` (coreutils and busybox): fragment size, blocks, free, available, inodes, free inodes. */
const FORMAT = '%S %b %f %a %c %d';

/**
 * Asks how full a file system is in a process of its own. The system call may hang for ever where a server or a program
 * does not answer: a thread that hangs in it keeps Node from ending, and a process can be killed. The signal kills it; the
 * promise settles when the process has ended, which may be much later.
 */
export async function statInChild(path: string, signal: AbortSignal): Promise<StatFs> {
  const { execFile } = await import('node:child_process');
  signal.throwIfAborted();
  const stdout = await new Promise<string>((resolve, reject) => {
    const child = execFile('stat', ['-f', '-c', FORMAT, '--', path], (error, output, said) => {
      signal.removeEventListener('abort', kill);
      if (error) reject(said.trim() ? new Error(said.trim().split('\n')[0]) : error);
      else resolve(output);
    });
    const kill = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', kill);
    // Whoever waits has a timer; when nobody does, it keeps nothing alive.
    for (const stream of [child.stdout, child.stderr]) (stream as { unref?: () => void } | null)?.unref?.();
    child.unref();
  });
  const numbers = stdout.trim().split(' ').map(Number);
  const [bsize, blocks, bfree, bavail, files, ffree] = numbers as [
    ...[number, number, number],
    ...[number, number, number],
  ];
  if (numbers.length !== 6 || !numbers.every(Number.isFinite))
    throw new Error(`\`stat -f\` gave ${JSON.stringify(stdout.slice(0, 80))}`);
  return { bsize, blocks, bfree, bavail, files, ffree };
}
