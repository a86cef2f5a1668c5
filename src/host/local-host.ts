import { existsSync } from 'node:fs';
import { isPending } from '../pending.js';
import type { Host, ReadRequest } from './host.js';
import { createLinuxReader } from './linux/linux-reader.js';
import { createNixosReader } from './nixos/nixos-reader.js';
import { CURRENT_SYSTEM } from './nixos/places.js';
import { createPortableReader } from './portable.js';
import { unknown } from './reading.js';
import type { Snapshot, SnapshotPart, SystemReading } from './snapshot.js';
import { createLazySystemdReader } from './systemd/lazy-reader.js';

const NO_NIXOS = unknown('this host does not run NixOS');
const NOT_ASKED = unknown('not asked for');
const NO_NAMES: readonly string[] = Object.freeze([]);

/** The machine that this program runs on: Linux by its own files, others through systeminformation. */
export function localHost(): Host {
  const reader = process.platform === 'linux' ? createLinuxReader() : createPortableReader();
  const systemd = createLazySystemdReader();
  const snapshotOf = keptSnapshot();
  // Only on Linux: what nix-darwin keeps in the same places is no NixOS.
  const nixos = process.platform === 'linux' ? createNixosReader() : undefined;
  const unitChanges: Host['unitChanges'] = async (from, to, signal) =>
    nixos?.unitChanges(from, to, signal) ?? NO_NIXOS;
  let runsNixos: boolean | undefined;
  let preSwitchCheck: Host['preSwitchCheck'];
  const readSystem = async ({ recent, signal }: ReadRequest): Promise<SystemReading> => ({
    nixos: nixos?.read() ?? NO_NIXOS,
    rootfs: reader.rootfs(),
    oomKills: reader.oomKills(),
    state: await systemd.readState({ recent, signal }),
  });
  return {
    read(request: ReadRequest = {}): Snapshot | Promise<Snapshot> {
      const { parts, units, discover, recent, signal } = request;
      const timestamp = Date.now();
      const cpu = wants(parts, 'cpu') ? reader.cpu() : NOT_ASKED;
      const memory = wants(parts, 'memory') ? reader.memory(signal) : NOT_ASKED;
      const load = wants(parts, 'load') ? reader.load() : NOT_ASKED;
      const pressure = wants(parts, 'pressure') ? reader.pressure() : NOT_ASKED;
      const mounts = wants(parts, 'mounts') ? reader.mounts(signal) : NOT_ASKED;
      const unitsRead = wants(parts, 'units')
        ? systemd.readUnits({ names: units ?? NO_NAMES, discover: discover ?? false, recent, signal })
        : NOT_ASKED;
      const system: Snapshot['system'] | Promise<Snapshot['system']> = wants(parts, 'system')
        ? readSystem(request)
        : NOT_ASKED;
      // Most readings wait for nothing: then neither does this one.
      return isPending(memory) || isPending(mounts) || isPending(unitsRead) || isPending(system)
        ? Promise.all([memory, mounts, unitsRead, system]).then(([memory, mounts, units, system]) =>
            snapshotOf(timestamp, cpu, memory, load, mounts, pressure, units, system),
          )
        : snapshotOf(timestamp, cpu, memory, load, mounts, pressure, unitsRead, system);
    },
    unitMemory: async (unit, signal) =>
      (await import('./systemd/anonymous-memory.js')).anonymousMemory(unit, signal),
    unitLog: async (unit, signal) => (await import('./systemd/unit-log.js')).unitLog(unit, signal),
    watch: (units, listener) => systemd.watch(units, listener),
    activeServices: (signal) => systemd.activeServices(signal),
    /** Absent where there are no systems to compare: then nobody spends a look on them. */
    get unitChanges() {
      runsNixos ??= nixos !== undefined && existsSync(CURRENT_SYSTEM);
      return runsNixos ? unitChanges : undefined;
    },
    systemIdentity: (path) => Promise.resolve(nixos?.identity(path) ?? NO_NIXOS),
    preSwitchCheck: async (system, signal) => {
      preSwitchCheck ??= (await import('./nixos/pre-switch-check.js')).createPreSwitchCheck();
      return preSwitchCheck(system, signal);
    },
    nixActivity: async () => nixos?.activity() ?? NO_NIXOS,
    async close() {
      reader.close();
      await systemd.close();
    },
  };
}

const wants = (parts: readonly SnapshotPart[] | undefined, part: SnapshotPart): boolean =>
  parts === undefined || parts.includes(part);

/** Makes snapshots; where nothing changed since the last one, that very object is given again. */
function keptSnapshot() {
  let last: Snapshot | undefined;
  return (
    timestamp: number,
    cpu: Snapshot['cpu'],
    memory: Snapshot['memory'],
    load: Snapshot['load'],
    mounts: Snapshot['mounts'],
    pressure: Snapshot['pressure'],
    units: Snapshot['units'],
    system: Snapshot['system'],
  ): Snapshot => {
    const same =
      last?.timestamp === timestamp &&
      last.cpu === cpu &&
      last.memory === memory &&
      last.load === load &&
      last.mounts === mounts &&
      last.pressure === pressure &&
      last.units === units &&
      last.system === system;
    return same ? last! : (last = { timestamp, cpu, memory, load, mounts, pressure, units, system });
  };
}
