import { GAUGES } from '../model/built-in-checks.js';
import { CHANGES_GENERATION } from '../memory/generations.js';
import { DAY, type Guards } from '../model/guards.js';
import { pausedBy } from '../memory/commands.js';
import { breakerOf, recordOf, type Act, type Approval, type GuardState } from '../memory/state.js';
import { stormWait } from '../memory/storm.js';
import { IssueType, type ComponentVerdict, type Issue } from '../model/issue.js';
import { BLOCK_REASONS, type BlockReason, type Plan } from '../model/plan.js';
import type { HealingResult } from '../model/result.js';
import type { ActionCount, RecentActivity } from './recent.js';
import type { Distribution } from './counts.js';
import type { OperatorCommand } from '../model/operator-command.js';
import type { ReadingRecord } from '../model/lost-reading.js';

/** How an engine stands, as one view of plain data. Times are milliseconds. */
export interface EngineStatus {
  /** When this was said. */
  readonly timestamp: Date;
  readonly closed: boolean;
  /** `undefined` while it does not monitor. */
  readonly monitoring: { readonly intervalMs: number; readonly forMs: number } | undefined;
  readonly dryRun: boolean;
  readonly healingEnabled: boolean;
  /** Reasons for which all acting is paused, and who gave them; left out where that is not known. */
  readonly pauses: readonly { readonly reason: string; readonly forMs: number; readonly by?: string }[];
  /** Commands of people, oldest first, the last 50. */
  readonly commands: readonly (Omit<OperatorCommand, 'at'> & { readonly timestamp: Date })[];
  /** Who holds the state; this engine then only observes. */
  readonly lockedBy: string | undefined;
  /** The last look at the host that went well. */
  readonly lastLook:
    { readonly timestamp: Date; readonly agoMs: number; readonly detectionMs: number } | undefined;
  /** Why the last look went wrong; `undefined` as soon as one has gone well again. */
  readonly lastFailure: { readonly error: string; readonly agoMs: number } | undefined;
  /** What the last look said, `ok` and `unknown` included. */
  readonly verdicts: readonly ComponentVerdict[];
  /** Open issues. */
  readonly issues: readonly Issue[];
  /** Readings that are relied on and that the last look could not get: listed units, checks of the host program and of the library. */
  readonly lostReadings: readonly {
    /** A component; the name of a check where that could read nothing at all: `services`. */
    readonly component: string;
    readonly check: string;
    readonly reason: string;
    /** Whether it is a listed unit or a check of the host program; `false` for a check of the library. */
    readonly listed: boolean;
    readonly forMs: number;
  }[];
  /** Everything that is watched, is in trouble, or is remembered for its repairs. */
  readonly components: readonly ComponentStatus[];
  /** Questions that wait for a person. */
  readonly approvals: readonly WaitingApproval[];
  /** Many services bad at once; nothing is repaired until it has been calm for `calmInMs` more. */
  readonly storm: { readonly forMs: number; readonly calmInMs: number } | undefined;
  /** Repairs of the last day, oldest first. */
  readonly acts: readonly ActDone[];
  readonly budget: Readonly<Record<'host' | 'process' | 'generations', Budget>>;
  /** The latest results, 100 at most, in the order in which they were new. What is said in every cycle is there once. */
  readonly results: readonly HealingResult[];
  /** Looks at the host since the engine was made. */
  readonly cycles: { readonly done: number; readonly failed: number };
  /** Attempts by action and outcome, those that never happened included. */
  readonly actions: readonly ActionCount[];
  /** How often each gate stood in the way when an issue had its turn. */
  readonly blocked: Readonly<Record<BlockReason, number>>;
  /** How often the looking, and the healing with its proof, took how long. */
  readonly times: { readonly detection: Distribution; readonly resolution: Distribution };
}

/** How one component stands. */
export interface ComponentStatus {
  readonly component: string;
  /** Its category: that of its worst verdict or open issue; `undefined` when it has neither. */
  readonly type: IssueType | undefined;
  /** The worst that the last look said of it; `undefined` when it said nothing. */
  readonly status: ComponentVerdict['status'] | undefined;
  /** Whether an issue is open. */
  readonly issue: boolean;
  /** Whether it is being healed, or waits in line for it. */
  readonly inHand: boolean;
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** How long an open breaker stays so. */
  readonly breakerForMs: number | undefined;
  /** Repairs in a row that did not help. */
  readonly failures: number;
  readonly needsHuman: boolean;
}

/** A question that waits for a person. */
export interface WaitingApproval extends Pick<Approval, 'id' | 'digest' | 'component' | 'action' | 'reason'> {
  readonly askedAgoMs: number;
  /** After this it counts as "no". */
  readonly lapsesInMs: number;
  /** What would be done, where it was planned by this very engine. */
  readonly plan: Plan | undefined;
}

/** A repair that was carried out. */
export interface ActDone extends Omit<Act, 'at'> {
  readonly timestamp: Date;
}

/** How much of a budget is spent. */
export interface Budget {
  readonly used: number;
  readonly most: number;
  readonly withinMs: number;
}

/** What a status is made from. */
export interface StatusSources extends Pick<
  EngineStatus,
  'closed' | 'dryRun' | 'healingEnabled' | 'lockedBy' | 'issues' | 'times'
