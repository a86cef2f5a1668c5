import { expectBoolean, expectKnownKeys, expectObject, refusal } from '../expect.js';
import { unitName } from '../host/systemd/unit-name.js';
import type { WatchedUnit } from './services.js';

/** A unit to watch: its name, with or without `.service`, or the name with what may be done for it. */
export type ServiceOption =
  string | { readonly unit: string; readonly keepRunning?: boolean; readonly restartForMemory?: boolean };

/** Checks the `services` option, and makes a map of it by full unit name. */
export function watchedUnits(services: unknown = []): ReadonlyMap<string, WatchedUnit> {
  if (!Array.isArray(services)) throw refusal('services', 'an array of unit names', services);
  const units = services.map((entry: unknown, index) => watchedUnit(entry, `services[${index}]`));
  return new Map(units.map((unit) => [unit.unit, unit]));
}

function watchedUnit(entry: unknown, option: string): WatchedUnit {
  if (typeof entry === 'string') return { unit: unitName(entry, option) };
  const given = expectObject(option, entry);
  expectKnownKeys(option, given, ['unit', 'keepRunning', 'restartForMemory']);
  for (const key of ['keepRunning', 'restartForMemory']) {
    if (given[key] !== undefined) expectBoolean(`${option}.${key}`, given[key]);
  }
  if (typeof given.unit !== 'string') throw refusal(`${option}.unit`, 'a systemd unit name', given.unit);
  return { ...(given as Omit<WatchedUnit, 'unit'>), unit: unitName(given.unit, `${option}.unit`) };
}
