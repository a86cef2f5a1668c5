import { IssueType, Severity, type ComponentVerdict, type Issue } from '../model/issue.js';
import { BLOCK_REASONS, type Block, type BlockReason, type Plan } from '../model/plan.js';
import { count, span } from '../base/format.js';
import { CHANGES_GENERATION } from '../memory/generations.js';
import { DAY, type Guards } from '../model/guards.js';
import { backoffOf, breakerOf, recordOf, type GuardState } from '../memory/state.js';
import { stormWait } from '../memory/storm.js';

/** Input of the gates that need no plan. */
export interface EarlyGateInput {
  readonly issue: Issue;
  readonly healingEnabled: boolean;
  readonly state: GuardState;
}

/**
 * Input of the pacing gates. Plain data: equal inputs give equal results. A further fact is a field here, which the class
 * `Judge` fills in, and `Recorder.misfire` for the gates that it checks.
 */
export interface GateInput extends EarlyGateInput {
  readonly plan: Plan;
  readonly guards: Guards;
  /** Steady time (`ledger.now()`), in milliseconds: the wall clock may say something else. */
  readonly now: number;
  /** Verdict read just before acting; `undefined` if no check covers the component, or none has run yet. */
  readonly before?: ComponentVerdict | undefined;
  /** Why the host is busy: a worse issue is being repaired in this cycle, or the load is high. */
  readonly busy?: string | undefined;
}

/** Returns the sentence that says why not to act, if the gate blocks. */
type Gate<Input> = (input: Input) => string | undefined;
type Gates<Input> = Readonly<Partial<Record<BlockReason, Gate<Input>>>>;

const HOUR = 3_600_000;

function storm({
  issue,
  state,
  now,
  guards,
}: Pick<GateInput, 'issue' | 'state' | 'now' | 'guards'>): string | undefined {
  if (state.storm === null || issue.type !== IssueType.SERVICE) return undefined;
  const wait = stormWait(state.storm, now, guards);
  if (wait === 0) return undefined;
  return `Many services failed at once ${span(now - state.storm.since)} ago, which suggests one cause; nothing is repaired until ${span(wait)} have passed without a new failure`;
}

/** Pacing gates. `decide` orders them with the safety gates. */
export const PACING_GATES = {
  'healing-disabled': ({ healingEnabled }: Pick<EarlyGateInput, 'healingEnabled'>) =>
    healingEnabled ? undefined : 'Healing is switched off: `healingEnabled` is false',

  paused({ state }: Pick<EarlyGateInput, 'state'>) {
    const reasons = Object.keys(state.pauses);
    return reasons.length === 0 ? undefined : `Paused: ${reasons.join('; ')}`;
  },

  'monitor-only'({ issue, before }: Pick<EarlyGateInput, 'issue'> & Pick<GateInput, 'before'>) {
    // The unit may have been stopped manually since the detection.
    if (before?.status === 'bad' && before.severity === Severity.LOW) {
      return `Read again, its severity is LOW: ${before.reason}`;
    }
    return issue.severity > Severity.LOW
      ? undefined
      : 'An issue of severity LOW is reported and not acted on';
  },

  'already-healthy': ({ before }) =>
    before?.status === 'ok' && !before.transient ? `Read again, it is healthy: ${before.reason}` : undefined,

  'reading-unknown': ({ before }) =>
    before?.status === 'unknown' ? `Read again, its state is not known: ${before.reason}` : undefined,

  'no-expected-gain'({ issue, plan, state, guards, before }) {
    const { useless } = recordOf(state, issue.component);
    if (useless?.action !== plan.action) return undefined;
    const value = before?.value ?? issue.metricValue;
    const moved =
      Math.abs(value - useless.value) >= (guards.useless.gainPercent / 100) * Math.abs(useless.value);
    if (moved) return undefined;
    return `\`${plan.action}\` gained less than ${guards.useless.gainPercent} % last time (at ${useless.value.toFixed(1)}), and it has not changed by as much since`;
  },

  storm,

  'needs-human'({ issue, state, now, guards }) {
    const { needsHumanSince, openings } = recordOf(state, issue.component);
    if (needsHumanSince === null) return undefined;
    return `The breaker of ${issue.component} opened ${openings.length} times within a day, the last time ${span(now - (openings.at(-1) ?? now))} ago: investigate, then call \`reset\`; ${span(guards.breaker.humanResetMs)} of health reset it as well`;
  },

  'breaker-open'({ issue, state, now, guards }) {
    const record = recordOf(state, issue.component);
    if (breakerOf(record, now) !== 'open') return undefined;
    return `${record.strikes === 1 ? '1 repair' : `${count(record.strikes)} repairs`} of ${issue.component} did not help or did not last; one more is tried in ${span((record.breakerUntil ?? now) - now)}, of ${span(guards.breaker.openMs)}`;
  },

  backoff({ issue, plan, state, now }) {
    const backoff = backoffOf(recordOf(state, issue.component), plan.action);
    if (backoff === undefined || backoff.until <= now) return undefined;
    const { until, since, count: repairs } = backoff;
    return `${span(until - now)} of ${span(until - since)} left after ${nth(repairs)} \`${plan.action}\` of ${issue.component}`;
  },

  budget({ issue, plan, state, now, guards }) {
    const acts = state.acts.filter((act) => act.scope === plan.scope);
    const lastHour = acts.filter(({ at }) => at > now - HOUR);
    const own = lastHour.filter(({ component }) => component === issue.component);
    const generations = acts.filter(
      ({ at, action }) => at > now - DAY && CHANGES_GENERATION.includes(action),
    );
    const { componentPerHour, hostPerHour, generationsPerDay } = guards.budget;
    return (
      spent(own.map(at), componentPerHour, HOUR, now, `repairs of ${issue.component} in the last hour`) ??
      spent(lastHour.map(at), hostPerHour, HOUR, now, `repairs in the last hour`) ??
      (CHANGES_GENERATION.includes(plan.action)
        ? spent(generations.map(at), generationsPerDay, DAY, now, 'changes of the generation in the last day')
        : undefined)
    );
  },

  'resources-busy': ({ busy }) => busy,
} satisfies Partial<Record<BlockReason, Gate<GateInput>>>;

