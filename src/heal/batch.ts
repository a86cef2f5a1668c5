import { lookAgain } from './look.js';
import { Severity, type Issue } from '../issue.js';
import type { Block } from '../plan.js';
import type { HealingResult } from '../result.js';
import { heal, STOPPED } from './heal.js';
import type { Parts } from './parts.js';
import { prepare, type Prepared } from './prepare.js';

/** Heals issues one after another, the worst first. One result for each, in the order they were handled. */
export async function healAll(
  issues: readonly Issue[],
  parts: Parts,
  signal: AbortSignal,
  done: (result: HealingResult) => void,
): Promise<HealingResult[]> {
  const prepared: Prepared[] = [];
  for (const issue of issues) prepared.push(await prepare(issue, parts, signal));
  const results: HealingResult[] = [];
  for (const next of inOrder(prepared)) {
    const block = signal.aborted ? STOPPED : await othersInTheWay(next, prepared, parts, signal);
    const result = await heal(next, parts, { block, signal });
    done(result);
    results.push(result);
  }
  return results;
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
async function othersInTheWay(
  { issue, block }: Prepared,
  all: readonly Prepared[],
  { detector }: Parts,
  signal: AbortSignal,
): Promise<Block | undefined> {
  if (block || issue.severity !== Severity.MEDIUM) return undefined;
  const worse = all.find((other) => other.issue.severity > Severity.MEDIUM && !other.block && !other.error);
  if (worse) {
    return {
      reason: 'resources-busy',
      sentence: `${worse.issue.component} is worse and is healed in this cycle`,
    };
  }
  if (issue.component === 'cpu' || issue.component === 'load') return undefined;
  const load = await lookAgain({ ...issue, component: 'load' }, detector, signal);
  return load?.status === 'bad' ? { reason: 'resources-busy', sentence: load.reason } : undefined;
}
