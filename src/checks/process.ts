import type { Check } from '../detect/check.js';
import { messageOf } from '../base/errors.js';
import type { Verdict } from '../model/issue.js';
import { bytes } from '../base/format.js';
import { CannotTell, cannotTell, judging } from './failure.js';
import { inOrder, judgeLimits } from './limits.js';
import { bad, expectOptions, makeCheck, type CommonOptions } from './make.js';
import { findProcesses, type Finder, type ProcessChoice } from './process-find.js';
import { ProcessTable, type ProcessReading } from './process-table.js';
import { number, oneNeeded, path, pattern, unit, whole, type CheckRule } from './rules.js';

/** Options of {@link process}: exactly one of `unit`, `pidFile` and `match`. */
export interface ProcessOptions extends CommonOptions, ProcessChoice {
  /** Least number of them. Default 1. */
  readonly minCount?: number;
  /** Greatest number of them. */
  readonly maxCount?: number;
  /** Least age of the youngest, in seconds: a younger one has just been restarted. */
  readonly minAgeSeconds?: number;
  /** Greatest age of the oldest, in seconds. */
  readonly maxAgeSeconds?: number;
  /** Resident memory of all together, in bytes. */
  readonly maxMemoryBytes?: number;
  /** CPU of all together between two runs, in percent of one CPU. Unknown in the first run. */
  readonly maxCpuPercent?: number;
  /** Threads of all together. */
  readonly maxThreads?: number;
  /** Open file descriptors of the one that has the most. */
  readonly maxDescriptors?: number;
  /** The same, in percent of its limit. */
  readonly maxDescriptorsPercent?: number;
  /** Children that have ended and were not waited for, its own state included. */
  readonly maxZombies?: number;
}

const chosen = oneNeeded('unit', 'pidFile', 'match');
const paired = inOrder([
  ['minCount', 'maxCount'],
  ['minAgeSeconds', 'maxAgeSeconds'],
]);

export const PROCESS_RULE: CheckRule = {
  keys: {
    ...{ unit, pidFile: path, match: pattern },
    minCount: whole(0, 1e6),
    maxCount: whole(0, 1e6),
    minAgeSeconds: number(0, 1e9),
    maxAgeSeconds: number(0, 1e9),
    maxMemoryBytes: number(0, Number.MAX_SAFE_INTEGER),
    maxCpuPercent: number(0, 1e6),
    maxThreads: whole(0, 1e6),
    maxDescriptors: whole(0, 1e9),
    maxDescriptorsPercent: number(0, 100),
    maxZombies: whole(0, 1e6),
  },
  together: (name, options) => {
    chosen(name, options);
    paired(name, options);
  },
};

/**
 * Makes a check of processes: of a unit, of a file with a process number, or by their command line. Linux only.
 *
 * @example
 * ```js
 * import { process } from '@luminous-nix/self-healing/checks';
 *
 * const api = process({ unit: 'api', maxMemoryBytes: 2e9, maxDescriptorsPercent: 90, maxZombies: 10, heals: 'api' });
 * ```
 */
export function process(options: ProcessOptions): Check {
  return processWith(options, { table: new ProcessTable() });
}

/** The same, with other places to read. */
export function processWith(options: ProcessOptions, finder: Finder): Check {
  expectOptions('process', PROCESS_RULE, options);
  const what = `process:${options.unit ?? options.pidFile ?? String(options.match)}`;
  const usage = new CpuShare();
  return makeCheck(options, {
    ...{ name: what, type: 'service' },
    run: judging(what, ({ signal }) => judge(what, options, finder, usage, signal)),
  });
}

