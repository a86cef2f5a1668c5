import type { CommandStep } from '../model/plan.js';

/** Additional time over the limit of the unit, in milliseconds, so that systemd ends it first. */
const SLACK_MS = 60_000;

/** Command of a transient unit. */
export interface TransientUnit {
  /** Its name without suffix. Two at once under one name are refused by systemd, which is meant. */
  readonly unit: string;
  readonly argv: readonly string[];
  /** Variables that it is given as this program has them. */
  readonly passes?: readonly string[];
  readonly timeoutMs: number;
}

/**
 * Returns a command that runs in its own systemd unit, so it survives when it restarts the unit of this program. Ending the
 * wait early does not end the unit; systemd does at its time limit.
 */
export function inTransientUnit({ unit, argv, passes = [], timeoutMs }: TransientUnit): CommandStep {
  return {
    kind: 'command',
    argv: [
      ...['systemd-run', '--collect', '--wait', '--no-ask-password', '--service-type=exec', `--unit=${unit}`],
      `--property=RuntimeMaxSec=${Math.ceil(timeoutMs / 1_000)}`,
      ...passes.map((name) => `--setenv=${name}`),
      '--',
      ...argv,
    ],
    unit,
    needsRoot: true,
    timeoutMs: timeoutMs + SLACK_MS,
    interruptible: true,
  };
}

/** A word that is the same for the same place in the store, and fits into the name of a unit. */
export const wordOf = (path: string): string =>
  (path.split('/').at(-1) ?? '').replace(/[^A-Za-z0-9]/g, '').slice(0, 8);
