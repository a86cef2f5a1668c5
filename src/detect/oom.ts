import { isUnknown, type Reading } from '../model/reading.js';
import type { UnitsReading } from '../model/snapshot.js';
import { Severity, type Verdict } from '../model/issue.js';
import { count, span } from '../base/format.js';

/** Time for which a kill is reported, in milliseconds. The kernel only counts kills, so a single reading shows nothing. */
export const OOM_WINDOW_MS = 600_000;

/** Out-of-memory kills. */
export interface OomKills {
  readonly sinceBoot: number;
  /** Number within the last 10 minutes, by our own readings; kills before the first reading are not included. */
  readonly recent: number;
}

/** Records how the count grew. */
export class OomHistory {
  /** Count at the start of the window, and at each increase since. */
  #steps: { readonly at: number; readonly kills: number }[] = [];

  /** Adds the current count. `now`: monotonic time, in milliseconds. */
  note(kills: Reading<number>, now: number): Reading<OomKills> {
    if (isUnknown(kills)) return kills;
    const last = this.#steps.at(-1);
    if (last === undefined || kills < last.kills) this.#steps = [{ at: now, kills }];
    else if (kills > last.kills) this.#steps.push({ at: now, kills });
    const first = this.#steps.findLastIndex(({ at }) => at <= now - OOM_WINDOW_MS);
    if (first > 0) this.#steps.splice(0, first);
    return { sinceBoot: kills, recent: kills - this.#steps[0]!.kills };
  }
}

/** Reports recent kills (`LOW`), with the units that ended by one, where they were read. */
export function judgeOom(kills: Reading<OomKills>, units: Reading<UnitsReading>): Verdict {
  if (isUnknown(kills)) return { status: 'unknown', reason: kills.unknown };
  const { recent, sinceBoot } = kills;
  const words = recent === 0 ? 'no process' : `${count(recent)} process${recent === 1 ? '' : 'es'}`;
  return {
    status: recent > 0 ? 'bad' : 'ok',
    severity: Severity.LOW,
    value: recent,
    threshold: 0,
    reason: `The kernel killed ${words} within the last ${span(OOM_WINDOW_MS)} because memory ran out`,
    ...(recent === 0
      ? {}
      : {
          evidence: [
            `oom_kill in /proc/vmstat: ${sinceBoot} on this machine since it booted`,
            victims(units),
          ],
        }),
  };
}

/** Names the units with the result `oom-kill`: the kernel's count names none. */
function victims(units: Reading<UnitsReading>): string {
  const hint = '`journalctl -k` tells which process it was';
  if (isUnknown(units)) return `No units were read beside it: ${hint}`;
  const killed = [...units.asked, ...units.troubled].filter(({ result }) => result === 'oom-kill');
  if (killed.length === 0) return `None of the units that were read ended with Result=oom-kill: ${hint}`;
  return `Result=oom-kill: ${[...new Set(killed.map(({ id }) => id))].join(', ')}`;
}
