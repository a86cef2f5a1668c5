import { readdir, readFile, stat } from 'node:fs/promises';
import { runProgram } from '../host/systemd/run-program.js';
import { unitName } from '../model/unit-name.js';
import { matchesPattern } from './content.js';
import { CannotTell, cannotTell, WrongAnswer } from './failure.js';
import type { ProcessTable } from './process-table.js';

/** Which processes are looked at: exactly one of these. */
export interface ProcessChoice {
  /** Those of a unit: all in its control group. */
  readonly unit?: string;
  /** The one whose number is in a file, and its children. */
  readonly pidFile?: string;
  /** Those whose command line a regular expression matches. */
  readonly match?: string | RegExp;
}

/** Options for finding processes. */
export interface Finder {
  readonly table: ProcessTable;
  /** Default `systemctl`. */
  readonly systemctl?: string;
  /** Where control groups are. Default `/sys/fs/cgroup`. */
  readonly cgroups?: string;
}

/** Numbers of the processes that are meant; empty when none runs. Rejects when that cannot be told. */
export async function findProcesses(
  choice: ProcessChoice,
  finder: Finder,
  signal: AbortSignal,
): Promise<number[]> {
  if (choice.unit !== undefined) return ofUnit(choice.unit, finder, signal);
  if (choice.pidFile !== undefined) return ofFile(choice.pidFile, finder.table);
  if (await finder.table.hidesOthers())
    throw new CannotTell('processes of other users are hidden from this program');
  const found: number[] = [];
  for (const pid of await finder.table.pids()) {
    if (pid === process.pid) continue;
    const line = await finder.table.commandLine(pid);
    if (line !== '' && matchesPattern(line, choice.match ?? '')) found.push(pid);
  }
  return found;
}

async function ofUnit(
  unit: string,
  { systemctl = 'systemctl', cgroups = '/sys/fs/cgroup' }: Finder,
  signal: AbortSignal,
): Promise<number[]> {
  const args = ['show', '--property=LoadState,ActiveState,ControlGroup', '--', unitName(unit)];
  const asked = runProgram(systemctl, args, { timeoutMs: 5_000, signal });
  const output = await asked.catch(cannotTell('systemd cannot be asked: '));
  if (output.exitStatus !== 0) throw new CannotTell(`systemd cannot be asked: ${output.stderr.trim()}`);
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(output.stdout)?.[1] ?? '';
  if (value('LoadState') === 'not-found') throw new CannotTell(`systemd does not know ${unitName(unit)}`);
  const group = value('ControlGroup');
  if (group === '') return [];
  for (const root of [cgroups, `${cgroups}/systemd`, `${cgroups}/unified`]) {
    const pids = await pidsBelow(`${root}${group}`).catch(() => undefined);
    if (pids) return pids;
  }
  throw new CannotTell(`the control group ${group} cannot be read`);
}

async function pidsBelow(folder: string): Promise<number[]> {
  const own = (await readFile(`${folder}/cgroup.procs`, 'utf8')).split('\n').filter(Boolean).map(Number);
  const inner = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const below = await Promise.all(
    inner.map(async ({ name }) => pidsBelow(`${folder}/${name}`).catch(() => [])),
  );
  return [...own, ...below.flat()];
}

/** Time by which a process may have begun after its number was written, in milliseconds: clocks are set now and then. */
const TOLERATED_MS = 60_000;

async function ofFile(file: string, table: ProcessTable): Promise<number[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new CannotTell(`${file} cannot be read: ${error.message}`);
  });
  if (text === undefined) return [];
  const pid = Number(text.trim().split(/\s/)[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) throw new WrongAnswer(`has no process number in ${file}`);
  if (!isAlive(pid)) return [];
  await expectNotReused(file, pid, table);
  return [pid];
}

/** Throws when a process began after its number was written: then it is another one. */
async function expectNotReused(file: string, pid: number, table: ProcessTable): Promise<void> {
  const [uptime, { mtimeMs }] = await Promise.all([table.uptimeMs(), stat(file)]);
  const found = await table.read(pid, uptime);
  const now = Date.now();
  if (found === undefined || now - found.ageMs - mtimeMs <= TOLERATED_MS) return;
  const reason = `the process ${pid} began after ${file} was written`;
  // A file older than the boot may be of another boot, or of a time before the clock was set.
  if (mtimeMs < now - uptime) throw new CannotTell(reason);
  throw new WrongAnswer(`is not running: ${reason}`);
}

/** Returns whether a process exists; for one of another user the kernel answers EPERM. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
