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

/** State of an engine as plain data. Durations are in milliseconds. */
export interface EngineStatus {
  /** Time of this status. */
  readonly timestamp: Date;
  readonly closed: boolean;
  /** `undefined` when not monitoring. */
  readonly monitoring: { readonly intervalMs: number; readonly forMs: number } | undefined;
  readonly dryRun: boolean;
  readonly healingEnabled: boolean;
  /** Reasons for which repairs are paused, and who gave them, if known. */
  readonly pauses: readonly { readonly reason: string; readonly forMs: number; readonly by?: string }[];
  /** Last 50 commands of operators, oldest first. */
  readonly commands: readonly (Omit<OperatorCommand, 'at'> & { readonly timestamp: Date })[];
  /** Holder of the lock of the state; this engine then only observes. */
  readonly lockedBy: string | undefined;
  /** Last successful cycle. */
  readonly lastLook:
    { readonly timestamp: Date; readonly agoMs: number; readonly detectionMs: number } | undefined;
  /** Error of the last cycle; `undefined` after a successful one. */
  readonly lastFailure: { readonly error: string; readonly agoMs: number } | undefined;
  /** Verdicts of the last cycle, including `ok` and `unknown`. */
  readonly verdicts: readonly ComponentVerdict[];
  /** Open issues. */
  readonly issues: readonly Issue[];
  /** Required readings that are unknown: listed units, custom and built-in checks. */
  readonly lostReadings: readonly {
    /** Component, or the name of a check that could read nothing: `services`. */
    readonly component: string;
    readonly check: string;
    readonly reason: string;
    /** `true` for a listed unit or a custom check, `false` for a built-in check. */
    readonly listed: boolean;
    readonly forMs: number;
  }[];
  /** Components that are watched, have an issue, or have recorded repairs. */
  readonly components: readonly ComponentStatus[];
  /** Pending approvals. */
  readonly approvals: readonly WaitingApproval[];
  /** Many services failed at once; repairs resume after `calmInMs` without further failures. */
  readonly storm: { readonly forMs: number; readonly calmInMs: number } | undefined;
  /** Repairs of the last day, oldest first. */
  readonly acts: readonly ActDone[];
  readonly budget: Readonly<Record<'host' | 'process' | 'generations', Budget>>;
  /** Latest results, at most 100, by their first occurrence. A repeated result is kept once. */
  readonly results: readonly HealingResult[];
  /** Cycles since the engine was created. */
  readonly cycles: { readonly done: number; readonly failed: number };
  /** Attempts by action and outcome, including zeros. */
  readonly actions: readonly ActionCount[];
  /** Number of results that each gate blocked. */
  readonly blocked: Readonly<Record<BlockReason, number>>;
  /** Histograms of the durations of detection and of repair with proof. */
  readonly times: { readonly detection: Distribution; readonly resolution: Distribution };
}

/** State of one component. */
export interface ComponentStatus {
  readonly component: string;
  /** Category of its worst verdict or open issue; `undefined` when it has neither. */
  readonly type: IssueType | undefined;
  /** Worst status in the last cycle; `undefined` without a verdict. */
  readonly status: ComponentVerdict['status'] | undefined;
  /** `true` when an issue is open. */
  readonly issue: boolean;
  /** `true` while it is being repaired or queued. */
  readonly inHand: boolean;
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** Remaining time of an open breaker. */
  readonly breakerForMs: number | undefined;
  /** Consecutive unsuccessful repairs. */
  readonly failures: number;
  readonly needsHuman: boolean;
}

/** A pending approval. */
export interface WaitingApproval extends Pick<Approval, 'id' | 'digest' | 'component' | 'action' | 'reason'> {
  readonly askedAgoMs: number;
  /** Time until it is rejected. */
  readonly lapsesInMs: number;
  /** Plan to approve, if this engine has made it. */
  readonly plan: Plan | undefined;
}

/** A repair that was carried out. */
export interface ActDone extends Omit<Act, 'at'> {
  readonly timestamp: Date;
}

/** Use of a budget. */
export interface Budget {
  readonly used: number;
  readonly most: number;
  readonly withinMs: number;
}

/** Sources of a status. */
export interface StatusSources extends Pick<
  EngineStatus,
  'closed' | 'dryRun' | 'healingEnabled' | 'lockedBy' | 'issues' | 'times'
> {
  readonly monitoring: { readonly intervalMs: number; readonly since: number } | undefined;
  readonly recent: RecentActivity;
  readonly state: GuardState;
  readonly guards: Guards;
  readonly lost: readonly ReadingRecord[];
  /** Components that are always watched. */
  readonly watched: readonly string[];
  /** Actions that can be carried out. */
  readonly actions: readonly string[];
  readonly inHand: (component: string) => boolean;
  /** Steady time. */
  readonly now: number;
  /** Wall clock. */
  readonly wall: number;
}

const HOUR = 3_600_000;
const OUTCOMES = ['fixed', 'ineffective', 'failed', 'pending', 'pending-reboot', 'planned'] as const;
OUTCOMES satisfies readonly ActionCount['outcome'][];

/** Returns the state of an engine. Pure. */
export function statusOf(facts: StatusSources): EngineStatus {
  const { closed, dryRun, healingEnabled, lockedBy, issues, times } = facts;
  const { state, recent, guards, monitoring, now, wall } = facts;
  const { last, failure, results, cycles, failedCycles } = recent;
  const dated = <Entry extends { readonly at: number }>({ at, ...entry }: Entry) => ({
    ...entry,
    timestamp: new Date(wall - (now - at)),
  });
  const names = [...new Set([...facts.actions, ...recent.actionNames])];
  return Object.freeze({
    timestamp: new Date(wall),
    ...{ closed, dryRun, healingEnabled, lockedBy, issues, times },
    monitoring: monitoring && { intervalMs: monitoring.intervalMs, forMs: now - monitoring.since },
    pauses: Object.entries(state.pauses).map(([reason, since]) => {
      const by = pausedBy(state, reason);
      return { reason, forMs: now - since, ...(by === undefined ? {} : { by }) };
    }),
    commands: (state.commands ?? []).map(dated),
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
    acts: state.acts.map(dated),
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
  // When no unit can be read, there are no verdicts on single units.
  const noUnits = said.get('services')?.status === 'unknown';
  const types = new Map(issues.map(({ component, type }) => [component, type]));
  const all = new Set([...watched, ...said.keys(), ...types.keys(), ...Object.keys(state.components)]);
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
      issue: types.has(component),
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
