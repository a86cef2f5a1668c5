import { unitOfPath, unitPath } from '../../../src/host/systemd/dbus-properties.js';
import { matchesPattern } from '../../../src/detect/watched-units.js';
import { fakeBus, type Answer, type Call, type FakeBus } from './bus/fake-bus.js';

type Values = Record<string, unknown>;

/** The interfaces of systemd that the reader uses, on a message bus in this process. */
export interface FakeSystemd {
  readonly bus: FakeBus;
  readonly address: string;
  /** Units by primary name; changes apply to the next reading. */
  readonly units: Map<string, { readonly unit: Values; readonly service: Values }>;
  /** Returns the calls since the last time, as `Member argument`. */
  asked(): string[];
  /** Sends `PropertiesChanged` of a unit. */
  signalChange(id: string): void;
  /** Sends a signal about all units, such as `UnitNew`. */
  signalWorld(member: string): void;
  /** systemd comes back under another unique name, as after `systemctl daemon-reexec`. */
  reexec(): void;
  /** Closes all connections, like a restart of the bus. */
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
    InactiveEnterTimestampMonotonic: 't',
    InactiveExitTimestampMonotonic: 't',
    ActiveExitTimestampMonotonic: 't',
    StateChangeTimestampMonotonic: 't',
    ConditionResult: 'b',
    ConditionTimestamp: 't',
    LoadError: '(ss)',
    NeedDaemonReload: 'b',
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
  ...{ Triggers: 'as', UpheldBy: 'as', Requisite: 'as', PartOf: 'as', Conflicts: 'as', ConflictedBy: 'as' },
  ...{ BoundBy: 'as', ConsistsOf: 'as', RequisiteOf: 'as', PropagatesStopTo: 'as' },
};
const SERVICE_TYPES: Record<string, string> = {
  ...{
    Type: 's',
    Result: 's',
    ExecMainStatus: 'i',
    ExecMainCode: 'i',
    NRestarts: 'u',
    RestartUSec: 't',
    RemainAfterExit: 'b',
    TasksCurrent: 't',
    TimeoutStartUSec: 't',
    TimeoutStopUSec: 't',
  },
};

/** A healthy service with these changes. */
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
  const times = {
    ActiveEnterTimestamp: 1_795_461_472_226_599n,
    ConditionTimestamp: 1_795_461_472_000_000n,
    InactiveEnterTimestampMonotonic: 0n,
    InactiveExitTimestampMonotonic: 0n,
    ActiveExitTimestampMonotonic: 0n,
    StateChangeTimestampMonotonic: 0n,
  };
  const flags = {
    Transient: false,
    CanReload: false,
    NeedDaemonReload: false,
    ConditionResult: true,
    InvocationID: Buffer.alloc(16, 0xab),
  };
  return {
    unit: {
      ...lists,
      ...healthy,
      ...times,
      ...flags,
      Id: id,
      Names: [id],
      Job: [0, '/'],
      LoadError: ['', ''],
      ...unit,
    },
    service: {
      ...{ Type: 'simple', Result: 'success', ExecMainStatus: 0, ExecMainCode: 0, NRestarts: 0 },
      ...{ RestartUSec: 100_000n, RemainAfterExit: false, TasksCurrent: 0xffff_ffff_ffff_ffffn },
      ...{ TimeoutStartUSec: 90_000_000n, TimeoutStopUSec: 0xffff_ffff_ffff_ffffn, ...own },
    },
  };
}

const SYSTEMD = 'org.freedesktop.systemd1';
const PROPERTIES = 'org.freedesktop.DBus.Properties';

