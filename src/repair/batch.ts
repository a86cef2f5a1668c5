import { lookAgain, worstVerdict } from '../detect/look-again.js';
import { messageOf } from '../errors.js';
import { claimOf } from '../guard/claims.js';
import { digestOf } from '../guard/approvals.js';
import type { Ledger } from '../guard/ledger.js';
import { recordOf } from '../guard/state.js';
import { Severity, type Issue } from '../issue.js';
import type { HealingResult } from '../result.js';
import { askFor, type ApprovalSources } from './approval.js';
import { choose, type Choice } from './choose.js';
import { repair, type RepairSources } from './repair.js';
import type { Slots } from './slots.js';

/** What a round of repairs is made with. */
export interface BatchSources extends RepairSources {
  readonly ledger: Ledger;
  readonly approval: ApprovalSources;
  readonly slots: Slots;
  /** Receives each result when it is there. */
  readonly done: (result: HealingResult) => void;
}

/**
 * Repairs issues, the worst first, side by side as far as their plans allow. Returns one result for each, in the order
 * in which they had their turn.
 */
export async function repairAll(
  issues: readonly Issue[],
  sources: BatchSources,
  signal: AbortSignal,
): Promise<HealingResult[]> {
  const choices: Choice[] = [];
  for (const issue of issues) {
    const { failures } = recordOf(sources.ledger.state, issue.component);
    choices.push(await choose(issue, failures, sources, signal));
  }
  const turns: Promise<HealingResult>[] = [];
  const ordered = inOrder(choices);
  for (const [index, choice] of ordered.entries()) {
    const needed = ordered.slice(0, index).flatMap((other, at) => (needs(choice, other) ? [turns[at]!] : []));
    const turn = takeTurn(choice, choices, needed, sources, signal);
    turns.push(turn);
    // A dry run counts its own plans, so each waits for the one before it.
    if (sources.dryRun) await turn;
  }
  return Promise.all(turns);
}

async function takeTurn(
  choice: Choice,
  all: readonly Choice[],
  needed: readonly Promise<unknown>[],
  sources: BatchSources,
  signal: AbortSignal,
): Promise<HealingResult> {
  // A person may take long: what needs no answer does not wait for it.
  const asked =
    choice.block?.reason === 'needs-approval'
      ? await afterAsking(choice, sources, signal).catch(() => choice)
      : choice;
  const act = async (waited: boolean): Promise<HealingResult> => {
    const current = waited ? await planAgain(asked, sources, signal) : asked;
    const busy = await busyBecauseOf(current, all, sources, signal);
    return repair(current, sources, { busy, signal });
  };
  const result = await (asked.block || !asked.plan || sources.dryRun
    ? act(false)
    : inSlot(asked, { needed, isLate: asked !== choice || needed.length > 0 }, sources, act));
  sources.done(result);
  return result;
}

/** What another issue of this round needs is repaired first; in a storm, one repair at a time. */
async function inSlot(
  { plan, issue }: Choice,
  { needed, isLate }: { readonly needed: readonly Promise<unknown>[]; readonly isLate: boolean },
  { slots, ledger }: BatchSources,
  act: (waited: boolean) => Promise<HealingResult>,
): Promise<HealingResult> {
  await Promise.all(needed);
  const claim = claimOf(plan!, issue.component);
  const alone = claim.alone || ledger.state.storm !== null;
  const owner = { component: issue.component, action: plan!.action };
  return slots.take({ ...claim, alone }, owner, (waited) => act(waited || isLate));
}

/** A turn that came late begins with a plan of its own: this one is judged, announced and carried out. */
async function planAgain(choice: Choice, sources: RepairSources, signal: AbortSignal): Promise<Choice> {
  const { action, plan, block } = choice;
  if (plan === undefined || block !== undefined || signal.aborted) return choice;
  try {
    const fresh = await sources.executor.plan(action, { signal });
    return { ...choice, plan: fresh, digest: digestOf(fresh) };
  } catch (error) {
    return { ...choice, error: messageOf(error) };
  }
}

/** Asks if nothing but the missing approval blocks it; nobody is asked about what is well again. */
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
  await askFor(choice, sources.approval, signal);
  return judged();
}

/** By severity; among equals, what another one needs comes before it. */
export function inOrder(choices: readonly Choice[]): Choice[] {
  const ordered: Choice[] = [];
  const visiting = new Set<Choice>();
  const visit = (one: Choice): void => {
    // A circle of needs has no first: the order in which they came decides.
    if (visiting.has(one)) return;
    visiting.add(one);
    for (const other of choices)
      if (needs(one, other) && other.issue.severity === one.issue.severity) visit(other);
    ordered.push(one);
  };
  for (const one of [...choices].sort((a, b) => b.issue.severity - a.issue.severity)) visit(one);
  return ordered;
}

/** Whether a unit of one plan needs a unit of another one. */
function needs(one: Choice, other: Choice): boolean {
  const needed = new Set(unitTargets(one).flatMap((target) => target.needs));
  return unitTargets(other).some((target) => target.names.some((name) => needed.has(name)));
}

const unitTargets = ({ plan }: Choice) => plan?.targets.filter((target) => target.kind === 'unit') ?? [];

/** `MEDIUM` waits until nothing worse is being repaired, and until the load leaves room. */
async function busyBecauseOf(
  { issue, block }: Choice,
  all: readonly Choice[],
  { detector }: RepairSources,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (block || issue.severity !== Severity.MEDIUM) return undefined;
  const worse = all.find((other) => other.issue.severity > Severity.MEDIUM && !other.block && !other.error);
  if (worse) return `${worse.issue.component} is worse and is repaired in this cycle`;
  if (issue.component === 'cpu' || issue.component === 'load') return undefined;
  try {
    const load = worstVerdict(await lookAgain(detector, { component: 'load', signal }));
    return load?.status === 'bad' ? load.reason : undefined;
  } catch (error) {
    return `Whether the host has room is not known: ${messageOf(error)}`;
  }
}
