import { rulesOf } from '../model/built-in-checks.js';
import { isCleared } from '../detect/percent.js';
import type { ComponentVerdict } from '../model/issue.js';
import type { Guards } from '../model/guards.js';

/** What is remembered of a component that is, or lately was, in trouble. */
export interface Watch {
  /** Bad readings in a row. */
  readonly badInARow: number;
  /** Healthy readings in a row since the last bad one. Left out: 0. */
  readonly okInARow?: number;
  /** Whether it has lasted long enough to count. */
  readonly open: boolean;
  /** The last bad verdict. */
  readonly verdict: ComponentVerdict;
}

/** By {@link watchKey}. */
export type Watches = ReadonlyMap<string, Watch>;

/** The numbers of a single cycle: whatever is bad is an issue, and what is not is none. */
export const AT_ONCE: Guards['lasting'] = { cpu: 1, load: 1, memory: 1, others: 1 };

/** Two checks may speak of one component: each is watched for itself. */
export const watchKey = ({ check, component }: ComponentVerdict): string => `${check} ${component}`;

/**
 * One step of debounce and hysteresis. A component opens after enough bad readings in a row; it clears below its
 * clearing level. A reading that is unknown, or of something in transition, changes nothing: it neither opens nor clears. A component that is not among
 * the verdicts any more (an unmounted disk) is forgotten, unless its whole check could not look. Nothing that is `held`
 * clears: its repair is under way, and the proof decides.
 */
export function debounce(
  watches: Watches,
  verdicts: readonly ComponentVerdict[],
  lasting: Guards['lasting'],
  held: (component: string) => boolean = () => false,
): Watches {
  if (watches.size === 0 && verdicts.every(notBad)) return watches;
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

/** Checks that could read nothing at all: what they do not mention may be there all the same. */
export function blindChecks(verdicts: readonly ComponentVerdict[]): ReadonlySet<string> {
  const blind = new Set(verdicts.filter(({ status }) => status === 'unknown').map(({ check }) => check));
  for (const { check, status } of blind.size === 0 ? [] : verdicts)
    if (status !== 'unknown') blind.delete(check);
  return blind;
}

const notBad = ({ status }: ComponentVerdict): boolean => status !== 'bad';

function step(
  before: Watch | undefined,
  verdict: ComponentVerdict,
  lasting: Guards['lasting'],
): Watch | undefined {
  if (verdict.status === 'unknown' || verdict.transient) return before;
  // A check that was not due tells nothing new.
  if (verdict.repeated && before !== undefined) return before;
  if (verdict.status === 'ok') return before?.open ? stillOpen(before, verdict, lasting) : undefined;
  const badInARow = (before?.badInARow ?? 0) + 1;
  return { badInARow, open: before?.open === true || badInARow >= needed(verdict, lasting), verdict };
}

/** What keeps an issue open after a healthy reading: its clearing level, or the number of them that its check wants. */
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
