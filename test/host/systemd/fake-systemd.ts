import { createBroker, createClient, type MessageBus } from 'dbus-native';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unitPath } from '../../../src/host/systemd/dbus-properties.js';

type Values = Record<string, unknown>;

/** systemd's interfaces, as far as the reader uses them, on a real message bus that runs in this process. */
export interface FakeSystemd {
  readonly address: string;
  /** The units by primary name; what is written here is what the next reading sees. */
  readonly units: Map<string, { readonly unit: Values; readonly service: Values }>;
  /** What was asked since the last time, as `Member argument`. */
  asked(): string[];
  /** Says that properties of a unit have changed. */
  signalChange(id: string): void;
  /** Says something about all units, such as `UnitNew`. */
  signalWorld(member: string): void;
  /** Cuts all connections, as a restart of the bus does. */
  restartBus(): Promise<void>;
  close(): Promise<void>;
}

const UNIT_TYPES: Record<string, string> = {
  ...{
    Id: 's',
    Names: 'as',
    LoadState: 's',
    ActiveState: 's',
    SubState: 's',
    UnitFileState: 's',
    Transient: 'b',
  },
  ...{
    CanReload: 'b',
    InvocationID: 'ay',
    ActiveEnterTimestamp: 't',
    ConditionResult: 'b',
    ConditionTimestamp: 't',
  },
  ...{
    Job: '(uo)',
    TriggeredBy: 'as',
    WantedBy: 'as',
    Requires: 'as',
    BindsTo: 'as',
    After: 'as',
    RequiredBy: 'as',
  },
  ...{ BoundBy: 'as', ConsistsOf: 'as', RequisiteOf: 'as', PropagatesStopTo: 'as' },
};
const SERVICE_TYPES: Record<string, string> = {
  ...{
    Type: 's',
    Result: 's',
    ExecMainStatus: 'i',
    NRestarts: 'u',
    TimeoutStartUSec: 't',
    TimeoutStopUSec: 't',
  },
};

/** A healthy service, with what differs. */
export function service(id: string, unit: Values = {}, own: Values = {}): { unit: Values; service: Values } {
  const lists = Object.fromEntries(
    Object.entries(UNIT_TYPES).flatMap(([name, type]) => (type === 'as' ? [[name, []]] : [])),
  );
  const healthy = {
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    UnitFileState: 'enabled',
  };
  const times = { ActiveEnterTimestamp: 1_795_461_472_226_599n, ConditionTimestamp: 1_795_461_472_000_000n };
  const flags = {
    Transient: false,
    CanReload: false,
    ConditionResult: true,
    InvocationID: Buffer.alloc(16, 0xab),
  };
  return {
    unit: { ...lists, ...healthy, ...times, ...flags, Id: id, Names: [id], Job: [0, '/'], ...unit },
    service: {
      ...{ Type: 'simple', Result: 'success', ExecMainStatus: 0, NRestarts: 0 },
      ...{ TimeoutStartUSec: 90_000_000n, TimeoutStopUSec: 0xffff_ffff_ffff_ffffn, ...own },
    },
  };
}

/** Starts the bus and puts systemd on it. */
export async function fakeSystemd(): Promise<FakeSystemd> {
  const folder = mkdtempSync(join(tmpdir(), 'fake-systemd-'));
  const socket = join(folder, 'bus');
  const units: FakeSystemd['units'] = new Map();
  const calls: string[] = [];
  let broker: ReturnType<typeof createBroker>;
  let bus: MessageBus;

  const listed = (name: string): unknown[] => {
    const {
      unit = service(name, { LoadState: 'not-found', ActiveState: 'inactive', SubState: 'dead' }).unit,
    } = [...units.values()].find(({ unit: { Names: names } }) => (names as string[]).includes(name)) ?? {};
    exportUnit(String(unit.Id), unit);
    const state = [unit.LoadState, unit.ActiveState, unit.SubState];
    return [unit.Id, '', ...state, '', unitPath(String(unit.Id)), 0, '', '/'];
  };
  const manager = {
    SystemState: 'running',
    Subscribe: () => null,
    ListUnitsByNames: (names: string[]) => names.map(listed),
    ListUnitsFiltered: (states: string[]) =>
      [...units].flatMap(([id, { unit }]) =>
        states.includes(String(unit.ActiveState)) || states.includes(String(unit.SubState))
          ? [listed(id)]
          : [],
      ),
  };

  function exportUnit(id: string, unit: Values): void {
    const own = units.get(id)?.service ?? service(id).service;
    const face = (kind: string, properties: Record<string, string>) => ({
      name: `org.freedesktop.systemd1.${kind}`,
      methods: {},
      signals: {},
      properties,
    });
    bus.exportInterface(unit, unitPath(id), face('Unit', UNIT_TYPES));
    bus.exportInterface(own, unitPath(id), face('Service', SERVICE_TYPES));
  }

  async function start(): Promise<void> {
    broker = createBroker();
    await new Promise<void>((resolve) => broker.listen({ socket }, () => resolve()));
    bus = createClient({ socket });
    // A question may be under way while the bus is restarted: its answer has nowhere to go.
    bus.connection.on('error', () => undefined);
    bus.connection.on('message', ({ type, member, body, interface: iface }) => {
      if (type === 1)
        calls.push(`${member} ${JSON.stringify(iface?.endsWith('Properties') ? body?.at(-1) : body?.[0])}`);
    });
    bus.exportInterface(manager, '/org/freedesktop/systemd1', {
      name: 'org.freedesktop.systemd1.Manager',
      methods: {
        Subscribe: ['', '', [], []],
        ListUnitsByNames: ['as', 'a(ssssssouso)', ['names'], ['units']],
        ListUnitsFiltered: ['as', 'a(ssssssouso)', ['states'], ['units']],
      },
      signals: {},
      properties: { SystemState: 's' },
    });
    await bus.requestName('org.freedesktop.systemd1', 0);
  }

  async function stop(): Promise<void> {
    await bus.close();
    await new Promise<void>((resolve) => broker.close(() => resolve()));
  }

  await start();
  return {
    address: `unix:path=${socket}`,
    units,
    asked: () => calls.splice(0),
    signalChange(id) {
      const change = (kind: string, changed: unknown[]) =>
        bus.sendSignal(unitPath(id), 'org.freedesktop.DBus.Properties', 'PropertiesChanged', 'sa{sv}as', [
          ...[`org.freedesktop.systemd1.${kind}`, changed, []],
        ]);
      const { unit = {} } = units.get(id) ?? {};
      exportUnit(id, unit);
      change('Service', []);
      change(
        'Unit',
        ['ActiveState', 'SubState'].map((name) => [name, ['s', unit[name]]]),
      );
    },
    signalWorld: (member) =>
      bus.sendSignal('/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', member, 's', ['']),
    async restartBus() {
      await stop();
      await start();
    },
    async close() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
