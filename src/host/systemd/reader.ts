import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.js';
import type { HostListener } from '../host.js';
import { isUnknown, unknown, type Reading } from '../../model/reading.js';
import type { UnitsReading } from '../../model/snapshot.js';
import type { UnitRelations } from '../../model/unit-relations.js';
import type { UnitReading } from '../../model/unit.js';
import { createDbusUnits } from './dbus-units.js';
import { withRecentStarts } from './recent-starts.js';
import { createSystemctlUnits } from './systemctl-units.js';
import { createUnitEvents } from './unit-events.js';
import type { StateRequest, UnitSource, UnitsRequest } from './unit-facts.js';
import { createUnitMemory } from './unit-memory.js';
import { isUnitName, unitName } from '../../model/unit-name.js';

/** After a slow failure the bus is not used for a while, so that a hanging bus does not delay every reading. */
const SLOW_FAILURE_MS = 1_000;
const BUS_PAUSE_MS = 30_000;
/** Maximum age of a result for requests with `recent`, in milliseconds … */
const RECENT_MS = 5_000;
/** … and while changes of all units are signalled. */
const FOLLOWED_MS = 30_000;

export interface SystemdReaderOptions {
  /** Folder whose `run/systemd/system` exists if systemd runs. Default `/`. */
  readonly root?: string;
  /** Address of the system bus. Default: `DBUS_SYSTEM_BUS_ADDRESS`, or the well-known socket. */
  readonly busAddress?: string;
  /** Program for hosts without a bus. Default `systemctl`. */
  readonly systemctl?: string;
  /** Program that reads the journal. Default `journalctl`. */
  readonly journalctl?: string;
  /** Timeout of a call over the bus, in milliseconds. Default 5,000. */
  readonly busTimeoutMs?: number;
  /** Interval at which watched units are listed again, in milliseconds. Default 30,000. */
  readonly relistMs?: number;
  /** Monotonic time in milliseconds. Default `performance.now`. */
  readonly monotonic?: () => number;
}

/** Reads the state of systemd and its units. Never throws or rejects: a part that cannot be read is unknown. */
export interface SystemdReader {
  /** Reads units by name, and those that are failing. */
  readUnits(request: UnitsRequest): Reading<UnitsReading> | Promise<Reading<UnitsReading>>;
  /** Returns units as last signalled; `undefined` if they have to be read. */
  recentUnits(request: UnitsRequest): UnitsReading | undefined;
  /** Returns the state of the system as last signalled; `undefined` if it has to be read. */
  recentState(): string | undefined;
  /** Reads the state of the whole system: `running`, `degraded` … */
  readState(request?: StateRequest): Reading<string> | Promise<Reading<string>>;
  /** Lists the full names of the active services. */
  activeServices(signal?: AbortSignal): Promise<Reading<readonly string[]>>;
  /** Reads the relations of units, by full name and in that order. */
  unitRelations(units: readonly string[], signal?: AbortSignal): Promise<Reading<readonly UnitRelations[]>>;
  /** See `Host.watch`. */
  watch(units: readonly string[] | undefined, listener: HostListener): () => void;
  /** Closes the connection to the bus; a later reading opens it again. */
  close(): Promise<void>;
}

