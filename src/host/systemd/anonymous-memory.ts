import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.js';
import { unknown, type Reading } from '../../model/reading.js';
import { runProgram } from './run-program.js';

/** Folders of systemd's control group hierarchy: v2, hybrid, v1. */
const HIERARCHIES = ['', 'unified', 'systemd'];

/** Reads the anonymous memory and swap of a unit's processes, in bytes: only stopping the unit frees it. */
export async function anonymousMemory(unit: string, signal?: AbortSignal): Promise<Reading<number>> {
  try {
    const args = ['show', '--property=ControlGroup', '--value', '--', unit];
    const { stdout } = await runProgram('systemctl', args, { timeoutMs: 5_000, signal });
    const group = stdout.trim();
    // The root group contains every process.
    if (!/^\/.+/.test(group)) return unknown(`${unit} has no processes`);
    for (const hierarchy of HIERARCHIES) {
      const pids = await processesIn(join('/sys/fs/cgroup', hierarchy, group)).catch(() => []);
      if (pids.length > 0)
        return (await Promise.all(pids.map(anonymousPages))).reduce((sum, bytes) => sum + bytes, 0);
    }
    return unknown(`The control group of ${unit} cannot be read`);
  } catch (error) {
    return unknown(messageOf(error));
  }
}

async function processesIn(folder: string): Promise<string[]> {
  const own = (await readFile(join(folder, 'cgroup.procs'), 'utf8')).split('\n').filter((pid) => pid !== '');
  const entries = await readdir(folder, { withFileTypes: true });
  const below = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => processesIn(join(folder, name)));
  return [...own, ...(await Promise.all(below)).flat()];
}

/** Returns `RssAnon` and `VmSwap` of `/proc/PID/status`, in bytes; 0 for a process that has ended. */
async function anonymousPages(pid: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
  return 1024 * (kib('RssAnon') + kib('VmSwap'));
}
