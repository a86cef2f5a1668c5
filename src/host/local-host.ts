import type { Host, ReadRequest } from './host.js';
import { createLinuxReader } from './linux/linux-reader.js';
import { createPortableReader } from './portable.js';
import { unknown, type Reading } from './reading.js';
import type { Snapshot, SnapshotPart, SystemReading } from './snapshot.js';
import { anonymousMemory } from './systemd/anonymous-memory.js';
import { createSystemdReader } from './systemd/reader.js';
import { unitLog } from './systemd/unit-log.js';

const NOT_ASKED = unknown('not asked for');

/** The machine that this program runs on: Linux by its own files, others through systeminformation. */
export function localHost(): Host {
  const reader = process.platform === 'linux' ? createLinuxReader() : createPortableReader();
  const systemd = createSystemdReader();
  return {
    async read(request: ReadRequest = {}): Promise<Snapshot> {
      const { parts, units = [], discover = false, signal } = request;
      const want = <T>(part: SnapshotPart, read: () => Reading<T> | Promise<Reading<T>>) =>
        parts === undefined || parts.includes(part) ? read() : NOT_ASKED;
      const asked = { names: units, discover, ...(signal ? { signal } : {}) };
      const timestamp = Date.now();
      // Started together: nothing here waits for anything else here.
      const [cpu, memory, load, pressure, mounts, unitsRead, system] = await Promise.all([
        want('cpu', () => reader.cpu()),
        want('memory', () => reader.memory()),
        want('load', () => reader.load()),
        want('pressure', () => reader.pressure()),
        want('mounts', () => reader.mounts(signal)),
        want('units', () => systemd.readUnits(asked)),
        want('system', async (): Promise<SystemReading> => ({ state: await systemd.readState(signal) })),
      ]);
      return { timestamp, cpu, memory, load, pressure, mounts, units: unitsRead, system };
    },
    unitMemory: (unit, signal) => anonymousMemory(unit, signal),
    unitLog: (unit, signal) => unitLog(unit, signal),
    async close() {
      reader.close();
      await systemd.close();
    },
  };
}
