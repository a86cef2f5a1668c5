import type { UnitReading } from '../../model/unit.js';
import type { Severity, Verdict } from '../../model/issue.js';
import type { WatchedUnit } from '../watched-units.js';

/** Facts for the verdict on a unit. */
export interface UnitQuestion {
  readonly unit: UnitReading;
  /** Entry in the list; `undefined` for a unit that is not listed. */
  readonly watched: WatchedUnit | undefined;
  /** True if any unit is listed. */
  readonly hasList: boolean;
  /** Time of the reading, in milliseconds since the epoch. */
  readonly now: number;
  /** Subject of its sentences: its name, with other names in the list. */
  readonly subject: string;
}

/** A rule: returns a verdict, or `undefined` where it does not apply. */
export type UnitRule = (question: UnitQuestion) => Verdict | undefined;

export const ok = (reason: string): Verdict => ({ status: 'ok', value: 1, threshold: 1, reason });

/** Returns a verdict that neither opens nor clears an issue. */
export const passing = (reason: string): Verdict => ({ ...ok(reason), transient: true });

/** Returns a bad verdict with its evidence. `since`: time in place of that at which the unit went down. */
export function bad(
  { unit }: Pick<UnitQuestion, 'unit'>,
  severity: Severity,
  reason: string,
  since = unit.inactiveSince,
): Verdict {
  return {
    ...{ status: 'bad', severity, value: 0, threshold: 1, reason },
    ...(since > 0 ? { since } : {}),
    evidence: evidenceOf(unit),
  };
}

/** Returns whether a unit is started only by its trigger or by a person. */
export const isDisabled = ({ unitFileState, neededBy }: UnitReading): boolean =>
  unitFileState === 'disabled' && neededBy.length === 0;

/** Returns whether its own start is configured, besides those by sockets, timers and paths. */
export const isEnabled = ({ unitFileState }: UnitReading): boolean => unitFileState.startsWith('enabled');

const EXIT_WORDS = { exited: 'exited', killed: 'killed by a signal', dumped: 'dumped core', '': '' } as const;

function evidenceOf(unit: UnitReading): string[] {
  const { activeState, subState, loadState, loadError, result, exitStatus, exitKind, restarts } = unit;
  const lines = [`ActiveState=${activeState} SubState=${subState} LoadState=${loadState}`];
  if (loadError !== '') lines.push(`LoadError: ${loadError}`);
  if (result !== '') lines.push(`Result=${result} ExecMainStatus=${exitStatus}${wordsOf(exitKind)}`);
  if (restarts > 0) lines.push(`NRestarts=${restarts}`);
  if (unit.needsReload)
    lines.push(
      'NeedDaemonReload=yes: the unit file changed on disk, and systemd uses the version that it loaded before, until `systemctl daemon-reload`',
    );
  if (unit.leftProcesses > 0)
    lines.push(`${unit.leftProcesses} of its processes still run, although the unit is ${activeState}`);
  return lines;
}

/** Describes how the main process ended. */
const wordsOf = (kind: UnitReading['exitKind']): string =>
  kind === '' || kind === 'exited' ? '' : ` (${EXIT_WORDS[kind]})`;
