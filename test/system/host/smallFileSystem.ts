import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { runInside } from './command.js';
import { hostEnvironment } from './environment.js';
import type { Keeper } from './keeper.js';
import type { SmallFileSystem, SmallFileSystemOptions } from './TestHost.js';

const execute = promisify(execFile);

/** Command that creates each kind of file system in a file, without prompts and output. */
const MAKE = {
  // No space reserved for root, and no kernel thread that continues to write after the mount.
  ext4: ['mkfs.ext4', '-q', '-m', '0', '-E', 'lazy_itable_init=0'],
  xfs: ['mkfs.xfs', '-q'],
} as const;

/**
 * Creates a file system in a file and mounts it in the container's root, from where the mount propagates into the
 * container.
 */
export async function mountSmallFileSystem(
  keeper: Keeper,
  path: string,
  sizeMiB: number,
  { inodes, type = 'ext4' }: SmallFileSystemOptions = {},
): Promise<SmallFileSystem> {
  const holder = keeper.holder();
  const container = keeper.container();
  if (holder === undefined || container === undefined)
    throw new Error('Expected the test host to be running');
  const inside = async (...argv: readonly string[]) => (await runInside(container, argv)).stdout.trim();
  const outside = async (...argv: readonly string[]) =>
    (await execute('nsenter', ['-t', `${holder}`, '-m', ...argv], { env: hostEnvironment() })).stdout.trim();

  await inside('mkdir', '-p', path);
  const folder = await inside('realpath', path);
  const below = await inside('findmnt', '-no', 'SOURCE', '--target', folder);
  if (below !== keeper.name && !below.startsWith('/dev/loop')) {
    throw new Error(`Expected a folder on the test host's own disk, got ${path}, which is on ${below}`);
  }

  const file = await outside('mktemp', `${keeper.folder}/${type}.XXXXXX`);
  const target = `${keeper.folder}/root${folder}`;
  await outside('truncate', `--size=${sizeMiB}M`, file);
  const layout = inodes === undefined ? [] : ['-N', `${inodes}`];
  const content = type === 'ext4' ? ['-d', target] : [];
  await outside(...MAKE[type], ...layout, ...content, file);
  await outside('mount', '-o', 'loop', file, target);
  return { path: folder, device: await inside('findmnt', '-no', 'SOURCE', '--mountpoint', folder) };
}
