import { isUnknown, unknown, type Reading, type Writable } from '../../model/reading.js';
import type { CpuReading, GaugePart, Gauges, LiveGauges, LoadReading } from '../../model/snapshot.js';
import { noBound, noCpu } from './cpu.js';
import { noLoad } from './load.js';
import { usedPercent, type MemoryFigures } from './memory.js';
import { MountUsages, type MountUsage } from './mount-usage.js';

/** Readers that fill existing objects. */
export interface GaugeReaders {
  /** Looks up again what is due. Returns the time in monotonic milliseconds. */
  begin(): number;
  /** Below `under` percent an upper bound in `bound` is enough. */
  cpu(
    under: number,
    now: number,
    into: Writable<CpuReading>,
    bound: Writable<CpuReading>,
  ): Reading<CpuReading>;
  memory(): Reading<MemoryFigures>;
  load(now: number, into: Writable<LoadReading>): Reading<LoadReading>;
  /** Returns `undefined` if a remote file system is mounted. */
  mounts(into: MountUsages): Reading<readonly MountUsage[]> | undefined;
}

const NOT_ASKED = Object.freeze(unknown('not asked for'));

export class LinuxGauges implements LiveGauges {
  cpu: Gauges['cpu'] = NOT_ASKED;
  memory: Gauges['memory'] = NOT_ASKED;
  load: Gauges['load'] = NOT_ASKED;
  mounts: Gauges['mounts'] = NOT_ASKED;
  readonly #readers: GaugeReaders;
  readonly #wants: Readonly<Record<GaugePart, boolean>>;
  readonly #cpu = noCpu();
  readonly #bound = noBound();
  readonly #memory: Writable<Exclude<Gauges['memory'], { unknown: string }>> = {
    ...{ scope: 'host', totalBytes: NaN, reservedBytes: 0, availableBytes: NaN, usedPercent: NaN },
  };
  readonly #load = noLoad();
  readonly #mounts = new MountUsages();

  constructor(readers: GaugeReaders, parts: readonly GaugePart[]) {
    this.#readers = readers;
    const wants = (part: GaugePart): boolean => parts.includes(part);
    this.#wants = {
      ...{ cpu: wants('cpu'), memory: wants('memory'), load: wants('load'), mounts: wants('mounts') },
    };
  }

  read(cpuUnder = 0): boolean {
    const readers = this.#readers;
    const wants = this.#wants;
    const now = readers.begin();
    if (wants.mounts) {
      const mounts = readers.mounts(this.#mounts);
      if (mounts === undefined) return false;
      this.mounts = mounts;
    }
    if (wants.cpu) this.cpu = readers.cpu(cpuUnder, now, this.#cpu, this.#bound);
    if (wants.memory) this.memory = this.#put(readers.memory());
    if (wants.load) this.load = readers.load(now, this.#load);
    return true;
  }

  #put(figures: Reading<MemoryFigures>): Gauges['memory'] {
    if (isUnknown(figures)) return figures;
    const memory = this.#memory;
    memory.scope = figures.scope;
    memory.totalBytes = figures.total;
    memory.reservedBytes = figures.reserved;
    memory.availableBytes = Math.min(figures.available, figures.total);
    memory.usedPercent = usedPercent(figures);
    return memory;
  }
}