/** Starts the bus and systemd. */
export async function fakeSystemd(): Promise<FakeSystemd> {
  const bus = await fakeBus();
  const units: FakeSystemd['units'] = new Map();
  const calls: string[] = [];
  let unique = ':1.0';

  const unitNamed = (name: string): Values =>
    [...units.values()].find(({ unit: { Names: names } }) => (names as string[]).includes(name))?.unit ??
    service(name, { LoadState: 'not-found', ActiveState: 'inactive', SubState: 'dead' }).unit;
  const listed = (name: string): unknown[] => {
    const unit = unitNamed(name);
    const state = [unit.LoadState, unit.ActiveState, unit.SubState];
    return [unit.Id, '', ...state, '', unitPath(String(unit.Id)), 0, '', '/'];
  };

  const isThere = (name: string): boolean =>
    [...units.values()].some(({ unit: { Names: names } }) => (names as string[]).includes(name));
  /** To look up a name that has no unit loads a unit without a file, and unloads it. */
  const lookUp = (name: string): void => {
    if (isThere(name)) return;
    for (const member of ['UnitNew', 'UnitRemoved'])
      bus.signal({
        ...{ sender: unique, path: '/org/freedesktop/systemd1', interface: `${SYSTEMD}.Manager`, member },
        ...{ signature: 'so', body: [name, unitPath(name)] },
      });
  };

  /** Properties of an object by interface, with their types. */
  function propertiesAt(path: string, face: string): Map<string, readonly [string, unknown]> {
    if (face === `${SYSTEMD}.Manager`) return new Map([['SystemState', ['s', 'running']]]);
    const name = unitOfPath(path);
    const [types, values] =
      face === `${SYSTEMD}.Unit`
        ? [UNIT_TYPES, unitNamed(name)]
        : [SERVICE_TYPES, (units.get(name) ?? service(name)).service];
    return new Map(Object.entries(types).map(([key, type]) => [key, [type, values[key]]]));
  }

  function answer({ member, path, interface: face, body: [first, second] }: Call): Answer {
    calls.push(`${member} ${JSON.stringify(face === PROPERTIES ? (second ?? first) : first)}`);
    switch (member) {
      case 'Subscribe':
        return [''];
      case 'ListUnitsByNames':
        for (const name of first as string[]) lookUp(name);
        return ['a(ssssssouso)', (first as string[]).map(listed)];
      case 'ListUnitsByPatterns': {
        const matches = (id: string): boolean =>
          (second as string[]).some((pattern) => matchesPattern(id, pattern));
        return ['a(ssssssouso)', [...units.keys()].filter(matches).map(listed)];
      }
      case 'ListUnitsFiltered': {
        const isWanted = ({ ActiveState: active, SubState: sub }: Values): boolean =>
          (first as unknown[]).includes(active) || (first as unknown[]).includes(sub);
        const found = [...units].filter(([, { unit }]) => isWanted(unit));
        return ['a(ssssssouso)', found.map(([id]) => listed(id))];
      }
      case 'GetAll':
        if (String(first) !== `${SYSTEMD}.Manager`) lookUp(unitOfPath(path));
        return ['a{sv}', [...propertiesAt(path, String(first))]];
      case 'Get': {
        const value = propertiesAt(path, String(first)).get(String(second));
        return value ? ['v', value] : 'org.freedesktop.DBus.Error.UnknownProperty';
      }
      default:
        return 'org.freedesktop.DBus.Error.UnknownMethod';
    }
  }
  bus.own(SYSTEMD, unique, answer);

  return {
    bus,
    address: bus.address,
    units,
    asked: () => calls.splice(0),
    signalChange(id) {
      const { unit = {} } = units.get(id) ?? {};
      const change = (kind: string, changed: unknown[]): void =>
        bus.signal({
          ...{ sender: unique, path: unitPath(id), interface: PROPERTIES, member: 'PropertiesChanged' },
          ...{ signature: 'sa{sv}as', body: [`${SYSTEMD}.${kind}`, changed, []] },
        });
      change('Service', []);
      change(
        'Unit',
        ['ActiveState', 'SubState'].map((name) => [name, ['s', unit[name]]]),
      );
    },
    signalWorld: (member) =>
      bus.signal({
        ...{ sender: unique, path: '/org/freedesktop/systemd1', interface: `${SYSTEMD}.Manager`, member },
        ...{ signature: 's', body: [''] },
      }),
    reexec() {
      bus.disown(SYSTEMD);
      unique = `:1.${Number(unique.slice(3)) + 1}`;
      bus.own(SYSTEMD, unique, answer);
    },
    restartBus: () => bus.restart(),
    close: () => bus.close(),
  };
}
