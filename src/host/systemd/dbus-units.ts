import { setImmediate as nextTurn } from 'node:timers/promises';
import { createSystemBus, type SystemBusOptions } from './bus.js';
import { dbusCalls, type DbusCalls } from './dbus-calls.js';
import { dbusProperties, unitPath } from './dbus-properties.js';
import { allDrags } from './drags-along.js';
import { createSession, type Session } from './dbus-session.js';
import { MAX_AGE_MS, namesIn, type UnitRef } from './known-units.js';
import {
  DRAG_PROPERTIES,
  merged,
  FAILING_STATES,
  unitFacts,
  type UnitFacts,
  type UnitSource,
} from './unit-facts.js';
import type { UnitStates } from './unit-events.js';
import { unitSignal, type UnitSignal } from './unit-signal.js';

/** `SystemState` depends on all units: it is reused for this long if not all of them are followed. */
const STATE_AGE_MS = 5_000;

export interface DbusUnitsOptions extends Omit<SystemBusOptions, 'onSignal'> {
  /** Monotonic time in milliseconds. */
  readonly now: () => number;
  /** Called with every signal about a followed unit, or about all units. */
  readonly onChange?: ((signal: UnitSignal) => void) | undefined;
  /** Called when a flood of signals pauses the subscription. */
  readonly onFlood?: (() => void) | undefined;
}

/** Unit source over the bus, which also reports changes. */
export interface DbusUnits extends UnitSource {
  /** Incremented whenever something may have changed; `NaN`, which equals nothing, without signals. */
  readonly version: number;
  /** Returns the last state of the system if no change was signalled since and it is not too old. */
  recentState(): string | undefined;
  /** Reads the states of these units, by full name, and follows them from now on; without `units`, of the failed units. */
  followStates(units: readonly string[] | undefined): Promise<UnitStates>;
}

/**
 * Reads units over D-Bus. A unit is read again only after a signal about it, so a healthy cycle without `discover` sends
 * no message.
 */
