import type { CommandStep } from '../model/plan.js';

/** Additional time over the limit of the unit, in milliseconds, so that systemd ends it first. */
const SLACK_MS = 60_000;

/** Command of a transient unit. */
export interface TransientUnit {
  /** Name without suffix. systemd refuses a second unit of the same name, which is intended. */
  readonly unit: string;
  readonly argv: readonly string[];
  /** Names of environment variables to pass on. */
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

/** Returns a word for unit names that is the same for the same store path. */
export const wordOf = (path: string): string =>
  (path.split('/').at(-1) ?? '').replace(/[^A-Za-z0-9]/g, '').slice(0, 8);
