import { isUnknown, type Reading } from '../model/reading.js';
import type { UnitsReading } from '../model/snapshot.js';
import { Severity, type Verdict } from '../model/issue.js';
import { count, span } from '../base/format.js';

/** How long a kill is told of. The kernel only counts: what is over in a moment would else be seen by nobody. */
export const OOM_WINDOW_MS = 600_000;

/** Kills by the kernel for want of memory. */
export interface OomKills {
  readonly sinceBoot: number;
  /** Within the last 10 minutes, by our own readings; those before the first reading are not among them. */
  readonly recent: number;
}

/** Remembers how the count grew. Looking twice changes nothing. */
export class OomHistory {
  /** The count at the start of the window, and each time it grew since. */
  #steps: { readonly at: number; readonly kills: number }[] = [];

  /** Takes the count of this moment; `now` in milliseconds that only go forward. */
  note(kills: Reading<number>, now: number): Reading<OomKills> {
    if (isUnknown(kills)) return kills;
    const last = this.#steps.at(-1);
    if (last === undefined || kills < last.kills) this.#steps = [{ at: now, kills }];
    else if (kills > last.kills) this.#steps.push({ at: now, kills });
    const first = this.#steps.findLastIndex(({ at }) => at <= now - OOM_WINDOW_MS);
    if (first > 0) this.#steps.splice(0, first);
    return { sinceBoot: kills, recent: kills - (this.#steps[0]?.kills ?? kills) };
  }
}

/** Kills of late are reported (`LOW`), with the units that systemd saw end by one, where they were read. */
export function judgeOom(kills: Reading<OomKills>, units: Reading<UnitsReading>): Verdict {
  if (isUnknown(kills)) return { status: 'unknown', reason: kills.unknown };
  const { recent, sinceBoot } = kills;
  const processes = recent === 1 ? 'process' : 'processes';
  const words = `${recent === 0 ? 'no' : count(recent)} ${recent === 0 ? 'process' : processes}`;
  return {
    status: recent > 0 ? 'bad' : 'ok',
    severity: Severity.LOW,
    value: recent,
    threshold: 0,
    reason: `The kernel has killed ${words} for want of memory within the last ${span(OOM_WINDOW_MS)}`,
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

/** The kernel's count names nobody; systemd's result does, for a unit that was read. */
function victims(units: Reading<UnitsReading>): string {
  const hint = '`journalctl -k` tells which process it was';
  if (isUnknown(units)) return `No units were read beside it: ${hint}`;
  const killed = [...units.asked, ...units.troubled].filter(({ result }) => result === 'oom-kill');
  if (killed.length === 0) return `None of the units that were read ended with Result=oom-kill: ${hint}`;
  return `Result=oom-kill: ${[...new Set(killed.map(({ id }) => id))].join(', ')}`;
}
