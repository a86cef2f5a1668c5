import type { Detector } from '../detect/detector.js';
import { lookAgain } from '../detect/look-again.js';
import { UNKNOWN_UNIT } from '../detect/services.js';
import type { ComponentVerdict } from '../model/issue.js';

/** Reads components by name that a whole look did not mention. Returns what was read of them; of what is gone nothing. */
export async function askByName(
  absent: readonly ComponentVerdict[],
  detector: Detector,
  signal: AbortSignal,
): Promise<ComponentVerdict[]> {
  return (await Promise.all(absent.map((one) => ask(one, detector, signal)))).flat();
}

async function ask(
  { component, check, type }: ComponentVerdict,
  detector: Detector,
  signal: AbortSignal,
): Promise<ComponentVerdict[]> {
  try {
    const verdicts = await lookAgain(detector, { component, check, signal });
    const isAbout = (one: ComponentVerdict): boolean => one.component === component && one.check === check;
    return verdicts.filter((one) => isAbout(one) && !isGone(one));
  } catch {
    // Its issue stays open until somebody can tell.
    const reason = `${component} could not be read by name`;
    return [{ status: 'unknown', reason, component, check, type }];
  }
}

/**
 * What a whole look leaves out although it is bad is not looked at any more, as a data set whose pool has another name
 * now. A unit in trouble is always found: it has failed since the look.
 */
const isGone = ({ status, absent, reason, check }: ComponentVerdict): boolean =>
  (status === 'bad' && check !== 'services') ||
  absent === true ||
  (status === 'unknown' && reason.startsWith(UNKNOWN_UNIT));