export function createDbusUnits(options: DbusUnitsOptions): DbusUnits {
  const { now, onChange, onFlood } = options;
  let session: Session | undefined;
  let version = 0;
  let state:
    | { readonly word: string; readonly version: number; readonly at: number; readonly followedAll: boolean }
    | undefined;
  const bus = createSystemBus({
    ...options,
    onLost(reason) {
      version++;
      options.onLost?.(reason);
    },
    onSignal(message) {
      if (session === undefined) return;
      const { watch, failing, jobs } = session;
      jobs.handle(message);
      const wasLive = watch.live;
      const signal = unitSignal(message);
      const followed = watch.handle(signal);
      failing.handle(signal);
      if (signal.about === 'systemd') session = undefined;
      if (followed) version++;
      if (followed) onChange?.(signal);
      if (wasLive && !watch.live) {
        jobs.end();
        onFlood?.();
      }
    },
  });

  async function currentSession(): Promise<Session> {
    const connection = await bus.open();
    if (session?.connection !== connection || session.watch.isExpired)
      session = createSession(connection, bus, now);
    const current = session;
    await current.started;
    return current;
  }

  /** Reads all facts of units, and keeps them until they change. */
  async function readInFull(
    { watch, known }: Session,
    calls: DbusCalls,
    units: readonly { readonly name: string; readonly unit: UnitRef }[],
  ): Promise<Map<string, UnitFacts>> {
    const readAt = now();
    watch.follow(units.map(({ unit }) => unit.path));
    const before = units.map(({ unit }) => watch.mark([unit.path]));
    const values = await Promise.all(units.map(({ unit }) => calls.properties(unit)));
    const bags = values.map(dbusProperties);

    const triggers = merged(...bags.map((bag) => bag.words('TriggeredBy')));
    watch.follow(triggers.map(unitPath));
    const beforeTriggers = bags.map((bag) => watch.mark(bag.words('TriggeredBy').map(unitPath)));
    const direct = new Map(
      bags.map((bag) => [bag.text('Id'), merged(...DRAG_PROPERTIES.map((name) => bag.words(name)))]),
    );
    const [states, drags, jobs] = await Promise.all([
      calls.named(triggers),
      allDrags(direct, (others) => calls.drags(others)),
      Promise.all(units.map(({ unit }, index) => calls.job(unit, values[index] ?? {}))),
    ]);
    const stateOf = (trigger: string): string => states[triggers.indexOf(trigger)]?.activeState ?? '';

    const read = new Map<string, UnitFacts>();
    for (const [index, bag] of bags.entries()) {
      const { name } = units[index]!;
      const { globalChanges, changes } = before[index]!;
      const facts = unitFacts(name, bag, {
        job: jobs[index]!,
        stateOf,
        dragsAlong: drags.get(bag.text('Id')) ?? [],
      });
      read.set(name, facts);
      watch.noteAbsent(units[index]!.unit.path, facts.loadState === 'not-found');
      const mark = { globalChanges, changes: new Map([...changes, ...beforeTriggers[index]!.changes]) };
      known.keep(name, facts, mark, readAt);
    }
    return read;
  }

  return {
    get version() {
      return session?.watch.live ? version : NaN;
    },
    get followsAll() {
      return session?.watch.followsAll ?? false;
    },

    async readUnits({ names: asked, patterns = [], discover, recent = false, fresh: force = false, signal }) {
      await currentSession();
      const calls = dbusCalls(bus, signal);
      // Processes the signals that have arrived, so that earlier actions of the caller are seen. Only the second turn of
      // the event loop is certain to have polled the sockets.
      await nextTurn();
      await nextTurn();
      // The connection may have ended in between.
      const current = await currentSession();
      const { watch, known, failing, matches } = current;
      const matching = await matches.find(patterns, calls, recent);
      const names = [...new Set([...asked, ...matching])];
      const { fresh, due, changed: again, missing } = known.sort(names, force);
      const toList = [...new Set([...missing, ...namesIn(due)])];
      // For repeated readings the signals of all units cost less than a query each time.
      if (discover && recent) watch.followAll();
      const remembered = recent && watch.followsAll ? failing.recall(MAX_AGE_MS) : undefined;
      const [list, troubled] = await Promise.all([
        calls.named(toList),
        discover ? (remembered ?? failing.ask(() => calls.inState(FAILING_STATES), watch.followsAll)) : [],
      ]);
      const listed = new Map(toList.map((name, index) => [name, list[index]!]));
      for (const name of missing) again.set(name, listed.get(name)!);
      for (const facts of due) {
        if (known.confirm(facts, listed)) fresh.set(facts.name, facts);
        else again.set(facts.name, listed.get(facts.name)!);
      }
      for (const unit of troubled) {
        const facts = fresh.get(unit.id);
        if (facts?.activeState !== unit.activeState || facts.subState !== unit.subState)
          again.set(unit.id, unit);
      }
      const stale = [...again].map(([name, unit]) => ({ name, unit }));
      const read = stale.length > 0 ? await readInFull(current, calls, stale) : undefined;
      const factsOf = (name: string): UnitFacts => (read?.get(name) ?? fresh.get(name))!;
      return {
        asked: asked.map(factsOf),
        troubled: troubled.map(({ id }) => factsOf(id)),
        matched: matching.map(factsOf),
      };
    },

    async states(names, signal) {
      await bus.open();
      const listed = await dbusCalls(bus, signal).named(names);
      return listed.map(({ activeState }) => activeState);
    },

    async followStates(units) {
      const { watch } = await currentSession();
      const calls = dbusCalls(bus);
      if (units === undefined) watch.followAll();
      else watch.follow(units.map(unitPath));
      const listed = await (units === undefined ? calls.inState(['failed']) : calls.named(units));
      if (units !== undefined) watch.follow(listed.map(({ path }) => path));
      return {
        isFollowed: watch.live,
        units: listed.map(({ id, path, activeState }, index) => ({
          name: units?.[index] ?? id,
          path,
          activeState,
        })),
      };
    },

    stopped: (unit) => session?.jobs.stopped(unit),
    startFailed: (unit) => session?.jobs.startFailed(unit),

    async tasks(units, signal) {
      await bus.open();
      return dbusCalls(bus, signal).tasks(units);
    },

    recentState() {
      const current = session?.watch.live ? version : NaN;
      if (state?.version !== current) return undefined;
      const maxAgeMs = session?.watch.followsAll && state.followedAll ? MAX_AGE_MS : STATE_AGE_MS;
      return now() - state.at < maxAgeMs ? state.word : undefined;
    },

    async readState({ signal } = {}) {
      await bus.open();
      const at = now();
      const current = session?.watch.live ? version : NaN;
      const followedAll = session?.watch.followsAll ?? false;
      const word = await dbusCalls(bus, signal).state();
      state = { word, version: current, at, followedAll };
      return word;
    },

    async activeServices(signal) {
      await bus.open();
      const active = await dbusCalls(bus, signal).inState(['active']);
      return active.map(({ id }) => id).filter((id) => id.endsWith('.service'));
    },

    async relations(units, signal) {
      await bus.open();
      return dbusCalls(bus, signal).relations(units);
    },

    close() {
      version++;
      session = undefined;
      bus.close();
    },
  };
}
