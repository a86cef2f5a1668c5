import { lookAgain, worstVerdict } from '../detect/look-again.js';
import { percent } from '../detect/percent.js';
import { messageOf } from '../base/errors.js';
import { DEADLINES } from '../base/deadlines.js';
import { within } from '../base/within.js';
import { claimOf, covers, type Claim } from '../gates/claims.js';
import { recordOf } from '../memory/state.js';
import { NO_ACTION } from '../model/built-in-checks.js';
import { isUnknown } from '../model/reading.js';
import { Severity, type Issue } from '../model/issue.js';
import type { Block } from '../model/plan.js';
import type { HealingResult } from '../model/result.js';
import { askFor, type ApprovalSources } from './approval.js';
import { choose, planAgain, type Choice } from './choose.js';
import { Judge } from './judge.js';
import { inOrder, needs } from './order.js';
import type { EnginePorts } from './ports.js';
import { Recorder } from './record.js';
import { repair, type RepairSources } from './repair.js';
import type { SlotOwner, Slots } from './slots.js';

/** Sources of a round of repairs. */
interface RoundSources extends RepairSources, ApprovalSources {
  readonly slots: Slots;
  /** Receives each result. */
  readonly done: (result: HealingResult) => void;
}

/** Options of one round, besides the ports of the engine. */
export type RoundOptions = Pick<
  RoundSources,
  'dryRun' | 'signal' | 'slots' | 'plans' | 'nextId' | 'openChecks' | 'started' | 'asked' | 'done'
>;

/**
 * Repairs issues by severity, concurrently as far as their plans allow. Returns one result for each, in the order in
 * which they were started.
 */
export async function repairRound(
  issues: readonly Issue[],
  ports: EnginePorts,
  options: RoundOptions,
): Promise<HealingResult[]> {
  const sources: RoundSources = {
    ...ports,
    ...options,
    // Read each time, so that switching on a dry run also stops waiting repairs.
    get dryRun() {
      return options.dryRun || ports.dryRun;
    },
    judge: new Judge(ports),
    recorder: new Recorder(ports),
  };
  const choices = issues.map((issue): Choice => ({ issue, action: NO_ACTION, rung: 0, attempts: [] }));
  const ready = new Set<number>();
  const planning = choices.map(async (unplanned, index) => {
    const { failures } = recordOf(ports.ledger.state, unplanned.issue.component);
    const choice = await choose(unplanned.issue, failures, sources).catch((error: unknown): Choice => ({
      ...unplanned,
      error: messageOf(error),
    }));
    ready.add(index);
    return (choices[index] = choice);
  });
  await within({ ms: DEADLINES.plansMs, clock: ports.clock }, () => Promise.all(planning)).catch(
    () => undefined,
  );
  const late = planning.filter((_choice, index) => !ready.has(index));
  const turns: StartedRepair[] = [];
  for (const choice of inOrder(choices.filter((_choice, index) => ready.has(index))))
    takeTurn(choice, choices, turns, sources);
  // Late plans do not delay the others; each is started when its plan is ready.
  await Promise.all(late.map(async (planned) => takeTurn(await planned, choices, turns, sources)));
  return Promise.all(turns.map(({ turn }) => turn));
}

/** A repair of the same round that was started. */
interface StartedRepair {
  readonly choice: Choice;
  readonly turn: Promise<HealingResult>;
}

/** Starts a repair after those of the round that it needs. In a dry run one after the other: each plan counts. */
function takeTurn(
  choice: Choice,
  all: readonly Choice[],
  turns: StartedRepair[],
  sources: RoundSources,
): void {
  const needed = turns.filter((other) => needs(choice, other.choice));
  const before = sources.dryRun ? turns.at(-1)?.turn : undefined;
  const begin = (): Promise<HealingResult> => handle(choice, [...all], needed, sources);
  turns.push({ choice, turn: before ? before.then(begin) : begin() });
}

