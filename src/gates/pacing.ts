import { IssueType, Severity, type ComponentVerdict, type Issue } from '../model/issue.js';
import { BLOCK_REASONS, type Block, type BlockReason, type Plan } from '../model/plan.js';
import { count, span } from '../base/format.js';
import { CHANGES_GENERATION } from '../memory/generations.js';
import { DAY, HOUR, type Guards } from '../model/guards.js';
import { backoffOf, breakerOf, recordOf, type GuardState } from '../memory/state.js';
import { stormWait } from '../memory/storm.js';

/** Input of the gates that need no plan. */
export interface EarlyGateInput {
  readonly issue: Issue;
  readonly healingEnabled: boolean;
  readonly state: GuardState;
  /** Verdict read just before acting; `undefined` if no check covers the component, or none has run yet. */
  readonly before?: ComponentVerdict | undefined;
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
  /** Why the host is busy: a worse issue is being repaired in this cycle, or the load is high. */
  readonly busy?: string | undefined;
}

/** For each gate a function that returns the sentence that says why not to act, if the gate blocks. */
type Gates<Input> = Readonly<Partial<Record<BlockReason, (input: Input) => string | undefined>>>;

/** Gates that are also checked before there is a plan: what they block is not planned. */
export const EARLY_GATES = {
  'healing-disabled': ({ healingEnabled }) =>
    healingEnabled ? undefined : 'Healing is switched off: `healingEnabled` is false',

  paused: ({ state }) => {
    const reasons = Object.keys(state.pauses);
    return reasons.length === 0 ? undefined : `Paused: ${reasons.join('; ')}`;
  },

  'monitor-only'({ issue, before }) {
    // The unit may have been stopped manually since the detection.
    if (before?.status === 'bad' && before.severity === Severity.LOW) {
      return `Read again, its severity is LOW: ${before.reason}`;
    }
    return issue.severity > Severity.LOW
      ? undefined
      : 'An issue of severity LOW is reported and not acted on';
  },
} satisfies Gates<EarlyGateInput>;

/** Gates that are also checked after the intent was saved: their inputs may have changed. */
export const LATE_GATES = {
  'healing-disabled': EARLY_GATES['healing-disabled'],
  paused: EARLY_GATES.paused,

  storm({ issue, state, now, guards }) {
    if (state.storm === null || issue.type !== IssueType.SERVICE) return undefined;
    const wait = stormWait(state.storm, now, guards);
    if (wait === 0) return undefined;
    return `Many services failed at once ${span(now - state.storm.since)} ago, which suggests one cause; nothing is repaired until ${span(wait)} have passed without a new failure`;
  },
} satisfies Gates<Omit<GateInput, 'plan'>>;

/** Gates that are also checked after planning failed: what they block is not planned again. */
export const MISFIRE_GATES = {
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
} satisfies Gates<GateInput>;

/** All pacing gates, as checked just before the act. `decide` orders them with the safety gates. */
export const PACING_GATES = {
  ...EARLY_GATES,
  ...LATE_GATES,
  ...MISFIRE_GATES,

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
} satisfies Gates<GateInput>;

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

export function firstGate<Input>(gates: Gates<Input>, input: Input): Block | undefined {
  for (const reason of BLOCK_REASONS) {
    const sentence = gates[reason]?.(input);
    if (sentence !== undefined) return { reason, sentence };
  }
  return undefined;
}
