import type { Host, ReadRequest } from './host.js';
import { createLinuxReader } from './linux/linux-reader.js';
import { createPreSwitchCheck } from './nixos/pre-switch-check.js';
import { createNixosReader } from './nixos/nixos-reader.js';
import { createPortableReader } from './portable.js';
import { unknown } from './reading.js';
import type { Snapshot, SnapshotPart, SystemReading } from './snapshot.js';
import { anonymousMemory } from './systemd/anonymous-memory.js';
import { createSystemdReader } from './systemd/reader.js';
import { unitLog } from './systemd/unit-log.js';

const NO_NIXOS = unknown('this host does not run NixOS');
const NOT_ASKED = unknown('not asked for');

/** The machine that this program runs on: Linux by its own files, others through systeminformation. */
export function localHost(): Host {
  const reader = process.platform === 'linux' ? createLinuxReader() : createPortableReader();
  const systemd = createSystemdReader();
  const preSwitchCheck = createPreSwitchCheck();
  // Only on Linux: what nix-darwin keeps in the same places is no NixOS.
  const nixos = process.platform === 'linux' ? createNixosReader() : undefined;
  const readSystem = async (signal?: AbortSignal): Promise<SystemReading> => ({
    nixos: nixos?.read() ?? NO_NIXOS,
    rootfs: reader.rootfs(),
    oomKills: reader.oomKills(),
    state: await systemd.readState(signal),
  });
  return {
    read(request: ReadRequest = {}): Snapshot | Promise<Snapshot> {
      const { parts, units, discover, signal } = request;
      const timestamp = Date.now();
      const cpu = wants(parts, 'cpu') ? reader.cpu() : NOT_ASKED;
      const memory = wants(parts, 'memory') ? reader.memory(signal) : NOT_ASKED;
      const load = wants(parts, 'load') ? reader.load() : NOT_ASKED;
      const pressure = wants(parts, 'pressure') ? reader.pressure() : NOT_ASKED;
      const mounts = wants(parts, 'mounts') ? reader.mounts(signal) : NOT_ASKED;
      const unitsRead = wants(parts, 'units')
        ? systemd.readUnits({ names: units ?? [], discover: discover ?? false, signal })
        : NOT_ASKED;
      const system = wants(parts, 'system') ? readSystem(signal) : NOT_ASKED;
      // Most readings wait for nothing: then neither does this one.
      if (isPending(memory) || isPending(mounts) || isPending(unitsRead) || isPending(system)) {
        return Promise.all([memory, mounts, unitsRead, system]).then(([memory, mounts, units, system]) => ({
          timestamp,
          cpu,
          memory,
          load,
          mounts,
          pressure,
          units,
          system,
        }));
      }
      return { timestamp, cpu, memory, load, mounts, pressure, units: unitsRead, system };
    },
    unitMemory: (unit, signal) => anonymousMemory(unit, signal),
    unitLog: (unit, signal) => unitLog(unit, signal),
    preSwitchCheck,
    activeServices: (signal) => systemd.activeServices(signal),
    unitChanges: async (from, to, signal) => nixos?.unitChanges(from, to, signal) ?? NO_NIXOS,
    systemIdentity: (path) => Promise.resolve(nixos?.identity(path) ?? NO_NIXOS),
    nixActivity: async () => nixos?.activity() ?? NO_NIXOS,
    async close() {
      reader.close();
      await systemd.close();
    },
  };
}

const wants = (parts: readonly SnapshotPart[] | undefined, part: SnapshotPart): boolean =>
  parts === undefined || parts.includes(part);
const isPending = (value: unknown): value is Promise<unknown> => value instanceof Promise;
