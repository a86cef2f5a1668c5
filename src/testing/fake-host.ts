import { expectKnownKeys, expectMethods, expectObject } from '../base/expect.js';
import type { Clock } from '../base/clock.js';
import { matchesPattern } from '../detect/watched-units.js';
import type { Host, HostListener, ReadRequest } from '../host/host.js';
import type { NixActivity, SystemIdentity } from '../model/nixos-reading.js';
import { isUnknown, unknown, type Reading } from '../model/reading.js';
import { SNAPSHOT_PARTS, type Snapshot, type SnapshotPart, type UnitsReading } from '../model/snapshot.js';
import { unitName } from '../model/unit-name.js';
import type { UnitRelations } from '../model/unit-relations.js';
import type { UnitReading } from '../model/unit.js';
import { healthySnapshot } from './snapshot.js';
import { unitReading, unitRelations, unknownUnit } from './unit-reading.js';

/** State of a {@link FakeHost}; by default everything is healthy. */
export type FakeHostParts = Partial<Omit<Snapshot, 'units' | 'timestamp'>> & {
  /** Units known to systemd. */
  readonly units?: Reading<readonly UnitReading[]>;
  /** Relations of units by full name, such as conflicts. The default follows from `units`. */
  readonly relations?: Readonly<Record<string, Partial<UnitRelations>>>;
  /** Log lines by full unit name. Default: none. */
  readonly logs?: Readonly<Record<string, readonly string[]>>;
  /** Memory by full unit name, in bytes. Default: unknown. */
  readonly memories?: Readonly<Record<string, number>>;
  /** Units that differ between two NixOS systems. Default: unknown, as on a host without Nix. */
  readonly unitChanges?: (from: string, to: string) => Reading<readonly string[]>;
  /** NixOS systems besides the running and the booted one. */
  readonly systems?: readonly SystemIdentity[];
  /** Current activity of Nix. Default: none. */
  readonly activity?: Reading<NixActivity>;
};

/** Options of {@link fakeHost}. */
export interface FakeHostOptions {
  /** Clock for the time of each reading. Default: always 2025-01-01T00:00:00Z. */
  readonly clock?: Pick<Clock, 'now'>;
}

/** Host with a given state. It always meets the requirements of the port. */
export interface FakeHost extends Host {
  read(request?: ReadRequest): Snapshot;
  /** Changes some parts. */
  set(parts: FakeHostParts): void;
  /** Changes or adds one unit; by default a healthy one. */
  setUnit(name: string, changes?: Partial<UnitReading>): void;
  /** Reports to the watchers a unit with a problem, or whether the host is listening. */
  tell(unit: string | Reading<true>): void;
  /** Read requests, in order. */
  readonly requests: readonly ReadRequest[];
  /** Number of `close` calls. */
  readonly closed: number;
}

const PARTS = [
  ...[...SNAPSHOT_PARTS, 'relations', 'logs', 'memories'],
  ...['unitChanges', 'systems', 'activity', 'controls'],
];

const NOT_ASKED = unknown('not asked for');

