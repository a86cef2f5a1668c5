import type { ListedUnit } from './dbus-calls.js';
import { isFailing } from './unit-facts.js';
import type { UnitSignal } from './unit-signal.js';

/** Remembers which units are failing, until a signal may change that. */
export function createFailingUnits(now: () => number) {
  let known: { readonly units: readonly ListedUnit[]; readonly at: number } | undefined;
  let received = 0;

  function mayMatter(signal: UnitSignal): boolean {
    if (signal.about === 'loaded') return false;
    if (signal.about === 'unit' && (signal.state === undefined || isFailing(signal.state))) return true;
    return !('path' in signal) || known?.units.some(({ path }) => path === signal.path) === true;
  }

  return {
    /** Returns the last list if it is still valid and younger than `maxAgeMs`. */
    recall: (maxAgeMs: number) =>
      known !== undefined && now() - known.at < maxAgeMs ? known.units : undefined,
    /** Reads the list, and remembers it if all units are followed and no signal arrived while it was read. */
    async ask(list: () => Promise<readonly ListedUnit[]>, followsAll: boolean) {
      const at = now();
      const before = received;
      const units = await list();
      // A signal may have arrived after the answer and before this line.
      known = followsAll && received === before ? { units, at } : undefined;
      return units;
    },
    handle(signal: UnitSignal) {
      if (signal.about === 'job') return;
      received++;
      if (mayMatter(signal)) known = undefined;
    },
  };
}
