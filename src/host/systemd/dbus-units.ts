import { setImmediate as nextTurn } from 'node:timers/promises';
import { createSystemBus, type SystemBusOptions } from './bus.js';
import { dbusCalls, type DbusCalls } from './dbus-calls.js';
import { dbusProperties, unitPath } from './dbus-properties.js';
import { dbusRelations } from './dbus-relations.js';
import { allDrags } from './drags-along.js';
import { createSession, type Session } from './dbus-session.js';
import { MAX_AGE_MS, namesIn, type Target } from './known-units.js';
import {
  DRAG_PROPERTIES,
  merged,
  TROUBLED_STATES,
  unitFacts,
  type UnitFacts,
  type UnitSource,
} from './unit-facts.js';
import type { Standing } from './unit-events.js';
import { unitSignal, type UnitSignal } from './unit-signal.js';

/** systemd's word for the system depends on all units; where not all are heard, it is believed for this long. */
const STATE_AGE_MS = 5_000;

/** How to read units over the bus. */
export interface DbusUnitsOptions extends Omit<SystemBusOptions, 'onSignal'> {
  /** Monotonic time in milliseconds. */
  readonly now: () => number;
  /** Hears every signal about a unit that is followed, and about all of them. */
  readonly onChange?: ((signal: UnitSignal) => void) | undefined;
  /** Hears that so many signals came that none is heard for a while. */
  readonly onFlood?: (() => void) | undefined;
}

/** The route over the bus, which can tell of changes too. */
export interface DbusUnits extends UnitSource {
  /** Another number whenever something may have changed; `NaN`, which equals nothing, while no signals come. */
  readonly version: number;
  /**
   * Asks how these units stand, by full name, and has every change of them told from now on; without `units`, which of
   * all units have failed.
   */
  standing(units: readonly string[] | undefined): Promise<Standing>;
}

/**
 * Reads units over D-Bus.
 *
 * A unit that systemd has signalled no change of since it was last read is not read again, so a healthy cycle
 * without `discover` costs no message at all.
 */
export function createDbusUnits(options: DbusUnitsOptions): DbusUnits {
  const { now, onChange, onFlood } = options;
  let session: Session | undefined;
  let version = 0;
  let state:
    | { readonly word: string; readonly version: number; readonly at: number; readonly heardAll: boolean }
    | undefined;
  const bus = createSystemBus({
    ...options,
    onLost(reason) {
      version++;
      options.onLost?.(reason);
    },
    onSignal(message) {
      if (session === undefined) return;
      const { watch, trouble, jobs } = session;
      jobs.hear(message);
      const wasLive = watch.live;
      const signal = unitSignal(message);
      const followed = watch.hear(signal);
      trouble.hear(signal);
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
    if (session?.connection !== connection || session.watch.spent)
      session = createSession(connection, bus, now);
    const current = session;
    await current.started;
    return current;
  }

  /** Reads units in full, and remembers them for as long as they do not change. */
  async function readInFull(
    { watch, known }: Session,
    calls: DbusCalls,
    units: readonly { readonly name: string; readonly unit: Target }[],
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
      const { world, changes } = before[index]!;
      const facts = unitFacts(name, bag, {
        job: jobs[index]!,
        stateOf,
        dragsAlong: drags.get(bag.text('Id')) ?? [],
      });
      read.set(name, facts);
      const mark = { world, changes: new Map([...changes, ...beforeTriggers[index]!.changes]) };
      known.keep(name, facts, mark, readAt);
    }
    return read;
  }

  return {
    get version() {
      return session?.watch.live ? version : NaN;
    },
    get hearsAll() {
      return session?.watch.hearsAll ?? false;
    },

    async readUnits({ names: asked, patterns = [], discover, recent = false, fresh: anew = false, signal }) {
      await currentSession();
      const calls = dbusCalls(bus, signal);
      // Lets in the signals that have already arrived, so that what the caller did before is seen. The first turn may
      // end without a look at the sockets, the second has one before it.
      await nextTurn();
      await nextTurn();
      // The connection may have ended meanwhile, too.
      const current = await currentSession();
      const { watch, known, trouble, matches } = current;
      const matching = await matches.find(patterns, calls, recent);
      const names = [...new Set([...asked, ...matching])];
      const { fresh, due, changed: again, strange } = known.sort(names, anew);
      const toList = [...new Set([...strange, ...namesIn(due)])];
      // A single question has no need of all signals; for who looks again and again they cost less than asking.
      if (discover && recent) watch.followAll();
      const remembered = recent && watch.hearsAll ? trouble.recall(MAX_AGE_MS) : undefined;
      const [list, troubled] = await Promise.all([
        calls.named(toList),
        discover ? (remembered ?? trouble.ask(() => calls.inState(TROUBLED_STATES), watch.hearsAll)) : [],
      ]);
      const listed = new Map(toList.map((name, index) => [name, list[index]!]));
      for (const name of strange) again.set(name, listed.get(name)!);
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

    async standing(units) {
      const { watch } = await currentSession();
      const calls = dbusCalls(bus);
      if (units === undefined) watch.followAll();
      else watch.follow(units.map(unitPath));
      const listed = await (units === undefined ? calls.inState(['failed']) : calls.named(units));
      if (units !== undefined) watch.follow(listed.map(({ path }) => path));
      return {
        told: watch.live,
        units: listed.map(({ id, path, activeState }, index) => ({
          name: units?.[index] ?? id,
          path,
          activeState,
        })),
      };
    },

    stopped: (unit) => session?.jobs.stopped(unit),

    async tasks(units, signal) {
      await bus.open();
      return dbusCalls(bus, signal).tasks(units);
    },

    async readState({ recent = false, signal } = {}) {
      await bus.open();
      const at = now();
      const current = session?.watch.live ? version : NaN;
      const heardAll = session?.watch.hearsAll ?? false;
      const maxAgeMs = heardAll && state?.heardAll ? MAX_AGE_MS : STATE_AGE_MS;
      if (recent && state?.version === current && at - state.at < maxAgeMs) return state.word;
      const word = await dbusCalls(bus, signal).state();
      state = { word, version: current, at, heardAll };
      return word;
    },

    async activeServices(signal) {
      await bus.open();
      const active = await dbusCalls(bus, signal).inState(['active']);
      return active.map(({ id }) => id).filter((id) => id.endsWith('.service'));
    },

    async relations(units, signal) {
      await bus.open();
      return dbusRelations(bus, units, signal);
    },

    close() {
      version++;
      session = undefined;
      bus.close();
    },
  };
}
