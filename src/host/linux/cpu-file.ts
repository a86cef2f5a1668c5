import { unknown, type Reading, type Writable } from '../reading.js';
import type { CpuReading } from '../snapshot.js';
import { CpuWindow, parseCpuTimes } from './cpu.js';
import { KeptFile } from './kept-file.js';
import { parseCpuList } from './load.js';
import type { Scratch } from './scratch.js';

/** Reads `/proc/stat`, and knows how many CPUs are online. */
export class CpuFile {
  #scratch: Scratch;
  #stat: KeptFile;
  #online: KeptFile;
  #window = new CpuWindow();
  /** CPUs counted by the last `read`, until `count` has taken the number. */
  #counted = 0;

  constructor(root: string, scratch: Scratch) {
    this.#scratch = scratch;
    this.#stat = new KeptFile(`${root}/proc/stat`, scratch, { oneGo: true });
    this.#online = new KeptFile(`${root}/sys/devices/system/cpu/online`, scratch, { oneGo: true });
  }

  /** Reads at `now`, in monotonic milliseconds, and gives the answer in `into`. */
  read(now: number, into: Writable<CpuReading>): Reading<CpuReading> {
    const length = this.#stat.read();
    if (length < 0) return unknown(`CPU use is not known: ${this.#stat.reason}`);
    const cpus = parseCpuTimes(this.#scratch.bytes, length, this.#window.counters);
    if (cpus < 0) return unknown(`CPU use is not known: ${this.#stat.path} was not understood`);
    this.#counted = cpus;
    return this.#window.take(now, cpus, into);
  }

  /** The number of CPUs online. After a `read` it is already there; otherwise the cheapest file tells it. */
  count(): Reading<number> {
    const counted = this.#counted;
    this.#counted = 0;
    if (counted > 0) return counted;
    const length = this.#online.read();
    const listed = length < 0 ? -1 : parseCpuList(this.#scratch.bytes, length);
    if (listed > 0) return listed;
    const stat = this.#stat.read();
    const cpus = stat < 0 ? -1 : parseCpuTimes(this.#scratch.bytes, stat, this.#window.counters);
    return cpus > 0 ? cpus : unknown('the number of CPUs is not known');
  }

  close(): void {
    this.#stat.close();
    this.#online.close();
  }
}
