import type { Detector } from '../detect/detector.js';
import { lookAgain } from '../detect/look-again.js';
import { UNKNOWN_UNIT } from '../detect/services.js';
import type { ComponentVerdict } from '../model/issue.js';

/** Reads components by name that the verdicts of a cycle lack. Returns their verdicts, without components that are gone. */
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
    // Its issue stays open until it can be read.
    const reason = `${component} could not be read by name`;
    return [{ status: 'unknown', reason, component, check, type }];
  }
}

/**
 * Returns whether a component is gone. One that is bad by name but missing in the cycle is not watched any more, such as a
 * data set whose pool was renamed. Failed units are never missing: such a unit has failed since the cycle.
 */
const isGone = ({ status, absent, reason, check }: ComponentVerdict): boolean =>
  (status === 'bad' && check !== 'services') ||
  absent === true ||
  (status === 'unknown' && reason.startsWith(UNKNOWN_UNIT));
