import type { Issue } from '../model/issue.js';
import type { Plan, Step } from '../model/plan.js';
import { recordRefusal } from './component-record.js';
import type { Guards } from '../model/guards.js';
import type { Approval, GuardState } from './state.js';

/** What a person is asked to decide. */
export interface ApprovalRequest {
  /** The word for `approve(id)` and `reject(id)`. */
  readonly id: string;
  readonly issue: Issue;
  /** The exact plan; the answer holds for this one and no other. */
  readonly plan: Plan;
  /** Why a person has to decide. */
  readonly reason: string;
  /** When the question counts as answered with "no". */
  readonly lapsesAt: Date;
}

/** The fingerprint of a plan: what it does and to what, but not the state that its targets are in. */
export function digestOf({ action, parameters, targets, steps, generation, effects }: Plan): string {
  const { from, to, verb } = generation ?? {};
  const essence = JSON.stringify([
    ...[action, parameters, targets.map(({ id }) => id), steps.map(essenceOf)],
    ...[generation && [from, to, verb], effects?.touches.map(({ id, how }) => [id, how]), effects?.emergency],
  ]);
  // Only when something is planned: a healthy host never needs it.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(essence).digest('hex');
}

function essenceOf(step: Step): unknown {
  if (step.kind === 'command') return [step.argv, step.input, step.env, step.onlyIf];
  return step.kind === 'write' ? [step.path, step.content] : step.name;
}

/** What was answered about a plan, or `undefined` when nobody was asked. */
export const approvalOf = (state: GuardState, digest: string): Approval | undefined =>
  state.approvals.find((approval) => approval.digest === digest);

/** Returns the id of the approval of a plan, short enough to be typed. */
export const approvalId = (digest: string): string => digest.slice(0, 8);

/** Asks about a plan, unless it is being asked about. */
export function requestApproval(state: GuardState, approval: Omit<Approval, 'id' | 'answer'>): GuardState {
  if (approvalOf(state, approval.digest)) return state;
  const asked = { ...approval, id: approvalId(approval.digest), answer: 'waiting' } as const;
  return { ...state, approvals: [...state.approvals, asked] };
}

/** Takes the answer "yes". */
export function approve(state: GuardState, id: string): GuardState {
  const approvals = state.approvals.map((approval) =>
    approval.id === id ? { ...approval, answer: 'yes' as const } : approval,
  );
  return { ...state, approvals };
}

/** Takes the answer "no": it is asked again only after the backoff. */
export function reject(
  state: GuardState,
  id: string,
  now: number,
  guards: Guards,
  chance: number,
): GuardState {
  const refused = state.approvals.find((approval) => approval.id === id);
  if (refused === undefined) return state;
  const { component, action } = refused;
  return recordRefusal(removeApproval(state, refused.digest), component, action, now, guards, chance);
}

/** Forgets a question: it was answered and acted on, or the trouble is gone. */
export const removeApproval = (state: GuardState, digest: string): GuardState => ({
  ...state,
  approvals: state.approvals.filter((approval) => approval.digest !== digest),
});

/** Questions that nobody answered in time count as "no"; a "yes" that could not be used in time lapses, too. */
export function expireApprovals(state: GuardState, now: number, guards: Guards, chance: number): GuardState {
  return state.approvals
    .filter(({ askedAt }) => now - askedAt >= guards.approval.lapseMs)
    .reduce((next, { id }) => reject(next, id, now, guards, chance), state);
}