async function judge(
  what: string,
  options: ProcessOptions,
  finder: Finder,
  usage: CpuShare,
  signal: AbortSignal,
): Promise<Verdict> {
  const { table } = finder;
  const uptime = await table.uptimeMs().catch(cannotTell());
  const pids = await findProcesses(options, finder, signal);
  const read = await Promise.all(pids.map(async (pid) => table.read(pid, uptime)));
  const found = read.filter((one) => one !== undefined);
  const alive = found.filter(({ state }) => state !== 'Z' && state !== 'X');
  const { minCount = 1, maxCount, maxDescriptors, maxDescriptorsPercent, maxZombies } = options;
  if (pids.length > 0 && found.length === 0 && (await table.hidesOthers()))
    throw new CannotTell('processes of other users are hidden from this program');
  if (alive.length === 0 && minCount > 0)
    return bad(`${what} is not running`, { value: 0, threshold: minCount });
  const sum = (of: (one: ProcessReading) => number): number =>
    alive.reduce((total, one) => total + of(one), 0);
  const memory = sum((one) => one.memoryBytes);
  const ages = alive.map(({ ageMs }) => ageMs / 1_000);
  const [minAge, maxAge] = alive.length > 0 ? [options.minAgeSeconds, options.maxAgeSeconds] : [];
  const asksDescriptors = maxDescriptors !== undefined || maxDescriptorsPercent !== undefined;
  const descriptors = asksDescriptors ? await mostDescriptors(table, alive) : undefined;
  const ended = maxZombies === undefined ? 0 : await zombies(table, found, uptime);
  // The measure that was asked for is the one to show over time, rather than the number of processes.
  return judgeLimits(
    [
      { what: `age of ${what}`, value: Math.min(...ages), min: minAge, unit: 's' },
      { what: `age of ${what}`, value: Math.max(...ages), max: maxAge, unit: 's' },
      { what: `memory of ${what}`, value: memory, max: options.maxMemoryBytes, unit: 'B' },
      { what: `CPU of ${what}`, value: usage.percent(alive), max: options.maxCpuPercent, unit: '%' },
      { what: `threads of ${what}`, value: sum((one) => one.threads), max: options.maxThreads },
      { what: `descriptors of ${what}`, value: descriptors?.open ?? 0, max: maxDescriptors },
      {
        what: `descriptors of ${what}`,
        value: descriptors?.percent ?? 0,
        max: maxDescriptorsPercent,
        unit: '%',
      },
      { what: `zombies of ${what}`, value: ended, max: maxZombies },
      { what: `number of ${what}`, value: alive.length, min: minCount, max: maxCount },
    ],
    `${what} runs: ${alive.length} ${alive.length === 1 ? 'process' : 'processes'}, ${bytes(memory)}`,
  );
}

async function mostDescriptors(table: ProcessTable, alive: readonly ProcessReading[]) {
  try {
    const all = await Promise.all(alive.map(async ({ pid }) => table.descriptors(pid)));
    return {
      open: Math.max(0, ...all.map(({ open }) => open)),
      percent: Math.max(0, ...all.map(({ open, limit }) => (100 * open) / limit)),
    };
  } catch (error) {
    return { open: messageOf(error), percent: messageOf(error) };
  }
}

/** Those that are meant, and their children. */
async function zombies(
  table: ProcessTable,
  meant: readonly ProcessReading[],
  uptime: number,
): Promise<number> {
  const pids = new Set(meant.map(({ pid }) => pid));
  const all = await Promise.all((await table.pids()).map(async (pid) => table.read(pid, uptime)));
  return all.filter((one) => one?.state === 'Z' && (pids.has(one.pid) || pids.has(one.parent))).length;
}

/** CPU use between two runs. */
class CpuShare {
  #before: { readonly at: number; readonly ms: ReadonlyMap<number, number> } | undefined;

  /** Percent of one CPU; a reason in the first run. Processes that began since then count whole. */
  percent(alive: readonly ProcessReading[]): number | string {
    const now = performance.now();
    const before = this.#before;
    this.#before = { at: now, ms: new Map(alive.map(({ pid, cpuMs }) => [pid, cpuMs])) };
    if (before === undefined || now === before.at) return 'it needs two readings';
    const used = alive.reduce(
      (total, { pid, cpuMs }) => total + Math.max(0, cpuMs - (before.ms.get(pid) ?? 0)),
      0,
    );
    return (100 * used) / (now - before.at);
  }
}
