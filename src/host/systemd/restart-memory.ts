import { isUnknown } from '../../model/reading.js';
import type { UnitReading } from '../../model/unit.js';
import { endedWell, needsJournal, restartsBefore } from './first-restarts.js';
import { addSample, dailyRestarts, recentRestarts, type RestartHistory } from './restart-history.js';
import type { UnitFacts } from './unit-facts.js';
import { journalRecords } from './journal-records.js';

/** Milliseconds after which a unit that is no longer read is forgotten. */
const FORGET_AFTER_MS = 600_000;
/** Returns systemd's monotonic time, in milliseconds. */
const systemdNow = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/** Counts the restarts of units from one reading to the next. */
export class RestartMemory {
  readonly #histories = new Map<string, RestartHistory>();
  /** True if the last run that ended was successful; no entry if unknown. */
  readonly #endedWell = new Map<string, boolean>();
  readonly #now: () => number;
  readonly #journalctl: string | undefined;

  constructor({ now, journalctl }: { readonly now: () => number; readonly journalctl?: string | undefined }) {
    this.#now = now;
    this.#journalctl = journalctl;
  }

  /** Returns the primary names of units in a crash loop. */
  restarting(): readonly string[] {
    return [...this.#histories].flatMap(([id, history]) => (recentRestarts(history) > 0 ? [id] : []));
  }

  /**
   * Adds a reading of these units that was begun at `startedAt`. One that overlaps with a reading that was added before
   * is left out: which of the two is the later one is not known, and a counter that seems to go down counts as reset.
   */
  async note(units: readonly UnitFacts[], startedAt: number, signal: AbortSignal | undefined): Promise<void> {
    for (const [id, { last }] of this.#histories) if (startedAt - last.at > FORGET_AFTER_MS) this.#forget(id);
    const options = { journalctl: this.#journalctl, signal };
    const fresh = units.filter((unit) => !this.#histories.has(unit.id) && needsJournal(unit));
    const before = await restartsBefore(fresh, systemdNow(), options);
    const at = this.#now();
    for (const unit of units) {
      const { id, restarts, invocationId, activeState, restartDelayMs: delayMs } = unit;
      const known = this.#histories.get(id);
      if (known !== undefined && startedAt <= known.last.at) continue;
      const earlier = before.get(id);
      if (earlier) this.#endedWell.set(id, earlier.endedWell);
      const active = activeState === 'active';
      const gaveUp = activeState === 'failed' && unit.subState === 'failed' && unit.job === '';
      const sample = { at, restarts, delayMs, invocationId, active, gaveUp, upAt: unit.links.upAt };
      this.#histories.set(id, addSample(known, sample, earlier));
      // A unit that runs also has the result `success`: only between two runs it is that of the last run.
      if (!isBetweenRuns(unit)) continue;
      // `reset-failed` sets the result to `success` and the counter to 0: the journal has the real result.
      if (this.#isLooping(id) && restarts === 0 && unit.result === 'success') this.#endedWell.delete(id);
      else this.#endedWell.set(id, unit.result === 'success');
    }
    const open = units
      .filter(({ id }) => this.#isLooping(id) && !this.#endedWell.has(id))
      .map(({ id }) => id);
    const records = await journalRecords([...new Set(open)], options);
    for (const id of open) this.#endedWell.set(id, !isUnknown(records) && endedWell(records.get(id) ?? []));
  }

  of({ id }: UnitFacts): Pick<UnitReading, 'recentRestarts' | 'dailyRestarts' | 'restartsAfterSuccess'> {
    const history = this.#histories.get(id);
    return {
      recentRestarts: history ? recentRestarts(history) : 0,
      dailyRestarts: history ? dailyRestarts(history) : 0,
      restartsAfterSuccess: this.#isLooping(id) && this.#endedWell.get(id) === true,
    };
  }

  #isLooping(id: string): boolean {
    const history = this.#histories.get(id);
    return history !== undefined && recentRestarts(history) > 0;
  }

  #forget(id: string): void {
    this.#histories.delete(id);
    this.#endedWell.delete(id);
  }
}

const isBetweenRuns = ({ activeState, subState }: UnitFacts): boolean =>
  activeState === 'failed' || activeState === 'inactive' || subState.startsWith('auto-restart');