/** Creates a reader of systemd: over D-Bus, or by `systemctl` without a bus. It opens nothing before a reading. */
export function createSystemdReader(options: SystemdReaderOptions = {}): SystemdReader {
  const { root = '/', busAddress, systemctl, journalctl, busTimeoutMs, relistMs } = options;
  const now = options.monotonic ?? (() => performance.now());
  const bus = createDbusUnits({
    address: busAddress,
    timeoutMs: busTimeoutMs,
    now,
    onChange: (signal) => events.changed(signal),
    onFlood: () => events.flooded(),
    onLost: (reason) => events.lost(reason),
  });
  const events = createUnitEvents({
    followStates: (units) => (isThere() ? bus.followStates(units) : Promise.reject(new Error(NO_SYSTEMD))),
    now,
    relistMs,
  });
  const program = createSystemctlUnits(systemctl);
  const memory = createUnitMemory({ journalctl, now });
  let systemdRuns = false;
  let busPausedUntil = -Infinity;
  let busFailure = '';
  let last: { request: UnitsRequest; units: UnitsReading; version: number; at: number } | undefined;

  const isThere = (): boolean => (systemdRuns ||= existsSync(join(root, 'run/systemd/system')));

  async function ask<T>(
    query: (source: UnitSource) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<Reading<T>> {
    if (!isThere()) return unknown(NO_SYSTEMD);
    const begun = now();
    if (begun >= busPausedUntil) {
      try {
        return await query(bus);
      } catch (error) {
        if (signal?.aborted) return ENDED;
        bus.close();
        busFailure = messageOf(error);
        events.lost(busFailure);
        if (now() - begun >= SLOW_FAILURE_MS) busPausedUntil = now() + BUS_PAUSE_MS;
      }
    }
    try {
      return await query(program);
    } catch (error) {
      return unknown(`systemd cannot be reached: ${busFailure}; ${messageOf(error)}`);
    }
  }

  async function readNow(request: UnitsRequest): Promise<Reading<UnitsReading>> {
    const { names, discover, signal } = request;
    // Each call over the bus adds a listener: not a leak.
    if (signal) setMaxListeners(0, signal);
    const { version } = bus;
    const read = await endedBy(signal, async () => {
      const full = names.map(fullUnitName);
      const valid = full.filter(isUnitName);
      const followed = discover ? memory.followed(valid) : [];
      const wanted = { ...request, names: [...valid, ...followed] };
      return ask(async (source) => {
        const startedAt = now();
        const facts = await source.readUnits(wanted);
        return memory.complete(full, facts, { source, discover, startedAt, signal });
      }, signal);
    });
    // Failing units, and units in transition, are read each time.
    if (isUnknown(read) || !unitsIn(read).every(runsWell) || read.troubled.length > 0) return read;
    // Returns the same object if nothing has changed, so that callers can compare by identity.
    const units = last && isSame(unitsIn(last.units), unitsIn(read)) ? last.units : Object.freeze(read);
    last = { request, units, version, at: now() };
    return units;
  }

  function recentUnits(request: UnitsRequest): UnitsReading | undefined {
    if (asksNothing(request)) return NO_UNITS;
    if (last?.version !== bus.version || !isSameRequest(last.request, request)) return undefined;
    return now() - last.at < (bus.followsAll ? FOLLOWED_MS : RECENT_MS) ? last.units : undefined;
  }

  return {
    recentUnits,
    recentState: () => bus.recentState(),
    readUnits(request) {
      if (asksNothing(request)) return NO_UNITS;
      return (request.recent === true ? recentUnits(request) : undefined) ?? readNow(request);
    },
    readState: (request = {}) =>
      (request.recent === true ? bus.recentState() : undefined) ??
      endedBy(request.signal, () => ask((source) => source.readState(request.signal), request.signal)),
    activeServices: (signal) => endedBy(signal, () => ask((source) => source.activeServices(signal), signal)),
    unitRelations: (units, signal) =>
      endedBy(signal, async () => {
        const read = await ask((source) => source.relations(units, signal), signal);
        if (isUnknown(read)) return read;
        return Promise.all(read.map((unit) => withRecentStarts(unit, { journalctl, signal })));
      }),
    watch(units, listener) {
      return events.watch(units?.map(fullUnitName).filter(isUnitName), listener);
    },
    close() {
      events.close();
      bus.close();
      program.close();
      busPausedUntil = -Infinity;
      return Promise.resolve();
    },
  };
}

/** Returns the full name of a unit. An invalid name is returned as it is, and reported as not found. */
function fullUnitName(name: string): string {
  try {
    return unitName(name);
  } catch {
    return String(name);
  }
}

const NO_UNITS: UnitsReading = Object.freeze({ asked: Object.freeze([]), troubled: Object.freeze([]) });
const asksNothing = ({ names, patterns, discover }: UnitsRequest): boolean =>
  names.length === 0 && patterns === undefined && !discover;

const isSameRequest = (one: UnitsRequest, other: UnitsRequest): boolean =>
  one.names === other.names && one.patterns === other.patterns && one.discover === other.discover;

const runsWell = ({ activeState, job, recentRestarts, dailyRestarts }: UnitReading): boolean =>
  activeState === 'active' && job === '' && recentRestarts === 0 && dailyRestarts === 0;

/** Returns every unit of a reading that is not failing. */
const unitsIn = ({ asked, matched = [], members = [] }: UnitsReading): readonly UnitReading[] =>
  matched.length + members.length === 0 ? asked : [...asked, ...matched, ...members];

const isSame = (before: readonly UnitReading[], now: readonly UnitReading[]): boolean =>
  before.length === now.length && before.every((unit, at) => unit === now[at]);

const NO_SYSTEMD = 'systemd is not running here';
const ENDED = unknown('the reading was ended before systemd answered');

/** Resolves as soon as the signal is aborted, even if calls are pending. */
async function endedBy<T>(
  signal: AbortSignal | undefined,
  read: () => Promise<Reading<T>>,
): Promise<Reading<T>> {
  if (signal?.aborted) return ENDED;
  let end = (): void => {};
  const aborted = new Promise<Reading<T>>((resolve) => (end = () => resolve(ENDED)));
  signal?.addEventListener('abort', end);
  try {
    return await Promise.race([read(), aborted]);
  } catch (error) {
    return unknown(messageOf(error));
  } finally {
    signal?.removeEventListener('abort', end);
  }
}
