/** A unit that a plan reaches through systemd, besides its targets. */
export interface AffectedUnit {
  /** Primary name. */
  readonly id: string;
  /** Every name, the primary one included. */
  readonly names: readonly string[];
}

/** A running unit that a job of the plan stops, restarts or reloads. */
export interface TouchedUnit extends AffectedUnit {
  readonly how: 'stopped' | 'restarted' | 'reloaded';
  /** Whether systemd refuses to start it by hand (`RefuseManualStart=`). */
  readonly refuseManualStart: boolean;
}

/** A unit that is started along with a target. */
export interface StartedUnit extends AffectedUnit {
  /** Whether every boot starts it, so that a start of it is nothing new. */
  readonly atBoot: boolean;
}

/** Everything that the commands of a plan do to units other than its targets, by systemd's own rules. Plain data. */
export interface Effects {
  /** Running units that are stopped, restarted or reloaded, by primary name in alphabetical order. */
  readonly touches: readonly TouchedUnit[];
  /** Units that are started, by primary name in alphabetical order. */
  readonly starts: readonly StartedUnit[];
  /** Units that systemd starts only if a unit of the plan fails (`OnFailure=`). */
  readonly onFailure: readonly string[];
  /** Units that systemd starts only if a unit of the plan ends well (`OnSuccess=`). */
  readonly onSuccess: readonly string[];
  /** What systemd may do to the host itself, as `db.service: SuccessAction=reboot`. */
  readonly emergency: readonly string[];
}

/** Effects of a plan that reaches nothing but its targets. */
export const NO_EFFECTS: Effects = Object.freeze({
  touches: Object.freeze([]),
  starts: Object.freeze([]),
  onFailure: Object.freeze([]),
  onSuccess: Object.freeze([]),
  emergency: Object.freeze([]),
});

/** Number of started units that are shown by name. */
const SHOWN = 20;

/** Describes the effects of a plan, one line each; no lines where it has none. */
export function effectLines({ touches, starts, onFailure, onSuccess, emergency }: Effects): string[] {
  const named = (how: TouchedUnit['how']): string[] =>
    touches.filter((unit) => unit.how === how).map(({ id }) => id);
  const line = (words: string, names: readonly string[]): string[] => {
    const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
    return names.length === 0 ? [] : [`${words}: ${names.slice(0, SHOWN).join(', ')}${more}`];
  };
  return [
    ...line('Also stops', named('stopped')),
    ...line('Also restarts', named('restarted')),
    ...line('Also reloads', named('reloaded')),
    ...line(
      'Also starts',
      starts.map(({ id }) => id),
    ),
    ...line('Starts only if it fails', onFailure),
    ...line('Starts only if it succeeds', onSuccess),
    ...line('Emergency actions', emergency),
  ];
}

/** When a step runs, as words to put behind it; empty for a step that always does. */
export const conditionOf = (step: { readonly kind: string; readonly onlyIf?: string }): string =>
  step.onlyIf === undefined ? '' : '  (only if the start limit refused it)';
