import { readdir, readFile, stat } from 'node:fs/promises';

/** One process, as `/proc` shows it. */
export interface ProcessReading {
  readonly pid: number;
  readonly parent: number;
  /** `R`, `S`, `D`, `Z` … */
  readonly state: string;
  /** CPU time that it has used, in milliseconds. */
  readonly cpuMs: number;
  /** Time since it began, in milliseconds. */
  readonly ageMs: number;
  readonly threads: number;
  /** Resident memory, in bytes. */
  readonly memoryBytes: number;
}

/** Length of a clock tick of `/proc`: the same on every Linux that Node runs on. */
const TICK_MS = 10;
const PAGE_BYTES = 4_096;

/** Reads processes below a folder such as `/proc`. */
export class ProcessTable {
  readonly #root: string;

  constructor(root = '/proc') {
    this.#root = root;
  }

  /** Numbers of all processes that can be seen. */
  async pids(): Promise<number[]> {
    return (await readdir(this.#root)).filter((name) => /^\d+$/.test(name)).map(Number);
  }

  /** `true` if processes of other users are hidden from this program. */
  async hidesOthers(): Promise<boolean> {
    return !(await this.pids()).includes(1);
  }

  /** The command line, its words with spaces between; empty for threads of the kernel, and for what has ended. */
  async commandLine(pid: number): Promise<string> {
    const text = await readFile(`${this.#root}/${pid}/cmdline`, 'utf8').catch(() => '');
    return text.replace(/\0+$/, '').replaceAll('\0', ' ');
  }

  /** Reads a process; `undefined` for one that has ended. */
  async read(pid: number, uptimeMs: number): Promise<ProcessReading | undefined> {
    try {
      const text = await readFile(`${this.#root}/${pid}/stat`, 'utf8');
      // The name before may hold anything, brackets too.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      const number = (index: number): number => Number(fields[index - 3]);
      return {
        pid,
        parent: number(4),
        state: fields[0] ?? '?',
        cpuMs: (number(14) + number(15)) * TICK_MS,
        threads: number(20),
        ageMs: Math.max(0, uptimeMs - number(22) * TICK_MS),
        memoryBytes: await this.#memory(pid, number(24) * PAGE_BYTES),
      };
    } catch {
      return undefined;
    }
  }

  /** Pages are not 4 KiB everywhere: the other file has kilobytes. */
  async #memory(pid: number, otherwise: number): Promise<number> {
    const text = await readFile(`${this.#root}/${pid}/status`, 'utf8');
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(text) ?? [];
    return kib === undefined ? (text.includes('VmSize:') ? otherwise : 0) : Number(kib) * 1_024;
  }

  /** Time since the machine booted, in milliseconds. */
  async uptimeMs(): Promise<number> {
    return Number((await readFile(`${this.#root}/uptime`, 'utf8')).split(' ')[0]) * 1_000;
  }

  /** Number of descriptors that a process has open, and how many it may have. Rejects without the right to see them. */
  async descriptors(pid: number): Promise<{ readonly open: number; readonly limit: number }> {
    const folder = `${this.#root}/${pid}/fd`;
    // Linux 6.2 and later tell the number without the right to see which.
    const { size } = await stat(folder);
    const open = size > 0 ? size : (await readdir(folder)).length;
    const limits = await readFile(`${this.#root}/${pid}/limits`, 'utf8');
    const [, soft] = /^Max open files\s+(\S+)/m.exec(limits) ?? [];
    return { open, limit: soft === undefined || soft === 'unlimited' ? Infinity : Number(soft) };
  }
}