> {
  readonly monitoring: { readonly intervalMs: number; readonly since: number } | undefined;
  readonly recent: RecentActivity;
  readonly state: GuardState;
  readonly guards: Guards;
  readonly lost: readonly ReadingRecord[];
  /** Components that are watched whatever is found. */
  readonly watched: readonly string[];
  /** Actions that can be carried out. */
  readonly actions: readonly string[];
  readonly inHand: (component: string) => boolean;
  /** Steady time. */
  readonly now: number;
  /** The wall clock at that time. */
  readonly wall: number;
}

const HOUR = 3_600_000;
const OUTCOMES = ['fixed', 'ineffective', 'failed', 'pending', 'pending-reboot', 'planned'] as const;
OUTCOMES satisfies readonly ActionCount['outcome'][];

/** How an engine stands. Pure. */
export function statusOf(facts: StatusSources): EngineStatus {
  const { closed, dryRun, healingEnabled, lockedBy, issues, times } = facts;
  const { state, recent, guards, monitoring, now, wall } = facts;
  const { last, failure, results, cycles, failedCycles } = recent;
  const names = [...new Set([...facts.actions, ...recent.actionNames])];
  return Object.freeze({
    timestamp: new Date(wall),
    ...{ closed, dryRun, healingEnabled, lockedBy, issues, times },
    monitoring: monitoring && { intervalMs: monitoring.intervalMs, forMs: now - monitoring.since },
    pauses: Object.entries(state.pauses).map(([reason, since]) => {
      const by = pausedBy(state, reason);
      return { reason, forMs: now - since, ...(by === undefined ? {} : { by }) };
    }),
    commands: (state.commands ?? []).map(({ at, ...command }) => ({
      ...command,
      timestamp: new Date(wall - (now - at)),
    })),
    lastLook: last && {
      timestamp: last.report.timestamp,
      agoMs: now - last.at,
      detectionMs: last.report.detectionMs,
    },
    lastFailure: failure && { error: failure.error, agoMs: now - failure.at },
    verdicts: last?.report.verdicts ?? [],
    lostReadings: facts.lost.map(({ component, check, reason, listed, since }) => ({
      ...{ component, check, reason, listed },
      forMs: now - since,
    })),
    components: componentsOf(facts),
    approvals: approvalsOf(facts),
    storm: state.storm
      ? { forMs: now - state.storm.since, calmInMs: stormWait(state.storm, now, guards) }
      : undefined,
    acts: state.acts.map(({ at, ...act }) => ({ ...act, timestamp: new Date(wall - (now - at)) })),
    budget: budgetOf(facts),
    results,
    cycles: { done: cycles, failed: failedCycles },
    actions: names.flatMap((action) =>
      OUTCOMES.map((outcome) => ({ action, outcome, count: recent.actions(action, outcome) })),
    ),
    blocked: Object.fromEntries(
      BLOCK_REASONS.map((reason) => [reason, recent.blocked(reason)]),
    ) as EngineStatus['blocked'],
  });
}

const RANK = { ok: 0, unknown: 1, bad: 2 } as const;

function componentsOf({ state, recent, issues, watched, inHand, now }: StatusSources): ComponentStatus[] {
  const said = new Map<string, Pick<ComponentVerdict, 'status' | 'type'>>();
  for (const verdict of recent.last?.report.verdicts ?? []) {
    const { component, status } = verdict;
    if (RANK[status] >= RANK[said.get(component)?.status ?? 'ok']) said.set(component, verdict);
  }
  // Where no unit can be read, there is no verdict on single ones.
  const noUnits = said.get('services')?.status === 'unknown';
  const types = new Map(issues.map(({ component, type }) => [component, type]));
  const open = new Set(issues.map(({ component }) => component));
  const all = new Set([...watched, ...said.keys(), ...open, ...Object.keys(state.components)]);
  return [...all].map((component) => {
    const record = recordOf(state, component);
    const breaker = breakerOf(record, now);
    const isGauge = GAUGES.includes(component);
    const isUnit = watched.includes(component) && !isGauge;
    const byName = isGauge ? IssueType.RESOURCE : isUnit ? IssueType.SERVICE : undefined;
    return {
      component,
      type: said.get(component)?.type ?? types.get(component) ?? byName,
      status: said.get(component)?.status ?? (isUnit && noUnits ? 'unknown' : undefined),
      issue: open.has(component),
      inHand: inHand(component),
      breaker,
      breakerForMs: breaker === 'open' ? (record.breakerUntil ?? now) - now : undefined,
      failures: record.failures,
      needsHuman: record.needsHumanSince !== null,
    };
  });
}

function approvalsOf({ state, guards, recent, now }: StatusSources): WaitingApproval[] {
  return state.approvals
    .filter(({ answer }) => answer === 'waiting')
    .map(({ id, digest, component, action, reason, askedAt }) => {
      const lapsesInMs = Math.max(0, askedAt + guards.approval.lapseMs - now);
      const plan = recent.plan(digest);
      return { id, digest, component, action, reason, askedAgoMs: now - askedAt, lapsesInMs, plan };
    });
}

function budgetOf({ state, guards, now }: StatusSources): EngineStatus['budget'] {
  const { hostPerHour, generationsPerDay } = guards.budget;
  const spent = (withinMs: number, most: number, counts: (act: Act) => boolean): Budget => ({
    used: state.acts.filter((act) => act.at > now - withinMs && counts(act)).length,
    most,
    withinMs,
  });
  return {
    host: spent(HOUR, hostPerHour, ({ scope }) => scope === 'host'),
    process: spent(HOUR, hostPerHour, ({ scope }) => scope === 'process'),
    generations: spent(DAY, generationsPerDay, ({ action }) => CHANGES_GENERATION.includes(action)),
  };
}
