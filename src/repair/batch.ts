import { messageOf } from '../errors.js';
import { Severity, type ComponentVerdict, type Issue } from '../issue.js';
import type { HealingResult } from '../result.js';
import { askFor } from './approval.js';
import { heal } from './repair.js';
import type { Lanes } from './slots.js';
import { lookAgain } from '../detect/look-again.js';
import type { Parts } from '../heal/parts.js';
import { judge, prepare, type Prepared } from './choose.js';

/** Heals issues, the worst first. One result for each, in the order in which they had their turn. */
export async function healAll(
  issues: readonly Issue[],
  parts: Parts,
  lanes: Lanes,
  signal: AbortSignal,
  done: (result: HealingResult) => void,
): Promise<HealingResult[]> {
  const prepared: Prepared[] = [];
  for (const issue of issues) prepared.push(await prepare(issue, parts, signal));
  const turns = inOrder(prepared).map(async (one) => {
    // A person may think for long: whoever needs no answer does not wait for it.
    const next =
      one.block?.reason === 'needs-approval' ? await afterAsking(one, parts, signal).catch(() => one) : one;
    const turn = async (): Promise<HealingResult> => {
      const busy = await busyBecauseOf(next, prepared, parts, signal);
      return heal(next, parts, { busy, signal });
    };
    // What is not going to act does not stand in line behind what does.
    const result = await (next.block || !next.plan ? turn() : lanes.take(next.plan.scope, turn));
    done(result);
    return result;
  });
  return Promise.all(turns);
}

/** Asks, if nothing but the missing approval stands in the way; nobody is asked about what is well again. */
async function afterAsking(prepared: Prepared, parts: Parts, signal: AbortSignal): Promise<Prepared> {
  const { issue, plan, digest } = prepared;
  if (plan === undefined || digest === undefined) return prepared;
  const { block: _block, ...rest } = prepared;
  const judged = (before?: ComponentVerdict): Prepared => {
    const block = judge(issue, { plan, digest }, parts, { before });
    return block ? { ...rest, block } : rest;
  };
  const asking = judged(await lookAgain(issue, parts.detector, signal));
  if (asking.block?.reason !== 'needs-approval') return asking;
  await askFor(prepared, parts, signal);
  return judged();
}

/** By severity; among equals, what another one needs comes before it. */
export function inOrder(prepared: readonly Prepared[]): Prepared[] {
  const ordered: Prepared[] = [];
  const visiting = new Set<Prepared>();
  const visit = (one: Prepared): void => {
    // A circle of needs has no first: the order in which they came decides.
    if (visiting.has(one)) return;
    visiting.add(one);
    const needs = new Set(unitTargets(one).flatMap((target) => target.needs));
    for (const other of prepared) {
      const needed = unitTargets(other).some((target) => target.names.some((name) => needs.has(name)));
      if (needed && other.issue.severity === one.issue.severity) visit(other);
    }
    ordered.push(one);
  };
  for (const one of [...prepared].sort((a, b) => b.issue.severity - a.issue.severity)) visit(one);
  return ordered;
}

const unitTargets = ({ plan }: Prepared) => plan?.targets.filter((target) => target.kind === 'unit') ?? [];

/** `MEDIUM` waits until nothing worse is being healed, and until the load leaves room. */
async function busyBecauseOf(
  { issue, block }: Prepared,
  all: readonly Prepared[],
  { detector }: Parts,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (block || issue.severity !== Severity.MEDIUM) return undefined;
  const worse = all.find((other) => other.issue.severity > Severity.MEDIUM && !other.block && !other.error);
  if (worse) return `${worse.issue.component} is worse and is healed in this cycle`;
  if (issue.component === 'cpu' || issue.component === 'load') return undefined;
  try {
    const load = await lookAgain({ ...issue, component: 'load' }, detector, signal);
    return load?.status === 'bad' ? load.reason : undefined;
  } catch (error) {
    return `Whether the host has room is not known: ${messageOf(error)}`;
  }
}
