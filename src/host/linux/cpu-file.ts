import { isUnknown, unknown, type Reading, type Writable } from '../../model/reading.js';
import type { CpuReading } from '../../model/snapshot.js';
import { countCpus, CpuWindow, parseCpuTimes } from './cpu.js';
import { IdleBound, MANY_CPUS } from './idle-bound.js';
import { KeptFile, type Scratch } from './kept-file.js';
import { parseCpuList } from './load.js';

/** Reads CPU usage from `/proc/stat`. The number of online CPUs is counted again every `recountMs`. */
export class CpuFile {
  #stat: KeptFile;
  #online: KeptFile;
  #idle: IdleBound;
  #window = new CpuWindow();
  #recountMs: number;
  #cpus = 0;
  #skipped = false;
  #countedAt = -Infinity;

  constructor(root: string, scratch: Scratch, recountMs: number) {
    this.#recountMs = recountMs;
    this.#stat = new KeptFile(`${root}/proc/stat`, scratch, { oneGo: true });
    this.#online = new KeptFile(`${root}/sys/devices/system/cpu/online`, scratch, { oneGo: true });
    this.#idle = new IdleBound(root, scratch);
  }

  /** Reads the usage at `now`, in monotonic milliseconds, into `into`. */
  read(now: number, into: Writable<CpuReading>): Reading<CpuReading> {
    // The last exact reading is too old to compare with.
    if (this.#skipped) this.#window.forget();
    this.#skipped = false;
    const text = this.#stat.text();
    if (!text) return unknown(`CPU usage is unknown: ${this.#stat.reason}`);
    const isParsed = parseCpuTimes(text, this.#window.counters);
    if (!isParsed || (this.#isDue(now) && !this.#keep(countCpus(text), now)))
      return unknown(`CPU usage is unknown: ${this.#stat.path} could not be parsed`);
    return this.#window.take(now, this.#cpus, into);
  }

  /**
   * Reads the usage like `read`, but on a host with many CPUs reads only an upper bound, into `bound`, as long as it is
   * below `level` percent. Once it is not, the exact usage is available from the next reading on.
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

  /** Returns the number of CPUs online at `now`, counted from the cheapest file when it is due. */
  count(now: number): Reading<number> {
    if (!this.#isDue(now)) return this.#cpus;
    const list = this.#online.text();
    const listed = list ? parseCpuList(list) : -1;
    // Read too rarely to keep it open.
    this.#online.close();
    if (this.#keep(listed, now)) return listed;
    const stat = this.#stat.text();
    const cpus = stat ? countCpus(stat) : -1;
    return this.#keep(cpus, now) ? cpus : unknown('the number of CPUs is unknown');
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
