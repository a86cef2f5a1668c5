import { access, constants, readFile } from 'node:fs/promises';
import { CannotTell, WrongAnswer } from './failure.js';

/**
 * Throws a {@link WrongAnswer} when a path is on a file system that is read-only by its superblock, and
 * {@link CannotTell} when it is only mounted so: in the sandbox of a service everything is.
 */
export async function expectWritable(path: string, mountinfo = '/proc/self/mountinfo'): Promise<void> {
  const superblock = superblockOf(path, await readFile(mountinfo, 'utf8').catch(() => ''));
  if (superblock?.split(',').some((option) => ['ro', 'emergency_ro', 'shutdown'].includes(option)))
    throw new WrongAnswer('is on a file system that is read-only');
  try {
    await access(path, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EROFS') return;
    if (superblock === undefined) throw new WrongAnswer('is on a file system that is read-only');
    throw new CannotTell('it is mounted read-only for this program, and its file system is writable');
  }
}

/** Options of the superblock of the file system that a path is on. */
function superblockOf(path: string, mountinfo: string): string | undefined {
  let best: { readonly length: number; readonly options: string } | undefined;
  for (const line of mountinfo.split('\n')) {
    const [front = '', back = ''] = line.split(' - ');
    const point = (front.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(parseInt(octal, 8)),
    );
    const covers = point === '/' || path === point || path.startsWith(`${point}/`);
    // Of mounts on one point, the last covers the others.
    if (point !== '' && covers && point.length >= (best?.length ?? 0))
      best = { length: point.length, options: back.split(' ')[2] ?? '' };
  }
  return best?.options;
}
