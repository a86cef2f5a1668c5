import { CPU_WINDOW_MS } from './cpu.js';
import { KeptFile, type Scratch } from './kept-file.js';
import { percentOf } from './percent.js';

/**
 * Number of CPUs from which a low upper bound replaces the exact usage. For `/proc/stat` the kernel sums up every
 * interrupt over all CPUs: hundreds of CPUs with thousands of interrupts take 1 to 4 ms, `/proc/uptime` 1 µs.
 */
export const MANY_CPUS = 32;

/** The kernel prints hundredths of a second, truncated. */
const STEP_S = 0.01;

/** Idle time above this share of the CPU time is invalid: a container may see another uptime file. */
const MAX_IDLE_SHARE = 1.02;

/** Upper bound of CPU usage from `/proc/uptime`: seconds since boot, and seconds of idle time of all CPUs. */
export class IdleBound {
  #file: KeptFile;
  /** Two readings at least a window apart, so that one of them is old enough. */
  #last = { up: NaN, idle: NaN };
  #older = { up: NaN, idle: NaN };

  constructor(root: string, scratch: Scratch) {
    this.#file = new KeptFile(`${root}/proc/uptime`, scratch, { oneGo: true });
  }

  /** Returns an upper bound of the usage in percent since a `read` at least 100 ms ago; −1 if unknown. */
  read(cpus: number): number {
    const text = this.#file.text();
    const up = text?.decimal() ?? -1;
    const idle = text?.decimal() ?? -1;
    if (up < 0 || idle < 0) return -1;
    const far = !(up - this.#last.up < CPU_WINDOW_MS / 1_000);
    const base = far ? this.#last : this.#older;
    const elapsed = up - base.up;
    const idled = idle - base.idle;
    if (far) this.#rotate(up, idle);
    if (!(elapsed > 0) || !(idled >= 0) || idled > elapsed * cpus * MAX_IDLE_SHARE + STEP_S) return -1;
    const total = (elapsed + STEP_S) * cpus;
    return percentOf(total - Math.max(0, idled - STEP_S), total);
  }

  close(): void {
    this.#file.close();
    this.#rotate(NaN, NaN);
    this.#rotate(NaN, NaN);
  }

  #rotate(up: number, idle: number): void {
    const free = this.#older;
    this.#older = this.#last;
    this.#last = free;
    free.up = up;
    free.idle = idle;
  }
}
