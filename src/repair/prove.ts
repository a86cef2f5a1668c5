import { verifyByCheck, type Verification } from '../actions/define.js';
import { messageOf } from '../errors.js';
import type { StepReport } from '../execute/executor.js';
import type { Host } from '../host/host.js';
import { IssueType, type ComponentVerdict, type Issue } from '../issue.js';
import type { Plan } from '../plan.js';
import { lookAgain } from '../detect/look-again.js';
import type { Parts } from '../heal/parts.js';

/** What a repair was made for, and what was read before it. */
export interface Repair {
  readonly issue: Issue;
  readonly plan: Plan;
  readonly before: ComponentVerdict | undefined;
  /** What the steps reported. */
  readonly steps?: readonly StepReport[];
}

/** Lets a repair settle, reads again, and tells whether the trouble is gone. Never rejects. */
export async function verify(
  { issue, plan, before, steps = [] }: Repair,
  parts: Parts,
  signal: AbortSignal,
): Promise<Verification> {
  const definition = await parts.actions.find(plan.action);
  const context = {
    issue,
    plan,
    before,
    steps,
    guards: parts.guards,
    inspect: () => lookAgain(issue, parts.detector, signal),
    read: async (request: Parameters<Host['read']>[0]) => parts.host.read({ ...request, signal }),
    settle: (ms = definition?.settleMs ?? settleMs(issue, parts)) => parts.clock.sleep(ms, signal),
    signal,
  };
  try {
    if (definition === undefined) return await verifyByCheck({}, context);
    return await definition.verify(definition.parse(plan.parameters), context);
  } catch (error) {
    return { status: 'unknown', reason: signal.aborted ? 'the engine was told to stop' : messageOf(error) };
  }
}

function settleMs({ type, component }: Issue, { guards }: Parts): number {
  if (type === IssueType.SERVICE) return guards.settleMs.service;
  if (component === 'memory' || component === 'cpu' || component === 'system')
    return guards.settleMs[component];
  return guards.settleMs.others;
}

/** Whether a component is in a worse state after a repair than before it. */
export function isWorse(before: ComponentVerdict | undefined, after: ComponentVerdict | undefined): boolean {
  if (before?.status !== 'bad' || after?.status !== 'bad') return false;
  if ((after.severity ?? 0) !== (before.severity ?? 0)) return (after.severity ?? 0) > (before.severity ?? 0);
  if (before.value === undefined || after.value === undefined || before.threshold === undefined) return false;
  // Away from the threshold, on whichever side of it trouble lies, by more than a reading wavers.
  const distance = (value: number): number => Math.abs(value - before.threshold!);
  return distance(after.value) - distance(before.value) > 0.03 * Math.abs(before.threshold);
}
