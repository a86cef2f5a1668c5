import { setImmediate as nextTurn } from 'node:timers/promises';
import { createSystemBus, type SystemBusOptions } from './bus.js';
import { dbusCalls, type DbusCalls, type Listed } from './dbus-calls.js';
import { dbusProperties, unitPath } from './dbus-properties.js';
import { createWatch, type Mark, type Watch } from './dbus-watch.js';
import { allDrags } from './drags-along.js';
import {
  DRAG_PROPERTIES,
  merged,
  TROUBLED_STATES,
  unitFacts,
  type UnitFacts,
  type UnitSource,
} from './unit-facts.js';

/** Everything is read again after this time, whatever the signals said. */
const MAX_AGE_MS = 30_000;

interface Known {
  readonly facts: UnitFacts;
  readonly mark: Mark;
  readonly readAt: number;
}

/** What one connection has learnt. It is thrown away with the connection. */
interface Session {
  readonly connection: number;
  readonly watch: Watch;
  readonly started: Promise<void>;
  readonly known: Map<string, Known>;
}

/** How to read units over the bus. */
export interface DbusUnitsOptions extends Omit<SystemBusOptions, 'onSignal'> {
  /** Monotonic time in milliseconds. */
  readonly now: () => number;
  /** Hears that a unit has changed that is followed, by its path on the bus; without one, many may have. */
  readonly onChange?: ((path: string | undefined) => void) | undefined;
}

/** The route over the bus, which can tell of changes too. */
export interface DbusUnits extends UnitSource {
  /** Another number whenever something may have changed; `NaN`, which equals nothing, while no signals come. */
  readonly version: number;
  /**
   * Asks which of these units are in trouble, and has every change of them told from now on; without `units`, which of
   * all units have failed. By full name, with the path on the bus.
   */
  inTrouble(units: readonly string[] | undefined): Promise<ReadonlyMap<string, string>>;
}

/**
 * Reads units over D-Bus.
 *
 * A unit that systemd has signalled no change of since it was last read is not read again, so a healthy cycle
 * without `discover` costs no message at all.
 */
export function createDbusUnits(options: DbusUnitsOptions): DbusUnits {
  const { now, onChange } = options;
  let session: Session | undefined;
  let version = 0;
  const bus = createSystemBus({
    ...options,
    onLost(reason) {
      version++;
      options.onLost?.(reason);
    },
    onSignal(message) {
      const followed = session?.watch.hear(message) ?? false;
      if (message.member === 'NameOwnerChanged') session = undefined;
      if (followed) version++;
      if (followed) onChange?.(message.member === 'PropertiesChanged' ? message.path : undefined);
    },
  });

  async function currentSession(): Promise<Session> {
    const connection = await bus.open();
    if (session?.connection !== connection || session.watch.spent) {
      const watch = createWatch(bus, now);
      // A bus that refuses the signals still answers: then every reading asks again.
      session = { connection, watch, started: watch.start().catch(() => {}), known: new Map() };
    }
    const current = session;
    await current.started;
    return current;
  }

  /** Reads units in full, and remembers them for as long as they do not change. */
  async function readInFull(
    { watch, known }: Session,
    calls: DbusCalls,
    units: readonly { readonly name: string; readonly unit: Listed }[],
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
      // A reading that began later may have ended sooner.
      if ((known.get(name)?.readAt ?? -Infinity) <= readAt) known.set(name, { facts, mark, readAt });
    }
    return read;
  }

  return {
    get version() {
      return session?.watch.live ? version : NaN;
    },

    async readUnits(names, discover, signal) {
      const current = await currentSession();
      const calls = dbusCalls(bus, signal);
      // Lets in the signals that have already arrived, so that what the caller did before is seen. The first turn may
      // end without a look at the sockets, the second has one before it.
      await nextTurn();
      await nextTurn();
      const fresh = new Map<string, UnitFacts>();
      for (const [name, { facts, mark, readAt }] of current.known) {
        if (now() - readAt >= MAX_AGE_MS) current.known.delete(name);
        else if (current.watch.unchangedSince(mark)) fresh.set(name, facts);
      }

      const staleNames = names.filter((name) => !fresh.has(name));
      const [staleUnits, troubled] = await Promise.all([
        calls.named(staleNames),
        discover ? calls.inState(TROUBLED_STATES) : [],
      ]);
      const again = new Map(staleNames.map((name, index) => [name, staleUnits[index]!]));
      for (const unit of troubled) {
        const facts = fresh.get(unit.id);
        if (facts?.activeState !== unit.activeState || facts.subState !== unit.subState)
          again.set(unit.id, unit);
      }
      const stale = [...again].map(([name, unit]) => ({ name, unit }));
      const read = stale.length > 0 ? await readInFull(current, calls, stale) : undefined;
      const factsOf = (name: string): UnitFacts => (read?.get(name) ?? fresh.get(name))!;
      return { asked: names.map(factsOf), troubled: troubled.map(({ id }) => factsOf(id)) };
    },

    async inTrouble(units) {
      const { watch } = await currentSession();
      const calls = dbusCalls(bus);
      if (units === undefined) watch.followAll();
      else watch.follow(units.map(unitPath));
      const listed = await (units === undefined ? calls.inState(['failed']) : calls.named(units));
      if (units !== undefined) watch.follow(listed.map(({ path }) => path));
      const isDown = ({ activeState }: Listed): boolean =>
        activeState === 'failed' || (units !== undefined && activeState === 'inactive');
      return new Map(
        listed.flatMap((unit, index) => (isDown(unit) ? [[units?.[index] ?? unit.id, unit.path]] : [])),
      );
    },

    async readState(signal) {
      await bus.open();
      return dbusCalls(bus, signal).state();
    },

    async activeServices(signal) {
      await bus.open();
      const active = await dbusCalls(bus, signal).inState(['active']);
      return active.map(({ id }) => id).filter((id) => id.endsWith('.service'));
    },

    close() {
      version++;
      session = undefined;
      bus.close();
    },
  };
}
