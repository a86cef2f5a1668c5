import type { Issue } from '../model/issue.js';
import type { Plan, Step } from '../model/plan.js';
import { extendedBackoff, withRecord } from './component-record.js';
import type { Guards } from '../model/guards.js';
import { recordOf, type Approval, type GuardState } from './state.js';

/** A plan that is awaiting approval. */
export interface ApprovalRequest {
  /** Id for `approve(id)` and `reject(id)`. */
  readonly id: string;
  readonly issue: Issue;
  /** The exact plan; the answer applies to it only. */
  readonly plan: Plan;
  /** Why it needs approval. */
  readonly reason: string;
  /** Time when the request expires, as a rejection. */
  readonly lapsesAt: Date;
}

/** Returns the digest of a plan: its actions, targets, steps and effects, without the state of its targets. */
export function digestOf({ action, parameters, targets, steps, generation, effects }: Plan): string {
  const { from, to, verb } = generation ?? {};
  const essence = JSON.stringify([
    ...[action, parameters, targets.map(({ id }) => id), steps.map(essenceOf)],
    ...[generation && [from, to, verb], effects?.touches.map(({ id, how }) => [id, how]), effects?.emergency],
  ]);
  // Loaded on first use: a healthy host never needs it.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(essence).digest('hex');
}

function essenceOf(step: Step): unknown {
  if (step.kind === 'command') return [step.argv, step.input, step.env, step.onlyIf];
  return step.kind === 'write' ? [step.path, step.content] : step.name;
}

export const approvalOf = (state: GuardState, digest: string): Approval | undefined =>
  state.approvals.find((approval) => approval.digest === digest);

/** Returns the id of an approval, short enough to type. */
export const approvalId = (digest: string): string => digest.slice(0, 8);

/** Requests an approval, unless one is pending for the same plan. */
export function requestApproval(state: GuardState, approval: Omit<Approval, 'id' | 'answer'>): GuardState {
  if (approvalOf(state, approval.digest)) return state;
  const asked = { ...approval, id: approvalId(approval.digest), answer: 'waiting' } as const;
  return { ...state, approvals: [...state.approvals, asked] };
}

export function approve(state: GuardState, id: string): GuardState {
  const approvals = state.approvals.map((approval) =>
    approval.id === id ? { ...approval, answer: 'yes' as const } : approval,
  );
  return { ...state, approvals };
}

/** Rejects an approval: the plan is not requested again before its backoff ends. */
export function reject(
  state: GuardState,
  id: string,
  now: number,
  guards: Guards,
  chance: number,
): GuardState {
  const refused = state.approvals.find((approval) => approval.id === id);
  if (refused === undefined) return state;
  const { component, action, digest } = refused;
  // The action waits as after an ineffective repair.
  const act = { action, outcome: 'failed', at: now } as const;
  const backoff = extendedBackoff(recordOf(state, component), act, guards, chance);
  return withRecord(removeApproval(state, digest), component, { backoff });
}

/** Removes an approval that was used or is not needed any more. */
export const removeApproval = (state: GuardState, digest: string): GuardState => ({
  ...state,
  approvals: state.approvals.filter((approval) => approval.digest !== digest),
});

/** Rejects the approvals that were not answered, or not used, in time. */
export function expireApprovals(state: GuardState, now: number, guards: Guards, chance: number): GuardState {
  return state.approvals
    .filter(({ askedAt }) => now - askedAt >= guards.approval.lapseMs)
    .reduce((next, { id }) => reject(next, id, now, guards, chance), state);
}
