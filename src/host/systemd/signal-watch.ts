import { DAEMON, MANAGER, type SystemBus } from './bus.js';
import { UNIT_INTERFACE, type UnitSignal } from './unit-signal.js';

/** Limit of match rules; that of a bus is 512 per connection by default. */
const MAX_RULES = 256;

/** Signals per second above which the subscription is paused, because reading them costs more than querying. */
const MAX_SIGNALS = 1_000;
const FLOOD_PAUSE_MS = 30_000;

const SYSTEMD = `type='signal',sender='org.freedesktop.systemd1'`;
// A loaded unit or a changed file may change dependencies; the result of a job shows who stopped a unit.
const MANAGER_RULES = ['UnitNew', 'UnitRemoved', 'UnitFilesChanged', 'Reloading', 'JobNew', 'JobRemoved'].map(
  (member) => `${SYSTEMD},interface='org.freedesktop.systemd1.Manager',member='${member}'`,
);

/** Counter of changes that concern all units, and that of the last change of each unit. */
export interface Mark {
  readonly globalChanges: number;
  readonly changes: ReadonlyMap<string, number>;
}

export type SignalWatch = ReturnType<typeof createSignalWatch>;

/** Tracks changes of units by systemd's signals, for one connection to the bus. */
export function createSignalWatch(bus: SystemBus, now: () => number) {
  let live = false;
  let globalChanges = 0;
  let ticks = 0;
  let all = false;
  /** Set after a refusal, because a retry would count as subscribed until it is refused. */
  let refused = false;
  let secondAt = -Infinity;
  let received = 0;
  let pausedAt = Infinity;
  const changes = new Map<string, number>();
  const absent = new Set<string>();

  const match = (member: 'AddMatch' | 'RemoveMatch', rule: string): Promise<unknown> =>
    bus.call({ ...DAEMON, member, body: [rule] });

  function drop(path: string): void {
    changes.delete(path);
    absent.delete(path);
    match('RemoveMatch', unitRule(path)).catch(() => {});
  }

  /** Follows all units from now on: by one rule, which matches more signals than the limited rules per unit. */
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
      received = 0;
    }
    return ++received > MAX_SIGNALS;
  }

  /** Unsubscribes. Everything is then read again each time. */
  function pause(): void {
    live = false;
    pausedAt = now();
    for (const path of changes.keys()) drop(path);
    for (const rule of all ? [...MANAGER_RULES, ALL_UNITS] : MANAGER_RULES)
      match('RemoveMatch', rule).catch(() => {});
  }

  return {
    /** True when the pause after a flood of signals is over: then a new watch is due. */
    get isExpired() {
      return now() - pausedAt >= FLOOD_PAUSE_MS;
    },
    /** True while signals arrive; without them everything may have changed at any time. */
    get live() {
      return live;
    },
    /** Subscribes to the signals. Rejects if the bus or systemd refuses. */
    async start() {
      if (!bus.knowsSystemd) throw new Error('systemd has no name on the bus');
      await Promise.all(MANAGER_RULES.map((rule) => match('AddMatch', rule)));
      await bus.call({ ...MANAGER, member: 'Subscribe' });
      live = true;
    },
    followAll,
    /** True if all units are followed. */
    get followsAll() {
      return live && all;
    },
    /** Follows these units from now on: by a rule each, or, above the limit, by one rule for all units. */
    follow(paths: readonly string[]) {
      if (pausedAt !== Infinity) return;
      const added = paths.filter((path) => !changes.has(path));
      if (!all && changes.size + added.length > MAX_RULES) {
        const needed = new Set(paths);
        for (const path of changes.keys()) if (!needed.has(path)) drop(path);
        if (changes.size + added.length > MAX_RULES) followAll();
      }
      for (const path of added) {
        if (!all && changes.size >= MAX_RULES) return;
        changes.set(path, ++ticks);
        if (!all) match('AddMatch', unitRule(path)).catch(() => changes.delete(path));
      }
    },
    /**
     * Returns the current state of the tracking; to be called before these units are read. It has NaN, which equals
     * nothing, for a unit that is not followed.
     */
    mark: (paths: readonly string[]): Mark => ({
      globalChanges,
      changes: new Map(paths.map((path) => [path, changes.get(path) ?? NaN])),
    }),
    /** Returns whether no change was signalled since the mark. */
    unchangedSince(mark: Mark) {
      if (!live || mark.globalChanges !== globalChanges) return false;
      for (const [path, tick] of mark.changes) if (changes.get(path) !== tick) return false;
      return true;
    },
    /** Returns whether names still refer to the same units as at the mark. */
    namesHoldSince: (mark: Mark) => live && mark.globalChanges === globalChanges,
    /** Records whether systemd knows this unit: to look up one that it does not know loads and unloads it, by signal. */
    noteAbsent(path: string, isAbsent: boolean) {
      if (isAbsent && changes.has(path)) absent.add(path);
      else absent.delete(path);
    },
    /** Processes a signal. Returns whether it is about a followed unit. */
    handle(signal: UnitSignal): boolean {
      if (pausedAt !== Infinity) return false;
      const isAbsent = 'path' in signal && absent.has(signal.path);
      if (isAbsent && signal.about !== 'unit') return false;
      if (isFlood()) pause();
      if (signal.about === 'job') return false;
      // The state of an absent unit changes only once it is there, and others may depend on it.
      if (isAbsent || signal.about !== 'unit') globalChanges++;
      else if (changes.has(signal.path)) changes.set(signal.path, ++ticks);
      else return all;
      return true;
    },
  };
}

// Each change also has an earlier signal with the properties of the unit type, which is not needed.
const UNIT_CHANGED = `${SYSTEMD},interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',arg0='${UNIT_INTERFACE}'`;
const ALL_UNITS = `${UNIT_CHANGED},path_namespace='/org/freedesktop/systemd1/unit'`;

const unitRule = (path: string): string => `${UNIT_CHANGED},path='${path}'`;
