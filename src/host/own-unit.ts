import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { templateOf } from '../model/unit-name.js';

/** Returns the systemd service that this program runs in; `null` if none. */
export function ownUnit(root = '/'): string | null {
  try {
    const groups = readFileSync(join(root, 'proc/self/cgroup'), 'utf8');
    return /\/([^/]+\.service)(?:\/[^/]*)*$/m.exec(groups)?.[1] ?? null;
  } catch {
    return null;
  }
}

/** Returns whether a NixOS system has a unit or its template. */
export function systemHasUnit(system: string, unit: string): boolean {
  return [unit, templateOf(unit) ?? unit].some((name) =>
    existsSync(join(system, 'etc/systemd/system', name)),
  );
}
