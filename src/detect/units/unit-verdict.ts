import type { UnitReading } from '../../model/unit.js';
import type { Severity, Verdict } from '../../model/issue.js';
import type { WatchedUnit } from '../watched-units.js';

/** Everything that the verdict on a unit rests on. */
export interface UnitQuestion {
  readonly unit: UnitReading;
  /** What a person listed it with; `undefined` for a unit that is not listed. */
  readonly watched: WatchedUnit | undefined;
  /** Whether a person listed any units at all. */
  readonly hasList: boolean;
  /** When it was read, in milliseconds since the epoch. */
  readonly now: number;
  /** What sentences call it: its name, with other names that it is listed by. */
  readonly subject: string;
}

/** A rule answers with its verdict, or with nothing where it does not apply. */
export type UnitRule = (question: UnitQuestion) => Verdict | undefined;

export const ok = (reason: string): Verdict => ({ status: 'ok', value: 1, threshold: 1, reason });

/** Neither trouble nor proof of health: it neither opens nor closes an issue. */
export const passing = (reason: string): Verdict => ({ ...ok(reason), transient: true });

/** A bad verdict with its evidence; `since` where it is not known by when the unit went down. */
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

/** Whether a unit is to be started only by what triggers it, or by a person. */
export const isDisabled = ({ unitFileState, neededBy }: UnitReading): boolean =>
  unitFileState === 'disabled' && neededBy.length === 0;

/** Whether a start of its own is configured, beside those by sockets, timers and paths. */
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

/** A plain exit says no more than its status. */
const wordsOf = (kind: UnitReading['exitKind']): string =>
  kind === '' || kind === 'exited' ? '' : ` (${EXIT_WORDS[kind]})`;
