import { rulesOf } from '../model/built-in-checks.js';
import { isBad } from '../detect/issue-from.js';
import { isCleared } from '../detect/percent.js';
import type { ComponentVerdict } from '../model/issue.js';
import type { Guards } from '../model/guards.js';

/** State of a component that is or was bad. */
export interface Watch {
  /** Bad readings in a row. */
  readonly badInARow: number;
  /** Healthy readings in a row since the last bad one. Left out: 0. */
  readonly okInARow?: number;
  /** True once it has been bad for long enough. */
  readonly open: boolean;
  /** Last bad verdict. */
  readonly verdict: ComponentVerdict;
}

/** By {@link watchKey}. */
export type Watches = ReadonlyMap<string, Watch>;

/** Limits for a single cycle: a bad verdict opens an issue, any other clears it. */
export const AT_ONCE: Guards['lasting'] = { cpu: 1, load: 1, memory: 1, others: 1 };

/** Two checks may judge one component; each has its own state. */
export const watchKey = ({ check, component }: ComponentVerdict): string => `${check} ${component}`;

/**
 * Computes one step of debounce and hysteresis. A component opens after enough bad readings in a row and clears below its
 * clearing level. A reading that is unknown or in transition changes nothing. A component without a verdict (an unmounted
 * disk) is removed, unless its whole check could not read. A component that is `held` does not clear: its repair is in
 * progress, and the proof decides.
 */
export function debounce(
  watches: Watches,
  verdicts: readonly ComponentVerdict[],
  lasting: Guards['lasting'],
  held: (component: string) => boolean = () => false,
): Watches {
  if (watches.size === 0 && !verdicts.some(isBad)) return watches;
  const next = new Map<string, Watch>();
  const looked = new Set<string>();
  const blind = blindChecks(verdicts);
  for (const verdict of verdicts) {
    const key = watchKey(verdict);
    looked.add(key);
    const before = watches.get(key);
    const keeps = before !== undefined && verdict.status === 'ok' && held(verdict.component);
    const watch = keeps ? before : step(before, verdict, lasting);
    if (watch) next.set(key, watch);
  }
  for (const [key, watch] of watches) {
    const { check, component } = watch.verdict;
    if (!looked.has(key) && (blind.has(check) || held(component))) next.set(key, watch);
  }
  return next;
}

/** Returns the checks that could read nothing: components without a verdict may still exist. */
export function blindChecks(verdicts: readonly ComponentVerdict[]): ReadonlySet<string> {
  const blind = new Set(verdicts.filter(({ status }) => status === 'unknown').map(({ check }) => check));
  for (const { check, status } of verdicts) if (status !== 'unknown') blind.delete(check);
  return blind;
}

function step(
  before: Watch | undefined,
  verdict: ComponentVerdict,
  lasting: Guards['lasting'],
): Watch | undefined {
  if (verdict.status === 'unknown' || verdict.transient) return before;
  // The check was not due: this is its last verdict again.
  if (verdict.repeated && before !== undefined) return before;
  if (verdict.status === 'ok') return before?.open ? stillOpen(before, verdict, lasting) : undefined;
  const badInARow = (before?.badInARow ?? 0) + 1;
  return { badInARow, open: before?.open === true || badInARow >= needed(verdict, lasting), verdict };
}

/** Returns the state of an issue that stays open after an ok reading: above its clearing level, or too few readings. */
function stillOpen(before: Watch, verdict: ComponentVerdict, lasting: Guards['lasting']): Watch | undefined {
  if (!isCleared(verdict)) return before;
  const okInARow = (before.okInARow ?? 0) + 1;
  const needed = lasting === AT_ONCE ? 1 : (verdict.recoverAfter ?? 1);
  return okInARow < needed ? { ...before, okInARow } : undefined;
}

function needed({ check, failAfter }: ComponentVerdict, lasting: Guards['lasting']): number {
  if (failAfter !== undefined && lasting !== AT_ONCE) return failAfter;
  return lasting[rulesOf(check)?.lasting ?? 'others'];
}
