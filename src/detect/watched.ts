import { expectBoolean, expectKnownKeys, expectObject, refusal } from '../base/expect.js';
import { isUnitName, UNIT_SUFFIX, unitName } from '../model/unit-name.js';
import { isPattern, withBothWishes, type WatchedUnit, type WatchedUnits } from './watched-units.js';

/**
 * A unit to watch: its name, with or without `.service`, or a pattern such as `worker@*`; optionally with settings.
 * Services, sockets, timers, paths, mounts, automounts, swaps and targets can be listed.
 */
export type ServiceOption =
  string | { readonly unit: string; readonly keepRunning?: boolean; readonly restartForMemory?: boolean };

/** Validates the `services` option. Returns its entries by full unit name. */
export function watchedUnits(services: unknown = []): WatchedUnits {
  if (!Array.isArray(services)) throw refusal('services', 'an array of unit names', services);
  const units = new Map<string, WatchedUnit>();
  for (const [index, entry] of services.entries()) {
    const watched = watchedUnit(entry, `services[${index}]`);
    const before = units.get(watched.unit);
    units.set(watched.unit, before === undefined ? watched : withBothWishes(before, watched));
  }
  return units;
}

function watchedUnit(entry: unknown, option: string): WatchedUnit {
  if (typeof entry === 'string') return { unit: listedName(entry, option) };
  const given = expectObject(option, entry);
  expectKnownKeys(option, given, ['unit', 'keepRunning', 'restartForMemory']);
  for (const key of ['keepRunning', 'restartForMemory']) {
    if (given[key] !== undefined) expectBoolean(`${option}.${key}`, given[key]);
  }
  if (typeof given.unit !== 'string') throw refusal(`${option}.unit`, 'a systemd unit name', given.unit);
  return { ...(given as Omit<WatchedUnit, 'unit'>), unit: listedName(given.unit, `${option}.unit`) };
}

/** Kinds of units that systemd cannot start on request, or that other programs create. */
const NOT_STARTED = /\.(device|slice|scope)$/;

function listedName(name: string, option: string): string {
  const full = isPattern(name) ? patternName(name, option) : unitName(name, option);
  if (NOT_STARTED.test(full))
    throw refusal(option, 'a unit that can be started (not a device, slice or scope)', name);
  if (isPattern(full) && full.endsWith('.target'))
    throw refusal(option, 'the full name of a target (a pattern never matches one)', name);
  return full;
}

/** Validates a pattern; without a suffix it matches services. */
function patternName(pattern: string, option: string): string {
  const full = UNIT_SUFFIX.test(pattern) ? pattern : `${pattern}.service`;
  // In fnmatch(3), `[!]` has no end.
  const wild = /\[(?![!^]\])[!^]?[^\]]+\]|[*?]/g;
  // A pattern without a letter would list every unit.
  const isNarrow = /[A-Za-z0-9]/.test(full.replace(UNIT_SUFFIX, '').replace(wild, ''));
  const ranges = (full.match(wild) ?? []).flatMap(
    (part) => part.replace(/^\[[!^]?/, '').match(/.-[^\]]/g) ?? [],
  );
  const isOrdered = ranges.every((range) => range.at(0)! <= range.at(2)!);
  if (isUnitName(full.replace(wild, 'x')) && isNarrow && isOrdered && !pattern.startsWith('-')) return full;
  const wanted = isOrdered ? 'with at least one letter or digit' : 'with ranges in order, such as `[0-9]`';
  throw refusal(option, `a systemd unit name or a pattern ${wanted}`, pattern);
}