/** Creates a host that is healthy except for the given parts. */
export function fakeHost(parts: FakeHostParts = {}, options: FakeHostOptions = {}): FakeHost {
  expectKnownKeys('parts', expectObject('parts', parts), PARTS);
  expectKnownKeys('options', expectObject('options', options), ['clock']);
  const { clock } = options;
  if (clock !== undefined) expectMethods('clock', clock, ['now']);
  const requests: ReadRequest[] = [];
  let now: FakeHostParts = { ...parts };
  let closed = 0;
  const watchers = new Set<{
    readonly units: readonly string[] | undefined;
    readonly listener: HostListener;
  }>();

  return {
    requests,
    get closed() {
      return closed;
    },
    set(more) {
      expectKnownKeys('parts', expectObject('parts', more), PARTS);
      now = { ...now, ...more };
    },
    setUnit(name, changes = {}) {
      const known = now.units === undefined || isUnknown(now.units) ? [] : now.units;
      const full = unitName(name);
      const before = known.find(({ names }) => names.includes(full)) ?? unitReading({ name: full });
      now = { ...now, units: [...known.filter((unit) => unit !== before), { ...before, ...changes }] };
    },
    read(request = {}) {
      requests.push(request);
      const given = SNAPSHOT_PARTS.filter((part) => part in now).map((part) => [part, now[part]] as const);
      const whole = healthySnapshot({
        ...(Object.fromEntries(given) as Partial<Snapshot>),
        units: unitsRead(now.units ?? [], request),
        ...(request.controls && now.controls ? { controls: now.controls } : {}),
        ...(clock ? { timestamp: clock.now() } : {}),
      });
      const wanted = (part: SnapshotPart) => request.parts === undefined || request.parts.includes(part);
      const left = SNAPSHOT_PARTS.filter((part) => !wanted(part)).map((part) => [part, NOT_ASKED] as const);
      return { ...whole, ...(Object.fromEntries(left) as Partial<Snapshot>) };
    },
    watch(units, listener) {
      const watcher = { units: units?.map(fullName), listener };
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    tell(word) {
      for (const { units, listener } of watchers) {
        if (typeof word !== 'string') listener.listening(word);
        else if (units?.includes(fullName(word)) ?? true) listener.unitInTrouble(fullName(word));
      }
    },
    unitLog: (unit) => Promise.resolve(now.logs?.[fullName(unit)] ?? []),
    unitMemory: (unit) => Promise.resolve(now.memories?.[fullName(unit)] ?? unknown('not given')),
    unitRelations: (names) => {
      const { units = [], relations } = now;
      return Promise.resolve(
        isUnknown(units) ? units : names.map((name) => relationsOf(name, units, relations)),
      );
    },
    unitChanges: (from, to) => Promise.resolve(now.unitChanges?.(from, to) ?? unknown('not given')),
    systemIdentity: (path) => Promise.resolve(identityOf(path, now)),
    nixActivity: () => Promise.resolve(now.activity ?? { switching: null, building: null }),
    close: () => void (closed += 1),
  };
}

/** Returns the given relations of a unit, by any of its names; by default it has no effects. */
function relationsOf(
  name: string,
  units: readonly UnitReading[],
  relations: FakeHostParts['relations'] = {},
): UnitRelations {
  const unit = units.find(({ names }) => names.includes(name));
  const more = relations[name] ?? (unit && relations[unit.id]);
  if (unit === undefined) {
    const loadState = more === undefined ? 'not-found' : 'loaded';
    return unitRelations({ name, loadState, activeState: 'inactive', ...more });
  }
  const { id, names, loadState, activeState, type, canReload, requires } = unit;
  return unitRelations({
    ...{ name, id, names, loadState, activeState, type, canReload, requires },
    requiredBy: unit.dragsAlong,
    wantedBy: unit.wantedBy,
    ...more,
  });
}

function identityOf(path: string, { system, systems = [] }: FakeHostParts): Reading<SystemIdentity> {
  const nixos = system === undefined || isUnknown(system) ? undefined : system.nixos;
  const read = nixos === undefined || isUnknown(nixos) ? [] : [nixos.running, nixos.booted];
  const known = [...systems, ...read].find((one) => !isUnknown(one) && one.path === path);
  return known ?? unknown(`no system is given for ${path}`);
}

function unitsRead(known: Reading<readonly UnitReading[]>, request: ReadRequest): Reading<UnitsReading> {
  if (isUnknown(known)) return known;
  const asked: UnitReading[] = (request.units ?? []).map((word) => {
    const name = fullName(word);
    const found = known.find(({ names }) => names.includes(name));
    return found ? { ...found, name } : { ...unknownUnit('unknown'), name, id: name, names: [name] };
  });
  const hasProblem = (unit: UnitReading) =>
    unit.activeState === 'failed' || unit.recentRestarts > 0 || unit.cause !== null;
  const isMatch = ({ id, names }: UnitReading) =>
    request.patterns?.some((pattern) => [id, ...names].some((name) => matchesPattern(name, pattern))) ??
    false;
  const matched = known.filter(isMatch);
  const groups = [...asked, ...matched].flatMap(({ members }) => members);
  const members = known.filter(({ id }) => groups.includes(id));
  return {
    asked,
    troubled: request.discover === true ? known.filter(hasProblem) : [],
    ...(matched.length > 0 ? { matched } : {}),
    ...(members.length > 0 ? { members } : {}),
  };
}

/** Returns an invalid name unchanged, because a host must not throw. */
function fullName(word: string): string {
  try {
    return unitName(word);
  } catch {
    return word;
  }
}
