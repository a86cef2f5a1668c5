import { isUnknown, unknown, type Reading, type Writable } from '../../model/reading.js';
import type { CpuReading } from '../../model/snapshot.js';
import { countCpus, CpuWindow, parseCpuTimes } from './cpu.js';
import { IdleBound, MANY_CPUS } from './idle-bound.js';
import { KeptFile } from './kept-file.js';
import { parseCpuList } from './load.js';
import type { Scratch } from './scratch.js';

/** Reads `/proc/stat`, and knows how many CPUs are online: those that come and go are counted now and then. */
export class CpuFile {
  #scratch: Scratch;
  #stat: KeptFile;
  #online: KeptFile;
  #idle: IdleBound;
  #window = new CpuWindow();
  #recountMs: number;
  #cpus = 0;
  #skipped = false;
  #countedAt = -Infinity;

  constructor(root: string, scratch: Scratch, recountMs: number) {
    this.#scratch = scratch;
    this.#recountMs = recountMs;
    this.#stat = new KeptFile(`${root}/proc/stat`, scratch, { oneGo: true });
    this.#online = new KeptFile(`${root}/sys/devices/system/cpu/online`, scratch, { oneGo: true });
    this.#idle = new IdleBound(root, scratch);
  }

  /** Reads at `now`, in monotonic milliseconds, and gives the answer in `into`. */
  read(now: number, into: Writable<CpuReading>): Reading<CpuReading> {
    // Otherwise it would be the use over all the time in which nobody had to know it.
    if (this.#skipped) this.#window.forget();
    this.#skipped = false;
    const length = this.#stat.read();
    if (length < 0) return unknown(`CPU use is not known: ${this.#stat.reason}`);
    const { bytes } = this.#scratch;
    const understood = parseCpuTimes(bytes, length, this.#window.counters);
    if (!understood || (this.#isDue(now) && !this.#keep(countCpus(bytes, length), now)))
      return unknown(`CPU use is not known: ${this.#stat.path} was not understood`);
    return this.#window.take(now, this.#cpus, into);
  }

  /**
   * The same where an upper bound under a level, in percent, will do: on a host with many CPUs it is then all that is
   * read, and is given in `bound`. When it no longer will do, the exact use is known from the next reading on.
   */
  readUnder(
    level: number,
    now: number,
    into: Writable<CpuReading>,
    bound: Writable<CpuReading>,
  ): Reading<CpuReading> {
    const cpus = this.count(now);
    if (isUnknown(cpus) || cpus < MANY_CPUS) return this.read(now, into);
    const percent = this.#idle.read(cpus);
    if (percent < 0 || percent >= level) return this.read(now, into);
    this.#skipped = true;
    bound.percent = percent;
    bound.cpus = cpus;
    return bound;
  }

  /** The number of CPUs online at `now`. Where it has to be counted, the cheapest file tells it. */
  count(now: number): Reading<number> {
    if (!this.#isDue(now)) return this.#cpus;
    const length = this.#online.read();
    const listed = length < 0 ? -1 : parseCpuList(this.#scratch.bytes, length);
    // Not kept open: it is read once in a long while.
    this.#online.close();
    if (this.#keep(listed, now)) return listed;
    const stat = this.#stat.read();
    const cpus = stat < 0 ? -1 : countCpus(this.#scratch.bytes, stat);
    return this.#keep(cpus, now) ? cpus : unknown('the number of CPUs is not known');
  }

  close(): void {
    this.#stat.close();
    this.#online.close();
    this.#idle.close();
    this.#countedAt = -Infinity;
  }

  #isDue(now: number): boolean {
    return now - this.#countedAt >= this.#recountMs;
  }

  #keep(cpus: number, now: number): boolean {
    if (cpus <= 0) return false;
    this.#cpus = cpus;
    this.#countedAt = now;
    return true;
  }
}
