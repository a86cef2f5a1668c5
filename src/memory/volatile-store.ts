import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** File systems in memory, by the type that statfs(2) returns: they are empty after a boot. */
const IN_MEMORY: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
]);

/**
 * Returns why a record in a file does not survive a boot, as one sentence; `undefined` if it does, or if it is not known. A
 * root file system that is restored from a snapshot at each boot is not recognised.
 */
export function whyVolatile(path: string | undefined, kindOf = kindOfFileSystem): string | undefined {
  if (path === undefined) return undefined;
  const kind = IN_MEMORY.get(kindOf(dirname(path)) ?? 0);
  return kind === undefined
    ? undefined
    : `the record in ${path} is on a ${kind}, which is empty after a boot: give \`state\` a path on disk`;
}

function kindOfFileSystem(folder: string): number | undefined {
  try {
    return statfsSync(folder).type;
  } catch {
    return undefined;
  }
}
