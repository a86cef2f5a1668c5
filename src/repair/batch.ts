import { lookAgain, worstVerdict } from '../detect/look-again.js';
import { percent } from '../detect/percent.js';
import { messageOf } from '../base/errors.js';
import { DEADLINES } from '../base/deadlines.js';
import { within } from '../base/within.js';
import { claimOf, covers, type Claim } from '../gates/claims.js';
import type { Ledger } from '../memory/ledger.js';
import { recordOf } from '../memory/state.js';
import { isUnknown } from '../model/reading.js';
import { Severity, type Issue } from '../model/issue.js';
import type { Block } from '../model/plan.js';
import type { HealingResult } from '../model/result.js';
import { askFor, type ApprovalSources } from './approval.js';
import { choose, planAgain, type Choice } from './choose.js';
import { inOrder, needs } from './order.js';
import { repair, type RepairSources } from './repair.js';
import type { SlotOwner, Slots } from './slots.js';

/** Sources of {@link repairAll}. */
export interface BatchSources extends RepairSources {
  readonly ledger: Ledger;
  readonly approval: ApprovalSources;
  readonly slots: Slots;
  /** Receives each result. */
  readonly done: (result: HealingResult) => void;
}

/**
 * Repairs issues by severity, concurrently as far as their plans allow. Returns one result for each, in the order in
 * which they were started.
 */
export async function repairAll(
  issues: readonly Issue[],
  sources: BatchSources,
  signal: AbortSignal,
): Promise<HealingResult[]> {
  const chosen = issues.map((issue) => {
    const { failures } = recordOf(sources.ledger.state, issue.component);
    return new Planning(issue, choose(issue, failures, sources, signal));
  });
  await within({ ms: DEADLINES.plansMs, clock: sources.clock }, () =>
    Promise.all(chosen.map(({ planned }) => planned)),
  ).catch(() => undefined);
  const inTime = chosen.filter(({ isPlanned }) => isPlanned);
  const late = chosen.filter((one) => !inTime.includes(one));
  const round: Round = { turns: [], all: () => chosen.map(({ choice }) => choice) };
  for (const choice of inOrder(inTime.map(({ choice }) => choice))) takeTurn(choice, round, sources, signal);
  // Late plans do not delay the others; each is started when its plan is ready.
  await Promise.all(late.map(async ({ planned }) => takeTurn(await planned, round, sources, signal)));
  return Promise.all(round.turns.map(({ turn }) => turn));
}

/** An issue whose action is being chosen and planned. */
class Planning {
  /** Resolves when it is planned or planning has failed. Never rejects. */
  readonly planned: Promise<Choice>;
  isPlanned = false;
  choice: Choice;

  constructor(issue: Issue, planning: Promise<Choice>) {
    this.choice = { issue, action: { action: 'none', parameters: {} }, rung: 0, attempts: [] };
    this.planned = planning
      .catch((error: unknown): Choice => ({ ...this.choice, error: messageOf(error) }))
      .then((choice) => {
        this.isPlanned = true;
        return (this.choice = choice);
      });
  }
}

/** A repair of the same round that was started. */
interface StartedRepair {
  readonly choice: Choice;
  readonly turn: Promise<HealingResult>;
}

/** The repairs of one call or cycle. */
interface Round {
  /** In the order of their start. */
  readonly turns: StartedRepair[];
  readonly all: () => readonly Choice[];
}

/** Starts a repair after those of the round that it needs. In a dry run one after the other: each plan counts. */
function takeTurn(choice: Choice, round: Round, sources: BatchSources, signal: AbortSignal): void {
  const needed = round.turns.filter((other) => needs(choice, other.choice));
  const before = sources.dryRun ? round.turns.at(-1)?.turn : undefined;
  const begin = (): Promise<HealingResult> => handle(choice, round.all(), needed, sources, signal);
  const turn = before ? before.then(begin) : begin();
  round.turns.push({ choice, turn });
}

async function handle(
  choice: Choice,
  all: readonly Choice[],
  needed: readonly StartedRepair[],
  sources: BatchSources,
  signal: AbortSignal,
): Promise<HealingResult> {
  // Repairs that need no approval do not wait for this one.
  const asked =
    choice.block?.reason === 'needs-approval'
      ? await afterAsking(choice, sources, signal).catch(() => choice)
      : choice;
  const act = (current: Choice): Promise<HealingResult> =>
    repair(current, sources, {
      busy: (severity) => busyBecauseOf({ ...current.issue, severity }, all, sources, signal),
      signal,
    });
  const isLate = asked !== choice || needed.length > 0;
  const take = (current: Choice, late: boolean): Promise<HealingResult> =>
    current.block || !current.plan || sources.dryRun
      ? act(current)
      : inSlot(current, { needed, isLate: late }, sources, { act, signal });
  let result = await take(asked, isLate);
  // Refused during the act, before it changed anything: approval may be requested for another plan.
  if (asked.block === undefined && result.outcome === 'skipped' && result.blockedBy === 'needs-approval') {
    const other = await afterRefusal(asked, sources, signal);
    if (other) result = await take(other, true);
  }
  sources.done(result);
  return result;
}

