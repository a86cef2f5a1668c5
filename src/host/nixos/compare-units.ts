import type { UnitFile } from './unit-file.js';

/** Keys of `[Unit]` that only describe a unit, or affect only other units. */
const DESCRIPTIVE = new Set([
  'AllowIsolate',
  'CollectMode',
  'Description',
  'Documentation',
  'IgnoreOnIsolate',
  'OnFailure',
  'OnFailureJobMode',
  'OnSuccess',
  'RefuseManualStart',
  'RefuseManualStop',
  'SourcePath',
  'StopWhenUnneeded',
]);

/** Keys whose removal does not affect a running unit, while a new or changed value does. */
const FREE_TO_GO: readonly string[] = ['Unit.X-Reload-Triggers', 'Service.ExecReload'];

/**
 * Returns whether a switch from one definition of a unit to the other would restart or reload it, as
 * `switch-to-configuration` compares them. `[Install]` and descriptive keys make no difference; the order of the values
 * of a key does.
 */
export function isDifferent(from: UnitFile, to: UnitFile): boolean {
  const [before, after] = [assignments(from), assignments(to)];
  for (const [key, values] of before) {
    const others = after.get(key);
    if (others === undefined ? !FREE_TO_GO.includes(key) : values !== others) return true;
  }
  for (const key of after.keys()) if (!before.has(key)) return true;
  return false;
}

/** Returns every compared key, as `Section.Key`, with its values as one text. */
function assignments(unit: UnitFile): Map<string, string> {
  const found = new Map<string, string>();
  for (const [section, keys] of unit) {
    if (section === 'Install') continue;
    for (const [key, values] of keys) {
      if (section !== 'Unit' || !DESCRIPTIVE.has(key)) found.set(`${section}.${key}`, values.join('\n'));
    }
  }
  return found;
}
