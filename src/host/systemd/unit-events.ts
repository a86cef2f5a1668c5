import { messageOf } from '../../base/errors.js';
import type { HostListener } from '../host.js';
import { unknown } from '../../model/reading.js';
import { unitOfPath, unitPath } from './dbus-properties.js';
import type { UnitSignal } from './unit-signal.js';

/** How some units stand. */
export interface Standing {
  /** By the name they were asked for, with the path on the bus. */
  readonly units: readonly {
    readonly name: string;
    readonly path: string;
    readonly activeState: string;
  }[];
  /** Whether their changes are told from now on. */
  readonly told: boolean;
}

/** What the events of one reader are made with. Times are in milliseconds. */
export interface UnitEventsOptions {
  /** How these units stand, or, of all units, those that have failed; has every change of them told from then on. */
  readonly standing: (units: readonly string[] | undefined) => Promise<Standing>;
  /** Monotonic time. */
  readonly now: () => number;
  /** All is listed again after this time, whatever was told. Default 30,000. */
  readonly relistMs?: number | undefined;
}

/** Turns "something has changed" into "this unit is newly in trouble", for those who listen. */
export interface UnitEvents {
  /** Tells of these units, or of any that fails, until the function that it gives is called. */
  watch(units: readonly string[] | undefined, listener: HostListener): () => void;
  /** systemd said something. */
  changed(signal: UnitSignal): void;
  /** It said so much that it is not listened to for a while. */
  flooded(): void;
  /** The connection over which changes are told has ended. */
  lost(reason: string): void;
  /** Ends all watching. */
  close(): void;
}

const RELIST_MS = 30_000;
/** All is listed this often where no changes are told: a bus refuses to, or was flooded. */
const UNTOLD_RELIST_MS = 1_000;
const FIRST_RETRY_MS = 250;
/** So many questions may follow each other at once; then there is one each `PAUSE_MS`, however much changes. */
const BURST = 20;
const PAUSE_MS = 20;

/** Makes the events. Timers do not keep the process alive; nothing is asked while nobody watches. */
export function createUnitEvents(options: UnitEventsOptions): UnitEvents {
  const watchers = new Set<ReturnType<typeof createWatcher>>();
  return {
    watch(units, listener) {
      const watcher = createWatcher(units, listener, options);
      watchers.add(watcher);
      return () => {
        watcher.end();
        watchers.delete(watcher);
      };
    },
    changed: (signal) => watchers.forEach((watcher) => watcher.changed(signal)),
    flooded: () => watchers.forEach((watcher) => watcher.askAgain()),
    lost: (reason) => watchers.forEach((watcher) => watcher.lost(reason)),
    close() {
      for (const watcher of watchers) watcher.end();
      watchers.clear();
    },
  };
}

function createWatcher(
  units: readonly string[] | undefined,
  listener: HostListener,
  { standing, now, relistMs = RELIST_MS }: UnitEventsOptions,
) {
  let known: ReadonlySet<string> = new Set();
  /** The names by which the watched units are to be told, by path. */
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

  /** Whether one more question may be asked now. */
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
      const found = await standing(units);
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

  /** What was in trouble before has been told; but where no changes are told, it may have been well in between. */
  function heardOf({ units: found, told }: Standing): void {
    const before = told ? known : new Set();
    const down = found.filter(({ activeState }) => isDown(activeState)).map(({ name }) => name);
    known = new Set(down);
    namesOf = grouped(found);
    retryMs = FIRST_RETRY_MS;
    if (state !== 'listening') listener.listening(true);
    state = 'listening';
    for (const name of down) if (!before.has(name)) listener.unitInTrouble(name);
    askIn(told ? relistMs : Math.min(UNTOLD_RELIST_MS, relistMs));
  }

  function lost(reason: string): void {
    if (state === 'listening') listener.listening(unknown(reason));
    if (state === 'listening') retryMs = FIRST_RETRY_MS;
    state = 'lost';
    known = new Set();
    askIn(retryMs);
    retryMs = Math.min(2 * retryMs, relistMs);
  }

  void ask();
  return {
    /** A signal says itself how its unit stands: nothing has to be asked. */
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

/** A unit may be watched under several of its names. */
function grouped(units: Standing['units']): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, readonly string[]>();
  for (const { name, path } of units) names.set(path, [...(names.get(path) ?? []), name]);
  return names;
}
