import { isUnknown, type Reading } from '../model/reading.js';
import type { MountReading } from '../model/snapshot.js';
import { componentOf, isUnitName, unitName } from '../model/unit-name.js';
import type { ComponentVerdict } from '../model/issue.js';
import { NIX_STORE, rulesFor } from '../model/built-in-checks.js';
import { parseComponent } from '../model/component.js';
import { mountOf } from './disk.js';

/** Returns the verdicts on one component, in any accepted form: `nginx.service`, a bare `disk`. */
export function verdictsOn(
  component: string,
  verdicts: readonly ComponentVerdict[],
  mounts: Reading<readonly MountReading[]>,
): ComponentVerdict[] {
  const named = verdicts.filter((verdict) => verdict.component === component);
  if (named.length > 0) return named;
  const word = canonicalComponent(component, mounts);
  const exact = verdicts.filter((verdict) => verdict.component === word);
  const first = verdicts[0];
  if (exact.length > 0 || first === undefined) return exact;
  // Either the check could read nothing, or there is no such component: unknown in both cases.
  const isBlind = verdicts.every(({ status }) => status === 'unknown');
  const reason = isBlind ? first.reason : `${word} is not among what was read`;
  const verdict = {
    status: 'unknown',
    reason,
    check: first.check,
    type: first.type,
    component: word,
  } as const;
  return [isBlind ? verdict : { ...verdict, absent: true }];
}

/** Returns a component in the form that verdicts use. */
export function canonicalComponent(component: string, mounts: Reading<readonly MountReading[]>): string {
  if (component === 'disk' || component === 'inodes') {
    const mount = isUnknown(mounts) ? undefined : mountOf(NIX_STORE, mounts);
    return mount === undefined ? component : `${component}:${mount.mountPoint}`;
  }
  return componentOf(component);
}

/** Returns whether a component can be the name of a unit. */
export function mayBeUnit(component: string): boolean {
  try {
    return isUnitName(unitName(component));
  } catch {
    return false;
  }
}

/** Returns the built-in checks that judge a component. */
export function builtInChecksOf(component: string): readonly string[] {
  const found = rulesFor(parseComponent(component));
  if (found !== undefined) return [found.check.name];
  return mayBeUnit(component) ? ['services'] : [];
}
