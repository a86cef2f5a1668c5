import type { Detector } from '../detect/detector.js';
import { lookAgain } from '../detect/look-again.js';
import { UNKNOWN_UNIT } from '../detect/services.js';
import type { ComponentVerdict } from '../issue.js';
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
  sources: AbsenceSources,
): Promise<ComponentVerdict[]> | undefined {
  if (open.length === 0 || !namesAll(sources.detector)) return undefined;
  const mentioned = new Set(verdicts.map(watchKey));
  const blind = blindChecks(verdicts);
  const absent = open.filter(
    (one) => !mentioned.has(watchKey(one)) && !blind.has(one.check) && !sources.isHeld(one.component),
  );
  return absent.length === 0
    ? undefined
    : Promise.all(absent.map((one) => ask(one, sources))).then((all) => all.flat());
}

async function ask(
  { component, check, type }: ComponentVerdict,
  { detector, signal }: AbsenceSources,
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

/** What a whole look leaves out although it is bad is not looked at any more. */
const isGone = ({ status, absent, reason }: ComponentVerdict): boolean =>
  status === 'bad' || absent === true || (status === 'unknown' && reason.startsWith(UNKNOWN_UNIT));
