import type { CommandStep } from './plan.js';

/** A unit other than the targets that a plan affects through systemd. */
export interface AffectedUnit {
  /** Primary name. */
  readonly id: string;
  /** Every name, including the primary one. */
  readonly names: readonly string[];
}

/** A running unit that a job of the plan stops, restarts or reloads. */
export interface TouchedUnit extends AffectedUnit {
  readonly how: 'stopped' | 'restarted' | 'reloaded';
  /** `RefuseManualStart=` of the unit. */
  readonly refuseManualStart: boolean;
}

/** A unit that is started along with a target. */
export interface StartedUnit extends AffectedUnit {
  /** `true` if every boot starts it. */
  readonly atBoot: boolean;
}

/** Effects of a plan's commands on units other than its targets, by systemd's rules. Plain data. */
export interface Effects {
  /** Running units that are stopped, restarted or reloaded, by primary name in alphabetical order. */
  readonly touches: readonly TouchedUnit[];
  /**
   * Names of the units that are down now, and that would be stopped, restarted or reloaded if they ran. No other repair
   * may start them at the same time.
   */
  readonly touchesIfUp: readonly string[];
  /** Units that are started, by primary name in alphabetical order. */
  readonly starts: readonly StartedUnit[];
  /** Units that systemd starts only if a unit of the plan fails (`OnFailure=`). */
  readonly onFailure: readonly string[];
  /** Units that systemd starts only if a unit of the plan succeeds (`OnSuccess=`). */
  readonly onSuccess: readonly string[];
  /** Actions of systemd on the host itself, such as `db.service: SuccessAction=reboot`. */
  readonly emergency: readonly string[];
}

/** Effects of a plan that affects only its targets. */
export const NO_EFFECTS: Effects = Object.freeze({
  touches: Object.freeze([]),
  touchesIfUp: Object.freeze([]),
  starts: Object.freeze([]),
  onFailure: Object.freeze([]),
  onSuccess: Object.freeze([]),
  emergency: Object.freeze([]),
});

/** Number of started units that are shown by name. */
const SHOWN = 20;

/** Describes the effects of a plan, one line each. */
export function effectLines({ touches, starts, onFailure, onSuccess, emergency }: Effects): string[] {
  const idsOf = (units: readonly AffectedUnit[]): string[] => units.map(({ id }) => id);
  const touched = (how: TouchedUnit['how']): string[] => idsOf(touches.filter((unit) => unit.how === how));
  const line = (words: string, names: readonly string[]): string[] => {
    const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
    return names.length === 0 ? [] : [`${words}: ${names.slice(0, SHOWN).join(', ')}${more}`];
  };
  return [
    ...line('Also stops', touched('stopped')),
    ...line('Also restarts', touched('restarted')),
    ...line('Also reloads', touched('reloaded')),
    ...line('Also starts', idsOf(starts)),
    ...line('Starts only if it fails', onFailure),
    ...line('Starts only if it succeeds', onSuccess),
    ...line('Emergency actions', emergency),
  ];
}

/** Returns a suffix that says when a step runs; empty for an unconditional step. */
export const conditionOf = (step: { readonly kind: string; readonly onlyIf?: string }): string =>
  step.onlyIf === undefined ? '' : `  (only if ${CONDITIONS[step.onlyIf] ?? step.onlyIf})`;

/** Every condition of a step, with its words. */
export const CONDITIONS: Readonly<Record<string, string>> = {
  'start-limit-hit': 'the start limit refused it',
  'not-activated': 'the switch ends before it activates anything',
  'boot-loader-failed': 'only the boot loader cannot be written',
} satisfies Record<NonNullable<CommandStep['onlyIf']>, string>;
