import { IssueType, Severity, type ComponentVerdict, type Issue } from '../model/issue.js';
import { BLOCK_REASONS, type Block, type BlockReason, type Plan } from '../model/plan.js';
import { count, span } from '../base/format.js';
import { CHANGES_GENERATION } from '../memory/generations.js';
import { DAY, type Guards } from '../model/guards.js';
import { backoffOf, breakerOf, recordOf, type GuardState } from '../memory/state.js';
import { stormWait } from '../memory/storm.js';

/** What some gates need before anything is planned. */
export interface EarlyGateInput {
  readonly issue: Issue;
  readonly healingEnabled: boolean;
  readonly state: GuardState;
}

/** Everything that a decision rests on. Plain data: the same question always has the same answer. */
export interface GateInput extends EarlyGateInput {
  /** The plan that is to be carried out. */
  readonly plan: Plan;
  readonly guards: Guards;
  /** Steady time, in milliseconds. */
  readonly now: number;
  /** What was read of the component just before acting; `undefined` where no check covers it, or none was made yet. */
  readonly before?: ComponentVerdict | undefined;
  /** A worse trouble that is being healed in this cycle, or a load that leaves no room. */
  readonly busy?: string | undefined;
}

/** A gate answers with the sentence that says why not, or with nothing. */
type Gate<Asked> = (question: Asked) => string | undefined;

const HOUR = 3_600_000;

/** The gates that need no plan: what they forbid is not even planned. */
export const EARLY_GATES = {
  'healing-disabled': ({ healingEnabled }) =>
    healingEnabled ? undefined : 'Healing is switched off: `healingEnabled` is false',

  paused: ({ state }) => {
    const reasons = Object.keys(state.pauses);
    return reasons.length === 0 ? undefined : `Paused: ${reasons.join('; ')}`;
  },

  'monitor-only': ({ issue }: Pick<EarlyGateInput, 'issue'>) =>
    issue.severity > Severity.LOW ? undefined : 'An issue of severity LOW is reported and not acted on',
} satisfies Partial<Record<BlockReason, Gate<EarlyGateInput>>>;

function storm({
  issue,
  state,
  now,
  guards,
}: Pick<GateInput, 'issue' | 'state' | 'now' | 'guards'>): string | undefined {
  if (state.storm === null || issue.type !== IssueType.SERVICE) return undefined;
  const wait = stormWait(state.storm, now, guards);
  if (wait === 0) return undefined;
  return `Many services turned bad at once ${span(now - state.storm.since)} ago, which has one cause; nothing is repaired until ${span(wait)} have passed without a new failure`;
}

/** The engine's gates. The safety gates stand between them; `decide` has the order. */
export const PACING_GATES = {
  ...EARLY_GATES,

  'monitor-only'({ issue, before }) {
    // Meanwhile a person may have stopped it.
    if (before?.status === 'bad' && before.severity === Severity.LOW) {
      return `Read again, its severity is LOW: ${before.reason}`;
    }
    return EARLY_GATES['monitor-only']({ issue });
  },

  'already-healthy': ({ before }) =>
    before?.status === 'ok' && !before.transient ? `Read again, it is well: ${before.reason}` : undefined,

  'reading-unknown': ({ before }) =>
    before?.status === 'unknown' ? `Read again, its state is not known: ${before.reason}` : undefined,

  'no-expected-gain'({ issue, plan, state, guards, before }) {
    const { useless } = recordOf(state, issue.component);
    if (useless?.action !== plan.action) return undefined;
    const value = before?.value ?? issue.metricValue;
    const moved =
      Math.abs(value - useless.value) >= (guards.useless.gainPercent / 100) * Math.abs(useless.value);
    if (moved) return undefined;
    return `\`${plan.action}\` gained less than ${guards.useless.gainPercent} % last time (at ${useless.value.toFixed(1)}), and nothing has moved by as much since`;
  },

  storm,

  'needs-human'({ issue, state, now, guards }) {
    const { needsHumanSince, openings } = recordOf(state, issue.component);
    if (needsHumanSince === null) return undefined;
    return `The breaker of ${issue.component} opened ${openings.length} times within a day, the last time ${span(now - (openings.at(-1) ?? now))} ago: a person has to look, and then call \`reset\`; ${span(guards.breaker.humanResetMs)} of health do it, too`;
  },

  'breaker-open'({ issue, state, now, guards }) {
    const record = recordOf(state, issue.component);
    if (breakerOf(record, now) !== 'open') return undefined;
    return `${count(record.failures)} repairs of ${issue.component} in a row did not help; one more is tried in ${span((record.breakerUntil ?? now) - now)}, of ${span(guards.breaker.openMs)}`;
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

/** What may have changed while an act was being written down. */
export const LATE_GATES = {
  'healing-disabled': EARLY_GATES['healing-disabled'],
  paused: EARLY_GATES.paused,
  storm,
} satisfies Partial<Record<BlockReason, Gate<GateInput>>>;

const at = ({ at }: { readonly at: number }): number => at;

/** The sentence that says that as many acts were made within a time as are allowed. */
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

/** The first of some gates that stands in the way. */
export function firstGate<Asked>(
  gates: Readonly<Partial<Record<BlockReason, Gate<Asked>>>>,
  question: Asked,
): Block | undefined {
  for (const reason of BLOCK_REASONS) {
    const sentence = gates[reason]?.(question);
    if (sentence !== undefined) return { reason, sentence };
  }
  return undefined;
}
