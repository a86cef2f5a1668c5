import { isCleared } from '../detect/percent.js';
import type { ComponentVerdict, Issue } from '../model/issue.js';

/** Result of the checks of a component after a repair. */
export interface Proof {
  /** `unchecked` when no check covers the component and none opened the issue. */
  readonly status: 'ok' | 'bad' | 'unknown' | 'unchecked';
  /** One sentence with the reading. */
  readonly reason: string;
}

/**
 * Judges a repair by the alarm: every check of the component reads ok and under its clearing level, and each check that
 * opened an issue of it or read bad before the repair gives a verdict that is not unknown. So `fixed` implies cleared. Pure.
 *
 * @param open Checks that opened an open issue of the component.
 */
export function proofOf(
  issue: Pick<Issue, 'component' | 'check'>,
  before: readonly ComponentVerdict[],
  after: readonly ComponentVerdict[],
  open: readonly string[] = [],
): Proof {
  const bad = after.find(({ status }) => status === 'bad');
  if (bad) return { status: 'bad', reason: bad.reason };
  const still = after.find((verdict) => verdict.status === 'ok' && !isCleared(verdict));
  if (still) return { status: 'bad', reason: `${still.reason}; it is not under its clearing level yet` };
  const moving = after.find(({ transient }) => transient);
  if (moving) return { status: 'unknown', reason: moving.reason };
  for (const check of alarms(issue, before, open)) {
    const verdict = after.find((one) => one.check === check);
    if (verdict === undefined)
      return { status: 'unknown', reason: `The check \`${check}\` gives no verdict on ${issue.component}` };
    if (verdict.status === 'unknown') return { status: 'unknown', reason: verdict.reason };
  }
  const opened =
    after.find(({ check }) => check === issue.check) ?? after.find(({ status }) => status === 'ok');
  if (opened) return { status: 'ok', reason: opened.reason };
  const [unread] = after;
  if (unread) return { status: 'unknown', reason: unread.reason };
  return { status: 'unchecked', reason: `No check looks at ${issue.component}` };
}

/** Returns the checks that must give a verdict. */
function alarms(
  { check }: Pick<Issue, 'check'>,
  before: readonly ComponentVerdict[],
  open: readonly string[],
): Set<string> {
  const said = before.filter(({ status }) => status === 'bad').map((verdict) => verdict.check);
  return new Set([...(check === undefined ? [] : [check]), ...open, ...said]);
}
