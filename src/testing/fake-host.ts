import { expectKnownKeys, expectMethods, expectObject } from '../base/expect.js';
import type { Clock } from '../base/clock.js';
import { matchesPattern } from '../detect/watched-units.js';
import type { Host, HostListener, ReadRequest } from '../host/host.js';
import type { NixActivity, SystemIdentity } from '../model/nixos-reading.js';
import { isUnknown, unknown, type Reading } from '../model/reading.js';
import type { Snapshot, SnapshotPart, UnitsReading } from '../model/snapshot.js';
import { unitName } from '../model/unit-name.js';
import type { UnitRelations } from '../model/unit-relations.js';
import type { UnitReading } from '../model/unit.js';
import { healthySnapshot, SNAPSHOT_PARTS } from './snapshot.js';
import { unitReading, unknownUnit } from './unit-reading.js';
import { unitRelations } from './unit-relations.js';

/** What is so on a {@link FakeHost}; whatever is left out is well. */
export type FakeHostParts = Partial<Omit<Snapshot, 'units' | 'timestamp'>> & {
  /** Every unit that systemd knows. */
  readonly units?: Reading<readonly UnitReading[]>;
  /**
   * What else systemd knows of units, by full name: what conflicts with them, what they start. Whatever is left out
   * follows from `units`.
   */
  readonly relations?: Readonly<Record<string, Partial<UnitRelations>>>;
  /** Log lines by full unit name; no lines where there are none. */
  readonly logs?: Readonly<Record<string, readonly string[]>>;
  /** Memory by full unit name, in bytes; unknown where there is none. */
  readonly memories?: Readonly<Record<string, number>>;
  /** Units that differ between two NixOS systems; unknown when left out, as on a host without Nix. */
  readonly unitChanges?: (from: string, to: string) => Reading<readonly string[]>;
  /** NixOS systems that can be looked at, beside those that run or have booted. */
  readonly systems?: readonly SystemIdentity[];
  /** What is under way; nothing when left out. */
  readonly activity?: Reading<NixActivity>;
};

/** What else a {@link FakeHost} may be given. */
export interface FakeHostOptions {
  /** Where the time of each reading comes from. Default: it is always 2025-01-01T00:00:00Z. */
  readonly clock?: Pick<Clock, 'now'>;
}

/** A host that is as a test says. It keeps the contract of the port, whatever it is told. */
export interface FakeHost extends Host {
  read(request?: ReadRequest): Snapshot;
  /** Changes parts; the others stay as they are. */
  set(parts: FakeHostParts): void;
  /** Changes what is so of one unit, or adds it; without changes it is a unit that runs well. */
  setUnit(name: string, changes?: Partial<UnitReading>): void;
  /** Tells those who watch that a unit is in trouble, or whether anything is told at all. */
  tell(unit: string | Reading<true>): void;
  /** What was asked for, in order. */
  readonly requests: readonly ReadRequest[];
  /** How often it was closed. */
  readonly closed: number;
}

const PARTS = [
  ...[...SNAPSHOT_PARTS, 'relations', 'logs', 'memories'],
  ...['unitChanges', 'systems', 'activity'],
];

const NOT_ASKED = unknown('not asked for');

/** Makes a host on which all is well, but for what is said otherwise. */
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
      const {
        units,
        logs: _l,
        memories: _m,
        relations: _r,
        unitChanges: _u,
        systems: _s,
        activity: _a,
        ...rest
      } = now;
      const whole = healthySnapshot({
        ...rest,
        units: unitsRead(units ?? [], request),
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
    unitMemory: (unit) => Promise.resolve(now.memories?.[fullName(unit)] ?? unknown('nobody said')),
    unitRelations: (names) => {
      const { units = [], relations } = now;
      return Promise.resolve(
        isUnknown(units) ? units : names.map((name) => relationsOf(name, units, relations)),
      );
    },
    unitChanges: (from, to) => Promise.resolve(now.unitChanges?.(from, to) ?? unknown('nobody said')),
    systemIdentity: (path) => Promise.resolve(identityOf(path, now)),
    nixActivity: () => Promise.resolve(now.activity ?? { switching: null, building: null }),
    close: () => void (closed += 1),
  };
}

/** Follows the names that a test gave to units, and leaves what nobody mentioned without effects. */
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
  return known ?? unknown(`nobody said what ${path} is`);
}

function unitsRead(known: Reading<readonly UnitReading[]>, request: ReadRequest): Reading<UnitsReading> {
  if (isUnknown(known)) return known;
  const asked: UnitReading[] = (request.units ?? []).map((word) => {
    const name = fullName(word);
    const found = known.find(({ names }) => names.includes(name));
    return found ? { ...found, name } : { ...unknownUnit('unknown'), name, id: name, names: [name] };
  });
  const inTrouble = (unit: UnitReading) =>
    unit.activeState === 'failed' || unit.recentRestarts > 0 || unit.cause !== null;
  const isMatch = ({ id, names }: UnitReading) =>
    request.patterns?.some((pattern) => [id, ...names].some((name) => matchesPattern(name, pattern))) ??
    false;
  const matched = known.filter(isMatch);
  const groups = [...asked, ...matched].flatMap(({ members }) => members);
  const members = known.filter(({ id }) => groups.includes(id));
  return {
    asked,
    troubled: request.discover === true ? known.filter(inTrouble) : [],
    ...(matched.length > 0 ? { matched } : {}),
    ...(members.length > 0 ? { members } : {}),
  };
}

/** A host never throws, so a name that cannot be one is a unit that systemd does not know. */
function fullName(word: string): string {
  try {
    return unitName(word);
  } catch {
    return word;
  }
}
