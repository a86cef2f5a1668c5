import { messageOf } from '../../errors.js';
import type { HostListener } from '../host.js';
import { unknown } from '../reading.js';

/** What the events of one reader are made with. Times are in milliseconds. */
export interface UnitEventsOptions {
  /** Which of these units, or of all, are in trouble now, with their paths; has every change of them told from then on. */
  readonly inTrouble: (units: readonly string[] | undefined) => Promise<ReadonlyMap<string, string>>;
  /** Monotonic time. */
  readonly now: () => number;
  /** All is listed again after this time, whatever was told. Default 30,000. */
  readonly relistMs?: number | undefined;
}

/** Turns "something has changed" into "this unit is newly in trouble", for those who listen. */
export interface UnitEvents {
  /** Tells of these units, or of any that fails, until the function that it gives is called. */
  watch(units: readonly string[] | undefined, listener: HostListener): () => void;
  /** A unit has changed, or, without its path, many may have. */
  changed(path: string | undefined): void;
  /** The connection over which changes are told has ended. */
  lost(reason: string): void;
  /** Ends all watching. */
  close(): void;
}

const RELIST_MS = 30_000;
const FIRST_RETRY_MS = 250;
/** So many questions may follow each other at once; then there is one each `PAUSE_MS`, however much changes. */
const BURST = 20;
const PAUSE_MS = 20;

/** Makes the events. Timers do not keep the process alive; nothing is asked while nobody watches. */
export function createUnitEvents(options: UnitEventsOptions): UnitEvents {
  const watchers = new Set<{
    changed(path: string | undefined): void;
    lost(reason: string): void;
    end(): void;
  }>();
  return {
    watch(units, listener) {
      const watcher = createWatcher(units, listener, options);
      watchers.add(watcher);
      return () => {
        watcher.end();
        watchers.delete(watcher);
      };
    },
    changed: (path) => watchers.forEach((watcher) => watcher.changed(path)),
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
  { inTrouble, now, relistMs = RELIST_MS }: UnitEventsOptions,
) {
  let known: ReadonlyMap<string, string> = new Map();
  let changes = new Set<string>();
  let state: 'new' | 'listening' | 'lost' = 'new';
  let retryMs = FIRST_RETRY_MS;
  let asking = false;
  let again = false;
  let allowance = BURST;
  let countedAt = now();
  let timer: NodeJS.Timeout | undefined;
  let ended = false;

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
    const changed = changes;
    changes = new Set();
    try {
      const found = await inTrouble(units);
      if (!ended) heardOf(found, changed);
    } catch (error) {
      if (!ended) lost(messageOf(error));
    }
    asking = false;
    if (again && state === 'listening') void ask();
  }

  /** What was in trouble before is told again only if it has changed meanwhile: it may have been well in between. */
  function heardOf(found: ReadonlyMap<string, string>, changed: ReadonlySet<string>): void {
    const before = known;
    known = found;
    retryMs = FIRST_RETRY_MS;
    if (state !== 'listening') listener.listening(true);
    state = 'listening';
    for (const [unit, path] of found)
      if (!before.has(unit) || changed.has(path)) listener.unitInTrouble(unit);
    askIn(relistMs);
  }

  function lost(reason: string): void {
    if (state === 'listening') listener.listening(unknown(reason));
    if (state === 'listening') retryMs = FIRST_RETRY_MS;
    state = 'lost';
    askIn(retryMs);
    retryMs = Math.min(2 * retryMs, relistMs);
  }

  void ask();
  return {
    changed(path: string | undefined) {
      again = true;
      if (path !== undefined) changes.add(path);
      void ask();
    },
    lost,
    end() {
      ended = true;
      clearTimeout(timer);
    },
  };
}
