import { isUnknown } from '../model/reading.js';
import type { MountReading } from '../model/snapshot.js';
import { NO_RULES } from './disk.js';
import type { MountRules } from './mount-rules.js';
import { clearingLevel } from './percent.js';

/** Returns the percentage of bytes below which an issue of a file system clears. `threshold` applies where it has no level in the rules. */
export const clearingLevelOf = (
  { mountPoint, space }: MountReading,
  threshold: number,
  rules: MountRules = NO_RULES,
): number =>
  rules.has(mountPoint) && !isUnknown(space)
    ? rules.clearingLevelOf(mountPoint, space)
    : clearingLevel(threshold);
