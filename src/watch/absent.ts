import type { Detector } from '../detect/detector.js';
import type { ComponentVerdict } from '../model/issue.js';
import { repairs } from '../repair/load.js';
import { blindChecks, watchKey } from './debounce.js';

/** Returns whether a detector names every component that it reads: one that is missing is gone, not ok. */
export const namesAll = (detector: Detector): boolean =>
  detector.inspect !== undefined || detector.look !== undefined;

/**
 * Reads components with open issues that a full look does not include: an unlisted unit is found only while it is bad,
 * and a file system may have been unmounted. No issue of a component that is held may be closed now. Returns their
 * verdicts, none for a component that is gone. Returns `undefined` synchronously where nothing is missing.
 */
export function askForAbsent(
  open: readonly ComponentVerdict[],
  verdicts: readonly ComponentVerdict[],
  detector: Detector,
  isHeld: (component: string) => boolean,
  signal: AbortSignal,
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
