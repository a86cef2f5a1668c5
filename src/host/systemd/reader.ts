import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.js';
import type { HostListener } from '../host.js';
import { isUnknown, unknown, type Reading } from '../../model/reading.js';
import type { UnitsReading } from '../../model/snapshot.js';
import { hasStartLimitAction, type UnitRelations } from '../../model/unit-relations.js';
import type { UnitReading } from '../../model/unit.js';
import { createDbusUnits } from './dbus-units.js';
import { recentStarts } from './recent-starts.js';
import { createSystemctlUnits } from './systemctl-units.js';
import { createUnitEvents } from './unit-events.js';
import type { StateRequest, UnitSource, UnitsRequest } from './unit-facts.js';
import { createUnitMemory } from './unit-memory.js';
import { isUnitName, unitName } from '../../model/unit-name.js';

/** A bus that failed slowly is left alone for a while, so that one that hangs does not slow every reading. */
const SLOW_FAILURE_MS = 1_000;
const BUS_PAUSE_MS = 30_000;
/** How old an answer may be for those who want none newer. */
const RECENT_MS = 5_000;

/** Where systemd and its programs are; the defaults are right for a real host. */
export interface SystemdReaderOptions {
  /** Folder in which `run/systemd/system` says that systemd runs. Default `/`. */
  readonly root?: string;
  /** Address of the system bus. Default: `DBUS_SYSTEM_BUS_ADDRESS`, or the well-known socket. */
  readonly busAddress?: string;
  /** The program for hosts without a bus. Default `systemctl`. */
  readonly systemctl?: string;
  /** The program that reads the journal. Default `journalctl`. */
  readonly journalctl?: string;
  /** How long one call over the bus may take, in milliseconds. Default 5,000. */
  readonly busTimeoutMs?: number;
  /** How often everything is listed again for those who watch, whatever was signalled, in milliseconds. Default 30,000. */
  readonly relistMs?: number;
  /** Monotonic time in milliseconds. Default `performance.now`. */
  readonly monotonic?: () => number;
}

/** Reads what systemd knows. Nothing here throws or rejects: what cannot be read is unknown. */
export interface SystemdReader {
  /** Units by name, and those found in trouble. */
  readUnits(request: UnitsRequest): Reading<UnitsReading> | Promise<Reading<UnitsReading>>;
  /** systemd's word for the whole system: `running`, `degraded` … */
  readState(request?: StateRequest): Promise<Reading<string>>;
  /** Full names of the services that are active. */
  activeServices(signal?: AbortSignal): Promise<Reading<readonly string[]>>;
  /** How units relate to others, by full name and in that order. Costs one question for all of them. */
  unitRelations(units: readonly string[], signal?: AbortSignal): Promise<Reading<readonly UnitRelations[]>>;
  /** Tells at once of units that get into trouble; see `Host.watch`. */
  watch(units: readonly string[] | undefined, listener: HostListener): () => void;
  /** Lets go of the bus; a later reading opens it again. */
  close(): Promise<void>;
}

