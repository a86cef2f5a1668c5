import { messageOf } from '../../base/errors.js';
import type { HostListener } from '../host.js';
import { unknown } from '../../model/reading.js';
import { unitOfPath, unitPath } from './dbus-properties.js';
import type { UnitSignal } from './unit-signal.js';

/** States of some units. */
export interface UnitStates {
  /** By requested name, with the object path. */
  readonly units: readonly {
    readonly name: string;
    readonly path: string;
    readonly activeState: string;
  }[];
  /** True if their changes are signalled from now on. */
  readonly isFollowed: boolean;
}

/** Times are in milliseconds. */
export interface UnitEventsOptions {
  /** Reads the states of these units, or, without `units`, of the failed ones, and follows them from then on. */
  readonly followStates: (units: readonly string[] | undefined) => Promise<UnitStates>;
  /** Monotonic time. */
  readonly now: () => number;
  /** Interval at which all units are listed again. Default 30,000. */
  readonly relistMs?: number | undefined;
}

const RELIST_MS = 30_000;
/** Interval without signals: the bus refuses the subscription, or it is paused. */
const POLL_MS = 1_000;
const FIRST_RETRY_MS = 250;
/** Number of queries that may follow each other at once; further ones are `PAUSE_MS` apart. */
const BURST = 20;
const PAUSE_MS = 20;

/**
 * Converts signals of systemd to events about units that start to fail. Without a watcher there are no queries. Timers do
 * not keep the process alive.
 */
export function createUnitEvents(options: UnitEventsOptions) {
  const watchers = new Set<ReturnType<typeof createWatcher>>();
  return {
    /** Reports these units, or any that fails, until the returned function is called. */
    watch(units: readonly string[] | undefined, listener: HostListener) {
      const watcher = createWatcher(units, listener, options);
      watchers.add(watcher);
      return () => {
        watcher.end();
        watchers.delete(watcher);
      };
    },
    changed: (signal: UnitSignal) => watchers.forEach((watcher) => watcher.changed(signal)),
    /** A flood of signals has paused the subscription. */
    flooded: () => watchers.forEach((watcher) => watcher.askAgain()),
    lost: (reason: string) => watchers.forEach((watcher) => watcher.lost(reason)),
    close() {
      for (const watcher of watchers) watcher.end();
      watchers.clear();
    },
  };
}

function createWatcher(
  units: readonly string[] | undefined,
  listener: HostListener,
  { followStates, now, relistMs = RELIST_MS }: UnitEventsOptions,
) {
  let known: ReadonlySet<string> = new Set();
  /** Names under which the watched units are reported, by path. */
  let namesOf = grouped((units ?? []).map((name) => ({ name, path: unitPath(name), activeState: '' })));
  let state: 'new' | 'listening' | 'lost' = 'new';
  let retryMs = FIRST_RETRY_MS;
  let asking = false;
  let again = false;
  let allowance = BURST;
  let countedAt = now();
  let timer: NodeJS.Timeout | undefined;
  let ended = false;

  const isDown = (activeState: string): boolean =>
    activeState === 'failed' || (units !== undefined && activeState === 'inactive');

  function askIn(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), ms).unref();
  }

  /** Returns whether another query is allowed now. */
  function mayAsk(): boolean {
    const at = now();
    allowance = Math.min(BURST, allowance + (at - countedAt) / PAUSE_MS);
    countedAt = at;
    return allowance >= 1;
  }

  async function ask(): Promise<void> {
    if (ended || asking) return;
    if (!mayAsk()) return askIn(PAUSE_MS);
    allowance -= 1;
    asking = true;
    again = false;
    try {
      const found = await followStates(units);
      if (!ended) heardOf(found);
    } catch (error) {
      if (!ended) lost(messageOf(error));
    }
    asking = false;
    if (again && state === 'listening') void ask();
  }

  function askAgain(): void {
    again = true;
    void ask();
  }

  /** Reports units that were not down before. Without signals they may have recovered in between, so all are reported. */
  function heardOf({ units: found, isFollowed }: UnitStates): void {
    const before = isFollowed ? known : new Set();
    const down = found.filter(({ activeState }) => isDown(activeState)).map(({ name }) => name);
    known = new Set(down);
    namesOf = grouped(found);
    retryMs = FIRST_RETRY_MS;
    if (state !== 'listening') listener.listening(true);
    state = 'listening';
    for (const name of down) if (!before.has(name)) listener.unitInTrouble(name);
    askIn(isFollowed ? relistMs : Math.min(POLL_MS, relistMs));
  }

  function lost(reason: string): void {
    if (state === 'listening') listener.listening(unknown(reason));
    state = 'lost';
    known = new Set();
    askIn(retryMs);
    retryMs = Math.min(2 * retryMs, relistMs);
  }

  void ask();
  return {
    /** A signal contains the state of its unit, so no query is needed. */
    changed(signal: UnitSignal) {
      if (signal.about === 'loaded' || signal.about === 'unloaded' || signal.about === 'job') return;
      if (signal.about !== 'unit' || signal.state === undefined) return askAgain();
      if (!isDown(signal.state.activeState)) return;
      const names = units === undefined ? [unitOfPath(signal.path)] : (namesOf.get(signal.path) ?? []);
      for (const name of names) listener.unitInTrouble(name);
    },
    askAgain,
    lost,
    end() {
      ended = true;
      clearTimeout(timer);
    },
  };
}

/** Groups names by path: a unit may be watched under several of its names. */
function grouped(units: UnitStates['units']): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, readonly string[]>();
  for (const { name, path } of units) names.set(path, [...(names.get(path) ?? []), name]);
  return names;
}
