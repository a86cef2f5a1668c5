import { CPU_WINDOW_MS } from './cpu.js';
import { Digits } from './digits.js';
import { KeptFile } from './kept-file.js';
import { percentOf } from './percent.js';
import type { Scratch } from './scratch.js';

/**
 * From so many CPUs on an upper bound will do where it is low enough. For `/proc/stat` the kernel sums up every
 * interrupt over all CPUs, whether anybody reads that far or not: hundreds of CPUs with thousands of interrupts cost
 * 1 to 4 ms, against 1 µs for `/proc/uptime`. With few CPUs it is as cheap to know it exactly.
 */
export const MANY_CPUS = 32;

/** The kernel prints hundredths of a second, cut off. */
const STEP_S = 0.01;

/** No more idle time than this share of the time of all CPUs is believed: containers may be shown times of their own. */
const BELIEVABLE = 1.02;

/** An upper bound of CPU use from `/proc/uptime`: the time since boot, and the time that all CPUs were idle, in seconds. */
export class IdleBound {
  #scratch: Scratch;
  #file: KeptFile;
  #digits = new Digits();
  /** Two readings that are at least as far apart as a window has to be, so that one of them is old enough. */
  #last = { up: NaN, idle: NaN };
  #older = { up: NaN, idle: NaN };

  constructor(root: string, scratch: Scratch) {
    this.#scratch = scratch;
    this.#file = new KeptFile(`${root}/proc/uptime`, scratch, { oneGo: true });
  }

  /** Percent of all CPUs that were busy since an earlier `read`, 100 ms ago or more, at most; −1 where that cannot be told. */
  read(cpus: number): number {
    const length = this.#file.read();
    const digits = this.#digits.over(this.#scratch.bytes, Math.max(0, length));
    const up = digits.decimal();
    const idle = digits.decimal();
    if (up < 0 || idle < 0) return -1;
    const far = !(up - this.#last.up < CPU_WINDOW_MS / 1_000);
    const base = far ? this.#last : this.#older;
    const elapsed = up - base.up;
    const rested = idle - base.idle;
    if (far) this.#rotate(up, idle);
    if (!(elapsed > 0) || !(rested >= 0) || rested > elapsed * cpus * BELIEVABLE + STEP_S) return -1;
    const most = (elapsed + STEP_S) * cpus;
    return percentOf(most - Math.max(0, rested - STEP_S), most);
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