/** Makes the reader of systemd: over D-Bus, by `systemctl` where there is no bus. Nothing is opened before a reading. */
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
    standing: (units) => (isThere() ? bus.standing(units) : Promise.reject(new Error(NO_SYSTEMD))),
    now,
    relistMs,
  });
  const program = createSystemctlUnits({ systemctl });
  const memory = createUnitMemory({ journalctl, now });
  let systemdRuns = false;
  let busPausedUntil = -Infinity;
  let busFailure = '';
  let last:
    | (Pick<UnitsRequest, 'names' | 'patterns' | 'discover'> & {
        units: UnitsReading;
        version: number;
        at: number;
      })
    | undefined;

  const isThere = (): boolean => (systemdRuns ||= existsSync(join(root, 'run/systemd/system')));

  async function ask<T>(
    question: (source: UnitSource) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<Reading<T>> {
    if (!isThere()) return unknown(NO_SYSTEMD);
    const begun = now();
    if (begun >= busPausedUntil) {
      try {
        return await question(bus);
      } catch (error) {
        if (signal?.aborted) return ENDED;
        bus.close();
        busFailure = messageOf(error);
        events.lost(busFailure);
        if (now() - begun >= SLOW_FAILURE_MS) busPausedUntil = now() + BUS_PAUSE_MS;
      }
    }
    try {
      return await question(program);
    } catch (error) {
      return unknown(`systemd cannot be asked: ${busFailure}; ${messageOf(error)}`);
    }
  }

  async function readAnew(request: UnitsRequest): Promise<Reading<UnitsReading>> {
    const { names, discover, signal } = request;
    // Each call over the bus listens for the end of the reading: that is many, and no leak.
    if (signal) setMaxListeners(0, signal);
    const { version } = bus;
    const read = await endedBy(signal, async () => {
      const full = names.map(fullName);
      const valid = full.filter(isUnitName);
      const followed = discover ? memory.followed(valid) : [];
      const wanted = { ...request, names: [...valid, ...followed] };
      return ask(
        async (source) => memory.complete(full, await source.readUnits(wanted), { source, discover, signal }),
        signal,
      );
    });
    // What is in trouble, or on its way somewhere, is read each time.
    if (isUnknown(read) || !unitsIn(read).every(runsWell) || read.troubled.length > 0) return read;
    // The same object as before tells everybody at once that nothing has changed.
    const units = last && isSame(unitsIn(last.units), unitsIn(read)) ? last.units : Object.freeze(read);
    last = { names, patterns: request.patterns, discover, units, version, at: now() };
    return units;
  }

  return {
    readUnits(request) {
      const { names, patterns, discover } = request;
      if (names.length === 0 && patterns === undefined && !discover) return NO_UNITS;
      const isRecent =
        request.recent === true &&
        last?.names === names &&
        last.patterns === patterns &&
        last.discover === discover &&
        last.version === bus.version &&
        now() - last.at < RECENT_MS;
      return isRecent ? last!.units : readAnew(request);
    },
    readState: (request = {}) =>
      endedBy(request.signal, () => ask((source) => source.readState(request), request.signal)),
    activeServices: (signal) => endedBy(signal, () => ask((source) => source.activeServices(signal), signal)),
    unitRelations: (units, signal) =>
      endedBy(signal, async () => {
        const read = await ask((source) => source.relations(units, signal), signal);
        if (isUnknown(read)) return read;
        const from = (ms: number): number => Date.now() - ms;
        return Promise.all(
          read.map(async (unit) =>
            hasStartLimitAction(unit)
              ? {
                  ...unit,
                  recentStarts: await recentStarts(unit.id, from(unit.startLimitIntervalMs), {
                    ...(journalctl === undefined ? {} : { journalctl }),
                    ...(signal ? { signal } : {}),
                  }),
                }
              : unit,
          ),
        );
      }),
    watch(units, listener) {
      return events.watch(units?.map(fullName).filter(isUnitName), listener);
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

/** What cannot be a unit is not refused here, where nothing throws: systemd does not know it. */
function fullName(name: string): string {
  try {
    return unitName(name);
  } catch {
    return String(name);
  }
}

const NO_UNITS: UnitsReading = Object.freeze({ asked: Object.freeze([]), troubled: Object.freeze([]) });
const runsWell = ({ activeState, job, recentRestarts, dailyRestarts }: UnitReading): boolean =>
  activeState === 'active' && job === '' && recentRestarts === 0 && dailyRestarts === 0;

/** Every unit of a reading that may be well. */
const unitsIn = ({ asked, matched = [], members = [] }: UnitsReading): readonly UnitReading[] =>
  matched.length + members.length === 0 ? asked : [...asked, ...matched, ...members];

const isSame = (before: readonly UnitReading[], now: readonly UnitReading[]): boolean =>
  before.length === now.length && before.every((unit, at) => unit === now[at]);

const NO_SYSTEMD = 'systemd is not running here';
const ENDED = unknown('the reading was ended before systemd answered');

/** Answers when the signal says so, whatever is still waiting. */
async function endedBy<T>(
  signal: AbortSignal | undefined,
  read: () => Promise<Reading<T>>,
): Promise<Reading<T>> {
  if (signal === undefined) return read().catch((error: unknown) => unknown(messageOf(error)));
  if (signal.aborted) return ENDED;
  let stopListening = (): void => {};
  const aborted = new Promise<Reading<T>>((resolve) => {
    const end = (): void => resolve(ENDED);
    signal.addEventListener('abort', end, { once: true });
    stopListening = () => signal.removeEventListener('abort', end);
  });
  try {
    return await Promise.race([read(), aborted]);
  } catch (error) {
    return unknown(messageOf(error));
  } finally {
    stopListening();
  }
}
