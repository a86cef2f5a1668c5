import type { Detector } from '../detect/detector.js';
import type { ComponentVerdict } from '../model/issue.js';
import { repairs } from '../repair/load.js';
import { blindChecks, watchKey } from './debounce.js';

/** What absence is judged with. */
export interface AbsenceSources {
  readonly detector: Detector;
  /** Whether nothing is to be closed about a component now. */
  readonly isHeld: (component: string) => boolean;
  readonly signal: AbortSignal;
}

/** Whether a detector names every component that it reads: then one that it does not mention is gone, and not well. */
export const namesAll = (detector: Detector): boolean =>
  detector.inspect !== undefined || detector.look !== undefined;

/**
 * Asks by name about open issues that a whole look does not mention: a unit that nobody listed is found only while it is
 * in trouble, and a mount may have been unmounted. Returns what was read of them, to be counted beside the look; of what
 * is gone nothing. `undefined`, and nothing is awaited, where nothing is missing.
 */
export function askForAbsent(
  open: readonly ComponentVerdict[],
  verdicts: readonly ComponentVerdict[],
  { detector, isHeld, signal }: AbsenceSources,
): Promise<ComponentVerdict[]> | undefined {
  if (open.length === 0 || !namesAll(detector)) return undefined;
  const mentioned = new Set(verdicts.map(watchKey));
  const blind = blindChecks(verdicts);
  const absent = open.filter(
    (one) => !mentioned.has(watchKey(one)) && !blind.has(one.check) && !isHeld(one.component),
  );
  return absent.length === 0
    ? undefined
    : repairs().then(({ askByName }) => askByName(absent, detector, signal));
}
