import { setImmediate as nextTurn } from 'node:timers/promises';
import { createSystemBus, type SystemBusOptions } from './bus.js';
import { dbusCalls, type DbusCalls, type ListedUnit, type UnitRef } from './dbus-calls.js';
import { unitPath } from './dbus-properties.js';
import { createSession, type Session } from './dbus-session.js';
import { MAX_AGE_MS, namesIn } from './known-units.js';
import { readInFull } from './read-in-full.js';
import { FAILING_STATES, type UnitFacts, type UnitSource, type UnitsRequest } from './unit-facts.js';
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

  /**
   * Returns the units that are failing, and none without `discover`. The signals up to now are processed then, so that
   * earlier actions of the caller are seen: an answer of systemd comes after the signals that it sent before.
   */
  async function failingUnits(
    current: Session,
    calls: DbusCalls,
    { names, discover, recent = false, fresh = false }: UnitsRequest,
  ): Promise<readonly ListedUnit[]> {
    const { watch, failing, known } = current;
    // For repeated readings the signals of all units cost less than a query each time.
    if (discover && recent) watch.followAll();
    const recall = () => (recent && watch.followsAll ? failing.recall(MAX_AGE_MS) : undefined);
    if (!discover || recall() !== undefined) {
      // Only the second turn of the event loop is certain to have polled the sockets.
      await nextTurn();
      await nextTurn();
    }
    if (!discover) return [];
    const remembered = recall();
    if (remembered !== undefined) return remembered;
    // A change that was signalled is read meanwhile.
    const changed = fresh ? new Map<string, UnitRef>() : known.sort(names).changed;
    const [troubled] = await Promise.all([
      failing.ask(() => calls.inState(FAILING_STATES), watch.followsAll),
      readInFull(current, calls, changed),
    ]);
    return troubled;
  }

  const liveVersion = (): number => (session?.watch.live ? version : NaN);
  const followsAll = (): boolean => session?.watch.followsAll ?? false;

  async function openCalls(signal?: AbortSignal): Promise<DbusCalls> {
    await bus.open();
    return dbusCalls(bus, signal);
  }

  return {
    get version() {
      return liveVersion();
    },
    get followsAll() {
      return followsAll();
    },

    async readUnits(request) {
      const { names: asked, patterns = [], recent = false, fresh: force = false, signal } = request;
      const calls = dbusCalls(bus, signal);
      const troubled = await failingUnits(await currentSession(), calls, request);
      // The connection may have ended in between.
      const current = await currentSession();
      const matching = await current.findMatches(patterns, calls, recent);
      const names = [...new Set([...asked, ...matching])];
      const { known } = current;
      const { fresh, due, changed: again, missing } = known.sort(names, force);
      const toList = [...new Set([...missing, ...namesIn(due)])];
      const list = await calls.named(toList);
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
      const read = await readInFull(current, calls, again);
      const factsOf = (name: string): UnitFacts => (read.get(name) ?? fresh.get(name))!;
      return {
        asked: asked.map(factsOf),
        troubled: troubled.map(({ id }) => factsOf(id)),
        matched: matching.map(factsOf),
      };
    },

    async states(names, signal) {
      const listed = await (await openCalls(signal)).named(names);
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

    tasks: async (units, signal) => (await openCalls(signal)).tasks(units),
    relations: async (units, signal) => (await openCalls(signal)).relations(units),

    recentState() {
      if (state?.version !== liveVersion()) return undefined;
      const maxAgeMs = followsAll() && state.followedAll ? MAX_AGE_MS : STATE_AGE_MS;
      return now() - state.at < maxAgeMs ? state.word : undefined;
    },

    async readState(signal) {
      const calls = await openCalls(signal);
      const before = { version: liveVersion(), at: now(), followedAll: followsAll() };
      const word = await calls.state();
      state = { word, ...before };
      return word;
    },

    async activeServices(signal) {
      const active = await (await openCalls(signal)).inState(['active']);
      return active.map(({ id }) => id).filter((id) => id.endsWith('.service'));
    },

    close() {
      version++;
      session = undefined;
      bus.close();
    },
  };
}
