import {
  expectKnownKeys,
  expectMethods,
  expectNumber,
  expectObject,
  expectOneOf,
  expectStrings,
  expectText,
  nearest,
  refusal,
} from '../base/expect.js';
import { unitName } from '../model/unit-name.js';
import { SNAPSHOT_PARTS, type Snapshot, type SnapshotPart } from '../model/snapshot.js';
import { IssueType, type Heals, type Issue, type Verdict } from '../model/issue.js';

/**
 * A check of the host program.
 *
 * It may use the snapshot or anything else, and answer synchronously or with a promise. A check that throws, rejects or
 * takes too long is `unknown` for that cycle, and unknown never leads to an action.
 */
export interface Check {
  /** Unique name, used in `enabledChecks`. */
  readonly name: string;
  /** Component of its issues. */
  readonly component: string;
  readonly type: IssueType;
  /** Returns its verdict. */
  readonly run: (snapshot: Snapshot, context: { readonly signal: AbortSignal }) => Verdict | Promise<Verdict>;
  /** Parts of the snapshot that it uses; fewer parts cost less, and `[]` reads nothing. Default: all. */
  readonly parts?: readonly SnapshotPart[];
  /**
   * Repair for its issues: the name of a unit, which is restarted; an action with its parameters; or a function, called
   * in this process. Default: none, so its issues are only reported, unless your own resolver picks an action. A unit
   * that happens to be named like `component` is never acted on.
   */
  readonly heals?: string | HealingChoice | HealFunction;
  /** Time limit, in milliseconds, 1 to 600,000. Default 5,000. */
  readonly timeoutMs?: number;
  /**
   * Time that a repair has to work, in milliseconds, 0 to 3,600,000. Within it the check runs every second, and two `ok`
   * answers in a row prove the repair. Default 60,000 (1 min).
   */
  readonly settleMs?: number;
  /**
   * Minimum time between two runs in monitoring, in seconds, more than 0 and up to 86,400; until then the last verdict
   * stands and counts once. All checks run in the first cycle; their second runs are spread over the time, so that they do
   * not run together from then on. Default: every cycle. A single cycle and a proof always run the check.
   */
  readonly every?: number;
  /** Bad verdicts in a row that open an issue in monitoring, 1 to 1,000. Default: `guards.lasting.others`. */
  readonly failAfter?: number;
  /** `ok` verdicts in a row that clear an open issue in monitoring, or prove a repair, 1 to 1,000. Default 1; a proof needs 2. */
  readonly recoverAfter?: number;
}

/** Action in the `heals` of a check; `parameters` is optional. */
export type HealingChoice = Pick<Heals, 'action'> & Partial<Pick<Heals, 'parameters'>>;

/** Repairs what a check found, inside the host program. It fails by throwing or rejecting. */
export type HealFunction = (context: {
  /** Aborted when the engine stops, or after 60 s. */
  readonly signal: AbortSignal;
  /** Latest issue of the check. */
  readonly issue: Issue;
}) => unknown;

/** Prefix of the action of a check whose `heals` is a function. */
export const HEAL_PREFIX = 'heal:';

/** Returns the action in the `heals` of a check. */
export function healsOf({ name, heals }: Pick<Check, 'name' | 'heals'>): Heals | undefined {
  if (heals === undefined) return undefined;
  if (typeof heals === 'string')
    return Object.freeze({ action: 'restart_service', parameters: Object.freeze({ service: heals }) });
  if (typeof heals === 'function')
    return Object.freeze({ action: `${HEAL_PREFIX}${name}`, parameters: Object.freeze({}) });
  return Object.freeze({ action: heals.action, parameters: Object.freeze({ ...heals.parameters }) });
}

/** Rules of the options that are numbers: each throws for an invalid value. */
export const CHECK_NUMBERS = {
  timeoutMs: (option, value) => expectNumber(option, value, 1, 600_000),
  every: (option, value) => {
    if (typeof value !== 'number' || !(value > 0 && value <= 86_400))
      throw refusal(option, 'a number of seconds over 0 and up to 86400', value);
  },
  failAfter: expectTimes,
  recoverAfter: expectTimes,
  settleMs: (option, value) => expectNumber(option, value, 0, 3_600_000),
} as const satisfies Record<string, (option: string, value: unknown) => void>;

export const DEFAULT_CHECK_TIMEOUT_MS = 5_000;
export const DEFAULT_CHECK_SETTLE_MS = 60_000;

const KEYS = [
  ...['name', 'component', 'type', 'run', 'parts', 'timeoutMs'],
  ...['every', 'failAfter', 'recoverAfter', 'settleMs', 'heals'],
];

/** Returns a valid check. Throws a `SelfHealingError` for anything else. */
export function expectCheck(check: unknown, taken: readonly string[]): Check {
  const given = expectObject('check', check);
  const { type, parts, heals } = given;
  expectNoTypingMistake(given);
  const name = expectText('check.name', given.name);
  if (taken.includes(name)) throw refusal('check.name', 'a name that no other check has', name);
  expectText('check.component', given.component);
  expectOneOf('check.type', type, Object.values(IssueType), 'issue type');
  expectMethods('check', check, ['run']);
  for (const [key, expect] of Object.entries(CHECK_NUMBERS))
    if (given[key] !== undefined) expect(`check.${key}`, given[key]);
  for (const part of parts === undefined ? [] : expectStrings('check.parts', parts)) {
    expectOneOf('check.parts', part, SNAPSHOT_PARTS, 'part of a snapshot');
  }
  if (heals !== undefined) expectHeals(heals);
  return check as Check;
}

/** Allows additional fields, but refuses one that is almost the name of an option. */
function expectNoTypingMistake(check: Record<string, unknown>): void {
  if (Object.getPrototypeOf(check) !== Object.prototype) return;
  for (const key of Object.keys(check)) if (nearest(key, KEYS)) expectOneOf('check', key, KEYS, 'option');
}

/** Throws unless the value is a number of verdicts in a row. */
function expectTimes(option: string, value: unknown): void {
  if (!Number.isInteger(expectNumber(option, value, 1, 1_000)))
    throw refusal(option, 'a whole number', value);
}

/** Throws unless the value is a valid `heals`. */
export function expectHeals(heals: unknown, option = 'check.heals'): void {
  if (typeof heals === 'function') return;
  if (typeof heals === 'string') return void unitName(heals, option);
  if (typeof heals !== 'object' || heals === null || Array.isArray(heals))
    throw refusal(option, 'a unit name, an action or a function', heals);
  expectKnownKeys(option, heals, ['action', 'parameters']);
  const { action, parameters } = heals as Record<string, unknown>;
  if (typeof action !== 'string' || action === '')
    throw refusal(`${option}.action`, 'the name of an action', action);
  if (parameters !== undefined) expectObject(`${option}.parameters`, parameters);
}
