import { CHANGES_GENERATION } from '../../memory/generations.js';
import { spent } from '../../gates/pacing.js';
import type { Guards } from '../../model/guards.js';
import type { Block, Plan } from '../../model/plan.js';
import { ageOf, type BootTime } from './boot-time.js';

/** One act of the helper, by whoever asked for it. */
export interface HelperAct {
  /** Wall clock, in milliseconds since the epoch: the only clock that survives a restart of the host. */
  readonly at: number;
  /** The boot in which it was made. */
  readonly boot?: string;
  /** Time since that boot, in milliseconds. */
  readonly upMs?: number;
  readonly action: string;
  /** What it acted on, by primary name. */
  readonly targets: readonly string[];
  /** Where a change of the running system began, and where it led; `null` for a rebuild. */
  readonly generation?: { readonly from: string; readonly to: string | null };
  /** Whether it took the change before it back. */
  readonly undo?: true;
  /** Why the system's own checks refused the switch: nothing was changed, so it counts towards no limit. */
  readonly refused?: string;
  /** User who approved it, where a person had to. */
  readonly approvedBy?: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Returns the acts that are younger than a day: no limit looks further back. */
export const actsThatCount = (acts: readonly HelperAct[], now: BootTime): readonly HelperAct[] =>
  acts.filter((act) => ageOf(act, now) < DAY);

/** Returns the acts with `at` by the present wall clock, however that was set since: none is in the future. */
export const asOfNow = (acts: readonly HelperAct[], now: BootTime): readonly HelperAct[] =>
  acts.map((act) => ({ ...act, at: now.at - ageOf(act, now) }));

/** Returns the record of carrying out a plan. */
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

/** A change that made things worse is taken back even when that was the last one of the day: there is one such way back. */
const takesBack = ({ parameters, approval }: Plan): boolean =>
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
  const made = acts.filter(({ refused }) => refused === undefined);
  const within = (span: number, counts: (act: HelperAct) => boolean): readonly number[] =>
    made
      .filter((act) => now - act.at < span && counts(act))
      .map(({ at }) => at)
      .sort((a, b) => a - b);
  const sentences = [
    ...plan.targets.map(({ id }) =>
      spent(
        within(HOUR, ({ targets }) => targets.includes(id)),
        componentPerHour,
        HOUR,
        now,
        `acts of the root helper on ${id} in the last hour`,
      ),
    ),
    spent(
      within(HOUR, () => true),
      hostPerHour,
      HOUR,
      now,
      'acts of the root helper in the last hour',
    ),
    CHANGES_GENERATION.includes(plan.action) && !takesBack(plan)
      ? spent(
          within(DAY, ({ action }) => CHANGES_GENERATION.includes(action)),
          generationsPerDay,
          DAY,
          now,
          'changes of the generation by the root helper in the last day',
        )
      : undefined,
  ];
  const sentence = sentences.find((one) => one !== undefined);
  return sentence === undefined ? undefined : { reason: 'budget', sentence };
}