/** When a gate is checked besides just before the act, when every gate is. */
interface Moments {
  /** Before there is a plan: what it blocks is not planned. */
  readonly early: boolean;
  /** After the intent was saved: its inputs may have changed. */
  readonly late: boolean;
  /** After planning failed: what it blocks is not planned again. */
  readonly misfire: boolean;
}
type PacingReason = keyof typeof PACING_GATES;

/** The compiler asks for a line for each gate, so that no moment is forgotten. */
const MOMENTS = {
  'healing-disabled': { early: true, late: true, misfire: false },
  paused: { early: true, late: true, misfire: false },
  'monitor-only': { early: true, late: false, misfire: false },
  'already-healthy': { early: false, late: false, misfire: false },
  'reading-unknown': { early: false, late: false, misfire: false },
  'no-expected-gain': { early: false, late: false, misfire: false },
  storm: { early: false, late: true, misfire: false },
  'needs-human': { early: false, late: false, misfire: true },
  'breaker-open': { early: false, late: false, misfire: true },
  backoff: { early: false, late: false, misfire: true },
  budget: { early: false, late: false, misfire: false },
  'resources-busy': { early: false, late: false, misfire: false },
} as const satisfies Readonly<Record<PacingReason, Moments>>;

type ReasonsAt<Moment extends keyof Moments> = {
  [Reason in PacingReason]: (typeof MOMENTS)[Reason][Moment] extends true ? Reason : never;
}[PacingReason];

const gatesAt = <Moment extends keyof Moments>(
  moment: Moment,
): Pick<typeof PACING_GATES, ReasonsAt<Moment>> =>
  Object.fromEntries(
    Object.entries(PACING_GATES).filter(([reason]) => MOMENTS[reason as PacingReason][moment]),
  ) as Pick<typeof PACING_GATES, ReasonsAt<Moment>>;

// The types refuse a gate that needs more than is known at that moment.
export const EARLY_GATES: Gates<EarlyGateInput> = gatesAt('early');
export const LATE_GATES: Gates<EarlyGateInput & Pick<GateInput, 'guards' | 'now'>> = gatesAt('late');
export const MISFIRE_GATES: Gates<Omit<GateInput, 'before' | 'busy'>> = gatesAt('misfire');

const at = ({ at }: { readonly at: number }): number => at;

/** Returns the sentence that a limit of acts within a time is reached, if it is. */
export function spent(
  times: readonly number[],
  most: number,
  within: number,
  now: number,
  what: string,
): string | undefined {
  if (times.length < most) return undefined;
  const next = (times[times.length - most] ?? now) + within - now;
  return `${times.length} of ${most} ${what}; the next may be made in ${span(next)}`;
}

const NTH = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'];
const nth = (number: number): string => `the ${NTH[number - 1] ?? `${number}th`}`;

/** Returns the first gate that blocks. */
export function firstGate<Input>(gates: Gates<Input>, input: Input): Block | undefined {
  for (const reason of BLOCK_REASONS) {
    const sentence = gates[reason]?.(input);
    if (sentence !== undefined) return { reason, sentence };
  }
  return undefined;
}
