import { DAEMON, MANAGER, type SystemBus } from './bus.js';
import { UNIT_INTERFACE, type UnitSignal } from './unit-signal.js';

/** Under the limit that a bus sets to the match rules of one connection (512 by default). */
const MAX_WATCHED = 256;

/** A bus that says more than this in a second is not listened to for a while: hearing it would cost more than asking. */
const MOST_SIGNALS = 1_000;
const DEAF_MS = 30_000;

const SYSTEMD = `type='signal',sender='org.freedesktop.systemd1'`;
const WORLD_RULES = [
  // A unit that is loaded or a changed file may change what other units say of their dependencies.
  // How jobs end tells who stopped a unit.
  ...['UnitNew', 'UnitRemoved', 'UnitFilesChanged', 'Reloading', 'JobNew', 'JobRemoved'].map(
    (member) => `${SYSTEMD},interface='org.freedesktop.systemd1.Manager',member='${member}'`,
  ),
];

/** Knows what has changed since when, by systemd's signals, for the life of one connection to the bus. */
export interface Watch {
  /** Whether signals come at all; without them everything may have changed at any time. */
  readonly live: boolean;
  /** Asks for the signals, and makes the watch live. Rejects when they cannot be had. */
  start(): Promise<void>;
  /** Has the changes of these units noticed from now on: each by a rule of its own, or, where they are too many, by one for all. */
  follow(paths: readonly string[]): void;
  /** Has the changes of all units let through from now on, so that `hear` tells of them. */
  followAll(): void;
  /** Whether the changes of all units are let through. */
  readonly hearsAll: boolean;
  /** Remembers how things stand, before they are read. */
  mark(paths: readonly string[]): Mark;
  /** Whether nothing has changed since the mark was made, for all that systemd said. */
  unchangedSince(mark: Mark): boolean;
  /** Whether a unit that was read then still goes by the same names. */
  namesHoldSince(mark: Mark): boolean;
  /** Takes in a signal. Says whether it is about a unit that is followed. */
  hear(signal: UnitSignal): boolean;
  /** Whether a flood of signals made the watch deaf, and that was so long ago that another one should be made. */
  readonly spent: boolean;
}

/** A moment in the life of some units: how much had changed in all, and when each of them changed last. */
export interface Mark {
  readonly world: number;
  readonly changes: ReadonlyMap<string, number>;
}

/** Makes the watch of one connection. */
export function createWatch(bus: SystemBus, now: () => number): Watch {
  let live = false;
  let world = 0;
  let ticks = 0;
  let all = false;
  /** A bus that refused once is not asked again: else an old answer would be believed until it refuses anew. */
  let refused = false;
  let secondAt = -Infinity;
  let heard = 0;
  let deafSince = Infinity;
  const changes = new Map<string, number>();

  const match = (member: 'AddMatch' | 'RemoveMatch', rule: string): Promise<unknown> =>
    bus.call({ ...DAEMON, member, body: [rule] });

  function drop(path: string): void {
    changes.delete(path);
    match('RemoveMatch', unitRule(path)).catch(() => {});
  }

  /** One rule for all units: what it lets through is more, but there is no end to how many it covers. */
  function followAll(): void {
    if (all || refused || !live) return;
    all = true;
    match('AddMatch', ALL_UNITS).catch(() => {
      all = false;
      refused = true;
      changes.clear();
    });
  }

  function isFlood(): boolean {
    const at = now();
    if (at - secondAt >= 1_000) {
      secondAt = at;
      heard = 0;
    }
    return ++heard > MOST_SIGNALS;
  }

  /** What is not live reads everything anew, and so is right without a signal. */
  function goDeaf(): void {
    live = false;
    deafSince = now();
    for (const path of changes.keys()) drop(path);
    for (const rule of all ? [...WORLD_RULES, ALL_UNITS] : WORLD_RULES)
      match('RemoveMatch', rule).catch(() => {});
  }

  return {
    get spent() {
      return now() - deafSince >= DEAF_MS;
    },
    get live() {
      return live;
    },
    async start() {
      if (!bus.knowsSystemd) throw new Error('it is not known who systemd is on the bus');
      await Promise.all(WORLD_RULES.map((rule) => match('AddMatch', rule)));
      await bus.call({ ...MANAGER, member: 'Subscribe' });
      live = true;
    },
    followAll,
    get hearsAll() {
      return live && all;
    },
    follow(paths) {
      if (deafSince !== Infinity) return;
      const added = paths.filter((path) => !changes.has(path));
      if (!all && changes.size + added.length > MAX_WATCHED) {
        const needed = new Set(paths);
        for (const path of changes.keys()) if (!needed.has(path)) drop(path);
        if (changes.size + added.length > MAX_WATCHED) followAll();
      }
      for (const path of added) {
        if (!all && changes.size >= MAX_WATCHED) return;
        changes.set(path, ++ticks);
        if (!all) match('AddMatch', unitRule(path)).catch(() => changes.delete(path));
      }
    },
    // A unit that is not followed has no tick, and NaN equals nothing.
    mark: (paths) => ({ world, changes: new Map(paths.map((path) => [path, changes.get(path) ?? NaN])) }),
    unchangedSince(mark) {
      if (!live || mark.world !== world) return false;
      for (const [path, tick] of mark.changes) if (changes.get(path) !== tick) return false;
      return true;
    },
    namesHoldSince: (mark) => live && mark.world === world,
    hear(signal) {
      if (deafSince !== Infinity) return false;
      if (isFlood()) goDeaf();
      if (signal.about === 'job') return false;
      if (signal.about !== 'unit') world++;
      else if (changes.has(signal.path)) changes.set(signal.path, ++ticks);
      else return all;
      return true;
    },
  };
}

// Before the signal that matters comes one of the same change with what is special to its kind of unit.
const UNIT_CHANGED = `${SYSTEMD},interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',arg0='${UNIT_INTERFACE}'`;
const ALL_UNITS = `${UNIT_CHANGED},path_namespace='/org/freedesktop/systemd1/unit'`;

const unitRule = (path: string): string => `${UNIT_CHANGED},path='${path}'`;
