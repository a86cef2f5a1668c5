import type { CommandStep } from '../model/plan.js';

/** Beyond the time that systemd gives the unit: systemd ends it first, and whoever waits is told. */
const SLACK_MS = 60_000;

/** What a transient unit runs. */
export interface TransientUnit {
  /** Its name without suffix. Two at once under one name are refused by systemd, which is meant. */
  readonly unit: string;
  readonly argv: readonly string[];
  /** Variables that it is given as this program has them. */
  readonly passes?: readonly string[];
  readonly timeoutMs: number;
}

/**
 * A command that runs in a systemd unit of its own, and so lives on when the unit that this program runs in is
 * restarted by what the command does. Ending the waiting early does not end the unit; systemd does when its time is up.
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
