import { CHANGES_GENERATION } from '../../memory/generations.js';
import { spent } from '../../gates/pacing.js';
import type { Guards } from '../../model/guards.js';
import type { Block, Plan } from '../../model/plan.js';
import { ageOf, type BootTime } from './boot-time.js';

export interface HelperAct {
  /** Wall clock, in milliseconds since the epoch: the only clock that survives a restart of the host. */
  readonly at: number;
  /** Identifier of the boot in which it happened. */
  readonly boot?: string;
  /** Time since that boot, in milliseconds. */
  readonly upMs?: number;
  readonly action: string;
  /** Primary names of its targets. */
  readonly targets: readonly string[];
  /** Systems before and after a change of the generation; `to` is `null` for a rebuild. */
  readonly generation?: { readonly from: string; readonly to: string | null };
  /** Set when it undid the change before it. */
  readonly undo?: true;
  /** Reason why the system's own checks refused the switch. Nothing was changed, so it counts towards no limit. */
  readonly refused?: string;
  /** User who approved it, where a person had to. */
  readonly approvedBy?: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Returns the acts of the last day, the longest period of any limit. */
export const actsThatCount = (acts: readonly HelperAct[], now: BootTime): readonly HelperAct[] =>
  acts.filter((act) => ageOf(act, now) < DAY);

/** Returns the acts with `at` converted to the present wall clock, so that none is in the future. */
export const asOfNow = (acts: readonly HelperAct[], now: BootTime): readonly HelperAct[] =>
  acts.map((act) => ({ ...act, at: now.at - ageOf(act, now) }));

/** Returns the act to record for a plan. */
export const actOf = (
  { action, parameters, targets, generation }: Plan,
  now: BootTime,
  approvedBy?: number,
): HelperAct => ({
  ...now,
  action,
  targets: targets.map(({ id }) => id),
  ...(generation && { generation: { from: generation.from, to: generation.to } }),
  ...(parameters.undo === true && { undo: true }),
  ...(approvedBy !== undefined && { approvedBy }),
});

/** Returns whether a plan undoes a change without approval. It is allowed beyond the daily limit, once per change. */
const isUndo = ({ parameters, approval }: Plan): boolean =>
  parameters.undo === true && approval === undefined;

/**
 * Judges a plan by how much has been done already. Pure.
 *
 * @param acts With times by the present wall clock, as {@link asOfNow} returns them.
 */
export function judgeLimits(
  plan: Plan,
  acts: readonly HelperAct[],
  { componentPerHour, hostPerHour, generationsPerDay }: Guards['budget'],
  now: number,
): Block | undefined {
  const over = (span: number, most: number, counts: (act: HelperAct) => boolean, what: string) => {
    const times = acts
      .filter((act) => act.refused === undefined && now - act.at < span && counts(act))
      .map(({ at }) => at)
      .sort((a, b) => a - b);
    return spent(times, most, span, now, what);
  };
  const changes = ({ action }: { readonly action: string }): boolean => CHANGES_GENERATION.includes(action);
  const sentences = [
    ...plan.targets.map(({ id }) =>
      over(
        HOUR,
        componentPerHour,
        ({ targets }) => targets.includes(id),
        `acts of the root helper on ${id} in the last hour`,
      ),
    ),
    over(HOUR, hostPerHour, () => true, 'acts of the root helper in the last hour'),
    changes(plan) && !isUndo(plan)
      ? over(DAY, generationsPerDay, changes, 'changes of the generation by the root helper in the last day')
      : undefined,
  ];
  const sentence = sentences.find((one) => one !== undefined);
  return sentence === undefined ? undefined : { reason: 'budget', sentence };
}
