import { expectMethods, expectNumber, expectObject, expectOneOf, expectStrings, refusal } from '../expect.js';
import { SNAPSHOT_PARTS, type Snapshot, type SnapshotPart } from '../host/snapshot.js';
import { IssueType, type Verdict } from '../issue.js';

/**
 * A named function from a snapshot to a verdict: a host program's own look at something.
 *
 * It may look at the snapshot, or at anything else that the program knows, at once or in time. A check that
 * throws, rejects or takes too long is `unknown` for that cycle, and unknown never leads to an action.
 */
export interface Check {
  /** Unique among the checks; the word for `enabledChecks`. */
  readonly name: string;
  /** What it looks at: the `component` of its issues. */
  readonly component: string;
  readonly type: IssueType;
  /** Looks, and gives its verdict. */
  readonly run: (snapshot: Snapshot, context: { readonly signal: AbortSignal }) => Verdict | Promise<Verdict>;
  /** Parts of the snapshot that it looks at; reading less costs less, and `[]` reads nothing. Default: all of them. */
  readonly parts?: readonly SnapshotPart[];
  /** How long it may take, in milliseconds, 1 to 600,000. Default 5,000. */
  readonly timeoutMs?: number;
  /**
   * How long a repair has to work before this check judges it, in milliseconds, 0 to 3,600,000. Until then the check
   * runs every second, and two `ok` answers in a row prove the repair. Default 60,000 (1 min).
   */
  readonly settleMs?: number;
}

/** Names of the checks that come with the library. */
export const BUILT_IN_CHECKS = ['cpu', 'memory', 'disk', 'load', 'services', 'system'] as const;
export type BuiltInCheck = (typeof BUILT_IN_CHECKS)[number];

export const DEFAULT_CHECK_TIMEOUT_MS = 5_000;
export const DEFAULT_CHECK_SETTLE_MS = 60_000;

/** Refuses what is not a check. */
export function expectCheck(check: unknown, taken: readonly string[]): Check {
  const { name, component, type, timeoutMs, settleMs, parts } = expectObject('check', check);
  if (typeof name !== 'string' || name === '') throw refusal('check.name', 'a non-empty string', name);
  if (taken.includes(name)) throw refusal('check.name', 'a name that no other check has', name);
  if (typeof component !== 'string' || component === '') {
    throw refusal('check.component', 'a non-empty string', component);
  }
  expectOneOf('check.type', type, Object.values(IssueType), 'issue type');
  expectMethods('check', check, ['run']);
  if (timeoutMs !== undefined) expectNumber('check.timeoutMs', timeoutMs, 1, 600_000);
  if (settleMs !== undefined) expectNumber('check.settleMs', settleMs, 0, 3_600_000);
  for (const part of parts === undefined ? [] : expectStrings('check.parts', parts)) {
    expectOneOf('check.parts', part, SNAPSHOT_PARTS, 'part of a snapshot');
  }
  return check as Check;
}