async function handle(
  choice: Choice,
  all: readonly Choice[],
  needed: readonly StartedRepair[],
  sources: RoundSources,
): Promise<HealingResult> {
  // Repairs that need no approval do not wait for this one.
  const asked =
    choice.block?.reason === 'needs-approval'
      ? await afterAsking(choice, sources).catch(() => choice)
      : choice;
  const act = (current: Choice): Promise<HealingResult> =>
    repair(current, sources, (severity) => busyBecauseOf({ ...current.issue, severity }, all, sources));
  const take = (current: Choice, isLate: boolean): Promise<HealingResult> =>
    current.block || !current.plan || sources.dryRun
      ? act(current)
      : inSlot(current, needed, isLate, sources, act);
  let result = await take(asked, asked !== choice || needed.length > 0);
  // Refused during the act, before it changed anything: approval may be requested for another plan.
  if (asked.block === undefined && result.outcome === 'skipped' && result.blockedBy === 'needs-approval') {
    const other = await afterRefusal(asked, sources);
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
  needed: readonly StartedRepair[],
  isLate: boolean,
  sources: RoundSources,
  act: (choice: Choice) => Promise<HealingResult>,
): Promise<HealingResult> {
  const { slots, signal } = sources;
  const owners = needed.map(({ choice }) => ownerOf(choice));
  await slots.waitForNeeded(asked.issue.component, owners, Promise.all(needed.map(({ turn }) => turn)));
  let current = asked;
  for (let wait = 0; wait < MAX_WAITS; wait += 1) {
    const claim = claimIn(current, sources);
    const result = await slots.take(claim, ownerOf(current), async (waited) => {
      // Repairs that had to wait are planned again.
      const isOld = waited || (isLate && wait === 0);
      if (isOld && !signal.aborted) current = await planAgain(current, sources);
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
function claimIn({ plan, issue }: Choice, { ledger }: RoundSources): Claim {
  const claim = claimOf(plan!, issue.component);
  return { ...claim, component: issue.component, alone: claim.alone || ledger.state.storm !== null };
}

const ownerOf = ({ issue: { component }, action: { action } }: Choice): SlotOwner => ({ component, action });

/** Plans again, and requests approval if the new plan is another one that needs it. */
async function afterRefusal(choice: Choice, sources: RoundSources): Promise<Choice | undefined> {
  const fresh = await planAgain(choice, sources);
  const { issue, plan, digest } = fresh;
  if (plan === undefined || digest === undefined || digest === choice.digest) return undefined;
  const block = sources.judge.all(issue, { plan, digest });
  if (block?.reason !== 'needs-approval') return undefined;
  return afterAsking({ ...fresh, block }, sources);
}

/** Requests approval when nothing else blocks the plan and the issue still exists. */
async function afterAsking(choice: Choice, sources: RoundSources): Promise<Choice> {
  const { issue, plan, digest } = choice;
  if (plan === undefined || digest === undefined || sources.dryRun) return choice;
  const { block: _block, ...rest } = choice;
  const judged = (before?: ReturnType<typeof worstVerdict>): Choice => {
    const block = sources.judge.all(issue, { plan, digest }, { before });
    return block ? { ...rest, block } : rest;
  };
  const { component, check } = issue;
  const { detector, signal } = sources;
  const asking = judged(worstVerdict(await lookAgain(detector, { component, check, signal })));
  if (asking.block?.reason !== 'needs-approval') return asking;
  await askFor(issue, { plan, digest }, sources);
  return judged();
}

/** CPU pressure (PSI, `some avg10`) above which `MEDIUM` repairs wait. */
const BUSY_PRESSURE_PERCENT = 50;

/** Returns why a `MEDIUM` repair waits: something worse is being repaired, or the load is high. */
async function busyBecauseOf(
  issue: Pick<Issue, 'component' | 'severity'>,
  all: readonly Choice[],
  { detector, host, signal }: RoundSources,
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
