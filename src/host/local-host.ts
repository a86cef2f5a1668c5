import { existsSync } from 'node:fs';
import { messageOf } from '../base/errors.js';
import { lazy } from '../base/lazy.js';
import { isPending } from '../base/pending.js';
import type { Host, ReadRequest } from './host.js';
import type { LinuxReader } from './linux/linux-reader.js';
import { CURRENT_SYSTEM } from './nixos/places.js';
import type { PortableReader } from './portable.js';
import { unknown, type Writable } from '../model/reading.js';
import type { RecentReading, Snapshot, SnapshotPart, SystemReading } from '../model/snapshot.js';
import { createLazySystemdReader } from './systemd/lazy-reader.js';

const NO_NIXOS = unknown('this host does not run NixOS');
const NOT_ASKED = unknown('not asked for');
const NO_NAMES: readonly string[] = Object.freeze([]);
/** Maximum age of the count of kills in a recent reading, in milliseconds: it costs as much as all gauges. */
const RECENT_KILLS_MS = 5_000;

const unitMemory = lazy(() => import('./systemd/anonymous-memory.js'));
const controls = lazy(() => import('./controls.js'));
const unitLog = lazy(() => import('./systemd/unit-log.js'));

const HOSTS_OF_THIS_MACHINE = new WeakSet<Host>();

/** Returns whether {@link localHost} created this object. A copy does not count: its `read` may be another one. */
export const isThisMachine = (host: Host): boolean => HOSTS_OF_THIS_MACHINE.has(host);

/** Creates a host for the machine that this program runs on: Linux by its files, others through systeminformation. */
export function localHost(): Host {
  const isLinux = process.platform === 'linux';
  let linux: LinuxReader | undefined;
  let reader: LinuxReader | PortableReader | undefined;
  const loadReader = lazy(async () => {
    if (isLinux) reader = linux = (await import('./linux/linux-reader.js')).createLinuxReader();
    else reader = (await import('./portable.js')).createPortableReader();
  });
  const systemd = createLazySystemdReader();
  // Only on Linux: nix-darwin uses the same paths, but is not NixOS.
  let isNixos: boolean | undefined;
  const runsNixos = (): boolean => (isNixos ??= isLinux && existsSync(CURRENT_SYSTEM));
  const loadNixos = lazy(async () => (await import('./nixos/nixos-reader.js')).createNixosReader());
  const nixos = async () => (isLinux ? loadNixos() : undefined);
  const unitChanges: Host['unitChanges'] = async (from, to, signal) =>
    (await nixos())?.unitChanges(from, to, signal) ?? NO_NIXOS;
  const readSystem = (
    from: LinuxReader | PortableReader,
    { recent, signal }: ReadRequest,
  ): SystemReading | Promise<SystemReading> => {
    const oomKills = from.oomKills(recent ? RECENT_KILLS_MS : 0);
    const state = systemd.readState({ recent, signal });
    if (!runsNixos() && !isPending(state)) return { nixos: NO_NIXOS, oomKills, state };
    return Promise.all([state, runsNixos() ? loadNixos() : undefined]).then(([word, reader]) => ({
      ...{ nixos: reader?.read() ?? NO_NIXOS, oomKills, state: word },
    }));
  };
  const recent: Writable<RecentReading> = { units: NOT_ASKED, state: NOT_ASKED, oomKills: NOT_ASKED };
  const host: Host = {
    read(request: ReadRequest = {}): Snapshot | Promise<Snapshot> {
      if (reader === undefined) {
        return loadReader().then(
          () => host.read(request),
          (error: unknown) =>
            unknownSnapshot(`the reader of this host could not be loaded: ${messageOf(error)}`),
        );
      }
      if (request.controls) return withControls(host.read({ ...request, controls: false }));
      const { parts, units, mountPoints, patterns, discover = false, recent, fresh, signal } = request;
      const timestamp = Date.now();
      const cpu = wants(parts, 'cpu') ? reader.cpu() : NOT_ASKED;
      const memory = wants(parts, 'memory') ? reader.memory(signal) : NOT_ASKED;
      const load = wants(parts, 'load') ? reader.load() : NOT_ASKED;
      const pressure = wants(parts, 'pressure') ? reader.pressure() : NOT_ASKED;
      const mounts = wants(parts, 'mounts') ? reader.mounts(signal, mountPoints) : NOT_ASKED;
      const unitsRead = wants(parts, 'units')
        ? systemd.readUnits({ names: units ?? NO_NAMES, patterns, discover, recent, fresh, signal })
        : NOT_ASKED;
      const system: Snapshot['system'] | Promise<Snapshot['system']> = wants(parts, 'system')
        ? readSystem(reader, request)
        : NOT_ASKED;
      // Stays synchronous if every part is.
      return isPending(memory) || isPending(mounts) || isPending(unitsRead) || isPending(system)
        ? Promise.all([memory, mounts, unitsRead, system]).then(([memory, mounts, units, system]) => ({
            ...{ timestamp, cpu, memory, load, mounts, pressure, units, system },
          }))
        : { timestamp, cpu, memory, load, mounts, pressure, units: unitsRead, system };
    },
    liveGauges: (parts, mountPoints) => linux?.liveGauges(parts, mountPoints),
    recent(request) {
      const { parts, units, patterns, discover = false } = request;
      if (linux === undefined) return undefined;
      if (wants(parts, 'units')) {
        const read = systemd.recentUnits({ names: units ?? NO_NAMES, patterns, discover });
        if (read === undefined) return undefined;
        recent.units = read;
      }
      if (wants(parts, 'system')) {
        const state = systemd.recentState();
        if (state === undefined) return undefined;
        recent.state = state;
        recent.oomKills = linux.oomKills(RECENT_KILLS_MS);
      }
      return recent;
    },
    unitMemory: async (unit, signal) => (await unitMemory()).anonymousMemory(unit, signal),
    unitLog: async (unit, signal) => (await unitLog()).unitLog(unit, signal),
    watch: (units, listener) => systemd.watch(units, listener),
    unitRelations: (units, signal) => systemd.unitRelations(units, signal),
    activeServices: (signal) => systemd.activeServices(signal),
    /** Absent without NixOS, so that callers skip it. */
    get unitChanges() {
      return runsNixos() ? unitChanges : undefined;
    },
    systemIdentity: async (path) => (await nixos())?.identity(path) ?? NO_NIXOS,
    nixActivity: async () => (await nixos())?.activity() ?? NO_NIXOS,
    async close() {
      reader?.close();
      await systemd.close();
    },
  };
  HOSTS_OF_THIS_MACHINE.add(host);
  return host;
}

/** Adds the interfaces of built-in actions. */
async function withControls(snapshot: Snapshot | Promise<Snapshot>): Promise<Snapshot> {
  const read = await snapshot;
  try {
    return { ...read, controls: (await controls()).readControls('') };
  } catch (error) {
    return { ...read, controls: unknown(messageOf(error)) };
  }
}

/** Creates a snapshot in which every part is unknown. */
function unknownSnapshot(reason: string): Snapshot {
  const none = unknown(reason);
  return {
    ...{ timestamp: Date.now(), cpu: none, memory: none, load: none },
    ...{ mounts: none, pressure: none, units: none, system: none },
  };
}

const wants = (parts: readonly SnapshotPart[] | undefined, part: SnapshotPart): boolean =>
  parts === undefined || parts.includes(part);
