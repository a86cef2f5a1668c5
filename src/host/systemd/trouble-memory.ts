import type { Listed } from './dbus-calls.js';
import { TROUBLED_STATES } from './unit-facts.js';
import type { UnitSignal, UnitState } from './unit-signal.js';

/** Remembers which of all units are in trouble, for as long as no signal may mean another answer. */
export interface TroubleMemory {
  /** The last answer, if it still holds and is younger than this. */
  recall(maxAgeMs: number): readonly Listed[] | undefined;
  /** Asks, and remembers the answer unless a signal came meanwhile; only where the changes of all units were `heard` before. */
  ask(question: () => Promise<readonly Listed[]>, heard: boolean): Promise<readonly Listed[]>;
  /** Takes in a signal. The signals of all units have to be let through. */
  hear(signal: UnitSignal): void;
}

/** Makes the memory of one connection. */
export function createTroubleMemory(now: () => number): TroubleMemory {
  let known: { readonly units: readonly Listed[]; readonly at: number } | undefined;
  let heard = 0;

  function mayMatter(signal: UnitSignal): boolean {
    if (signal.about === 'loaded') return false;
    if (signal.about === 'unit' && (signal.state === undefined || isTroubled(signal.state))) return true;
    return !('path' in signal) || known?.units.some(({ path }) => path === signal.path) === true;
  }

  return {
    recall: (maxAgeMs) => (known !== undefined && now() - known.at < maxAgeMs ? known.units : undefined),
    async ask(question, hearsAll) {
      const at = now();
      const before = heard;
      const units = await question();
      // A signal may have been heard after the answer came, and before it arrived here.
      known = hearsAll && heard === before ? { units, at } : undefined;
      return units;
    },
    hear(signal) {
      if (signal.about === 'job') return;
      heard++;
      if (mayMatter(signal)) known = undefined;
    },
  };
}

const isTroubled = ({ activeState, subState }: UnitState): boolean =>
  TROUBLED_STATES.includes(activeState) || TROUBLED_STATES.includes(subState);
