import { expectObject, expectOneOf, refusal } from '../base/expect.js';
import {
  CHECK_NUMBERS,
  DEFAULT_CHECK_TIMEOUT_MS,
  expectHeals,
  type Check,
  type HealFunction,
  type HealingChoice,
} from '../detect/check.js';
import { IssueType, type Severity, type Verdict } from '../model/issue.js';
import type { Snapshot, SnapshotPart } from '../model/snapshot.js';
import { oneOf, text, whole, type CheckRule, type Leaf } from './rules.js';

/** Options that every ready-made check has. */
export interface CommonOptions {
  /** Unique among the checks. Default: made of the kind and what it looks at, such as `tcp:127.0.0.1:6379`. */
  readonly name?: string;
  /** The `component` of its issues. Default: its name. */
  readonly component?: string;
  /** Kind of its issues. Default: by the kind of check. */
  readonly type?: IssueType;
  /** How bad it is, 1 to 4. `HIGH` (3) by default. */
  readonly severity?: Severity;
  /** Repair: a unit, an action, or a function of the host program. Default: none, it is only reported. */
  readonly heals?: string | HealingChoice | HealFunction;
  /** Time that the check may take, in milliseconds, 1 to 600,000. Default 5,000. */
  readonly timeoutMs?: number;
  /** Least time between two runs in monitoring, in seconds. Default: every cycle. */
  readonly every?: number;
  /** Bad verdicts in a row that open an issue in monitoring. Default 2 for checks over a network, otherwise 1. */
  readonly failAfter?: number;
  /** `ok` verdicts in a row that clear an open issue in monitoring. Default 1. */
  readonly recoverAfter?: number;
  /** Time that a repair has to work before the check judges it, in milliseconds. Default 60,000. */
  readonly settleMs?: number;
}

/** Rules of the options that every check has, and whose names are used beside the kind in the daemon's file. */
export const COMMON_KEYS: Readonly<Record<Exclude<keyof CommonOptions, 'name'>, Leaf>> = {
  component: text,
  type: oneOf(Object.values(IssueType), 'issue type'),
  severity: whole(1, 4),
  heals: (name, value) => expectHeals(value, name),
  ...CHECK_NUMBERS,
};

/** Time that the check runner waits beyond the check's own limit, in milliseconds: the check itself says why it is late. */
const GRACE_MS = 2_000;

/** Refuses invalid options of a check. `kind` is the name of the function that makes it. */
export function expectOptions(kind: string, rule: CheckRule, options: unknown): void {
  const given = expectObject(kind, options);
  const keys: Readonly<Record<string, Leaf>> = { name: text, ...COMMON_KEYS, ...rule.keys };
  for (const [key, value] of Object.entries(given)) {
    expectOneOf(kind, key, Object.keys(keys), 'option');
    if (value !== undefined) keys[key]?.(`${kind}.${key}`, value);
  }
  for (const key of rule.needs ?? [])
    if (given[key] === undefined) throw refusal(`${kind}.${key}`, 'given', undefined);
  rule.together?.(kind, given);
}

/** Options that a kind of check adds to the common ones. */
export interface Made {
  readonly name: string;
  readonly type: IssueType;
  readonly failAfter?: number;
  readonly parts?: readonly SnapshotPart[];
  readonly run: (context: RunContext) => Verdict | Promise<Verdict>;
}

/** Values for one run. */
export interface RunContext {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly snapshot: Snapshot;
}

/** Makes a check of its options and of what its kind does. */
export function makeCheck(options: CommonOptions, made: Made): Check {
  const { name = made.name, component = name, type = made.type, severity, heals, every } = options;
  const {
    timeoutMs = DEFAULT_CHECK_TIMEOUT_MS,
    failAfter = made.failAfter,
    recoverAfter,
    settleMs,
  } = options;
  const run: Check['run'] = (snapshot, { signal }) => made.run({ snapshot, signal, timeoutMs });
  return Object.freeze({
    ...{ name, component, type, parts: made.parts ?? [] },
    ...{ timeoutMs: Math.min(600_000, timeoutMs + GRACE_MS) },
    run: severity === undefined ? run : withSeverity(run, severity),
    ...(heals === undefined ? {} : { heals }),
    ...(every === undefined ? {} : { every }),
    ...(failAfter === undefined ? {} : { failAfter }),
    ...(recoverAfter === undefined ? {} : { recoverAfter }),
    ...(settleMs === undefined ? {} : { settleMs }),
  });
}

/** A bad verdict has the severity that the options say. */
function withSeverity(run: Check['run'], severity: Severity): Check['run'] {
  return async (snapshot, context) => {
    const verdict = await run(snapshot, context);
    return verdict.status === 'bad' ? { ...verdict, severity } : verdict;
  };
}

const verdict =
  (status: Verdict['status']) =>
  (reason: string, more: Partial<Verdict> = {}): Verdict => ({ status, reason, ...more });

export const ok = verdict('ok');
export const bad = verdict('bad');
export const unknownVerdict = verdict('unknown');