/** Attempts to get a slot for a plan that affects other units each time it is made. */
const MAX_WAITS = 3;

/**
 * Repairs in a slot, after the repairs that it needs. Waits again when the plan was made again and needs more than its
 * slot holds.
 */
async function inSlot(
  asked: Choice,
  { needed, isLate }: { readonly needed: readonly StartedRepair[]; readonly isLate: boolean },
  sources: BatchSources,
  { act, signal }: { readonly act: (choice: Choice) => Promise<HealingResult>; readonly signal: AbortSignal },
): Promise<HealingResult> {
  const { slots } = sources;
  const { component } = asked.issue;
  const turns = Promise.all(needed.map(({ turn }) => turn));
  await slots.waitForNeeded(
    component,
    needed.map(({ choice }) => ownerOf(choice)),
    turns,
  );
  let current = asked;
  for (let wait = 0; wait < MAX_WAITS; wait += 1) {
    const claim = claimIn(current, sources);
    const result = await slots.take(claim, ownerOf(current), async (waited) => {
      // Repairs that had to wait are planned again.
      const isOld = waited || (isLate && wait === 0);
      if (isOld && !signal.aborted) current = await planAgain(current, sources, signal);
      return covers(claim, claimIn(current, sources)) ? act(current) : undefined;
    });
    if (result) return result;
  }
  return act({ ...current, block: CHANGES });
}

const CHANGES: Block = {
  reason: 'in-flight',
  sentence: 'Its plan changed each time before it could start: it is planned again in the next cycle',
};

/** Returns the claim of a plan. In a storm, repairs run one at a time. */
function claimIn({ plan, issue }: Choice, { ledger }: BatchSources): Claim {
  const claim = claimOf(plan!, issue.component);
  return { ...claim, component: issue.component, alone: claim.alone || ledger.state.storm !== null };
}

const ownerOf = ({ issue: { component }, action: { action } }: Choice): SlotOwner => ({ component, action });

/** Plans again, and requests approval if the new plan is another one that needs it. */
async function afterRefusal(
  choice: Choice,
  sources: BatchSources,
  signal: AbortSignal,
): Promise<Choice | undefined> {
  const fresh = await planAgain(choice, sources, signal);
  const { issue, plan, digest } = fresh;
  if (plan === undefined || digest === undefined || digest === choice.digest) return undefined;
  const block = sources.judge.all(issue, { plan, digest });
  if (block?.reason !== 'needs-approval') return undefined;
  return afterAsking({ ...fresh, block }, sources, signal);
}

/** Requests approval when nothing else blocks the plan and the issue still exists. */
async function afterAsking(choice: Choice, sources: BatchSources, signal: AbortSignal): Promise<Choice> {
  const { issue, plan, digest } = choice;
  if (plan === undefined || digest === undefined || sources.dryRun) return choice;
  const { block: _block, ...rest } = choice;
  const judged = (before?: ReturnType<typeof worstVerdict>): Choice => {
    const block = sources.judge.all(issue, { plan, digest }, { before });
    return block ? { ...rest, block } : rest;
  };
  const { component, check } = issue;
  const asking = judged(worstVerdict(await lookAgain(sources.detector, { component, check, signal })));
  if (asking.block?.reason !== 'needs-approval') return asking;
  await askFor({ issue, plan, digest }, sources.approval, signal);
  return judged();
}

/** CPU pressure (PSI, `some avg10`) above which `MEDIUM` repairs wait. */
const BUSY_PRESSURE_PERCENT = 50;

/** Returns why a `MEDIUM` repair waits: something worse is being repaired, or the load is high. */
async function busyBecauseOf(
  issue: Pick<Issue, 'component' | 'severity'>,
  all: readonly Choice[],
  { detector, host }: RepairSources,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (issue.severity !== Severity.MEDIUM) return undefined;
  const worse = all.find((other) => other.issue.severity > Severity.MEDIUM && !other.block && !other.error);
  if (worse) return `${worse.issue.component} is worse and is repaired in this cycle`;
  if (issue.component === 'cpu' || issue.component === 'load') return undefined;
  try {
    const load = worstVerdict(await lookAgain(detector, { component: 'load', signal }));
    if (load?.status !== 'unknown') return load?.status === 'bad' ? load.reason : undefined;
    const { pressure } = await host.read({ parts: ['pressure'], signal });
    const some = isUnknown(pressure) || isUnknown(pressure.cpu) ? 0 : pressure.cpu.some;
    return some > BUSY_PRESSURE_PERCENT
      ? `CPU pressure is ${percent(some)}, over ${BUSY_PRESSURE_PERCENT} %, and the load is not known`
      : undefined;
  } catch (error) {
    return `The load of the host is not known: ${messageOf(error)}`;
  }
}
