import { isUnknown } from '../model/reading.js';
import type { MountReading } from '../model/snapshot.js';
import { NO_RULES } from './disk.js';
import type { MountRules } from './mount-rules.js';
import { clearingLevel } from './percent.js';

/** The percentage of bytes under which a file system is well again. `threshold` counts where it has no level of its own. */
export const clearingLevelOf = (
  { mountPoint, space }: MountReading,
  threshold: number,
  rules: MountRules = NO_RULES,
): number =>
  rules.has(mountPoint) && !isUnknown(space)
    ? rules.clearingLevelOf(mountPoint, space)
    : clearingLevel(threshold);
