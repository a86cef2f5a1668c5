import type { SystemBus } from './bus.js';
import type { BusSignal } from './bus/connection.js';
import { dbusCalls } from './dbus-calls.js';
import { systemdNow } from './systemd-clock.js';
import type { UnitFacts } from './unit-facts.js';

/** Milliseconds between the end of a job and the change of its unit. */
const NEAR_MS = 1_000;
const MAX_JOBS = 1_000;

/** A run that lasted longer was not ended by the job that started it. */
const LONG_RUN_MS = 5_000;

interface Ended {
  /** Time of the `JobNew` signal; 0 if it was missed. */
  readonly begunAt: number;
  /** `stop`, `start` …; empty if the job ended before its type could be read. */
  readonly kind: string;
  readonly result: string;
  readonly at: number;
}

/** Remembers how the last job of each unit ended, by systemd's signals. */
export function createJobMemory(bus: Pick<SystemBus, 'call'>, now = systemdNow) {
  const calls = dbusCalls(bus);
  const kinds = new Map<number, { readonly kind: Promise<string>; readonly begunAt: number }>();
  const ended = new Map<string, Ended>();
  let heardSince = Infinity;

  function remember(unit: string, end: Ended): void {
    const before = ended.get(unit);
    if (before && before.at > end.at) return;
    ended.delete(unit);
    ended.set(unit, end);
    const [oldest] = ended.keys();
    if (ended.size <= MAX_JOBS || oldest === undefined) return;
    ended.delete(oldest);
    // From here on a unit without an entry may have had a job before.
    heardSince = Math.max(heardSince, now());
  }

  return {
    /** From now on the jobs of all units are signalled. */
    begin: () => void (heardSince = now()),
    /** From now on a missing signal no longer means that there was no job. */
    end: () => void (heardSince = Infinity),
    handle({ member, body: [id, path, unit, result] }: Pick<BusSignal, 'member' | 'body'>) {
      if (member !== 'JobNew' && member !== 'JobRemoved') return;
      if (typeof id !== 'number' || typeof path !== 'string' || typeof unit !== 'string') return;
      if (member === 'JobNew') {
        if (kinds.size >= MAX_JOBS) kinds.clear();
        // The signal does not contain the type.
        kinds.set(id, { kind: calls.jobType(path), begunAt: now() });
        return;
      }
      const at = now();
      const { kind, begunAt = 0 } = kinds.get(id) ?? {};
      kinds.delete(id);
      const end = { result: String(result), begunAt, at };
      remember(unit, { ...end, kind: '' });
      void kind?.then((known) => remember(unit, { ...end, kind: known }));
    },
    /** Returns whether a stop job ended the last run of a unit that is down; `undefined` if unknown. */
    stopped({ id, links: { upAt, exitedAt, downAt } }: Pick<UnitFacts, 'id' | 'links'>): boolean | undefined {
      const job = ended.get(id);
      const went = Math.max(exitedAt, downAt);
      if (went === 0) return undefined;
      // A stop job ends after the run. Its signal never arrives early; times are in whole milliseconds.
      if (job && job.at >= exitedAt - 1) {
        // A short job ends before its type can be read. If it began late in a long run, it did not start that run.
        const isLater = exitedAt - upAt > LONG_RUN_MS && job.begunAt > upAt + LONG_RUN_MS / 2;
        if (job.kind === '' && !isLater) return undefined;
        const isStop = (job.kind === 'stop' || job.kind === '') && job.result === 'done';
        // A later job may have found the unit down already.
        return isStop && job.at > went + NEAR_MS ? undefined : isStop;
      }
      return heardSince < exitedAt - NEAR_MS ? false : undefined;
    },
    /**
     * Returns whether the last job since the last run of a unit was a start that failed because of a dependency; `undefined`
     * if unknown.
     */
    startFailed({ id, links: { exitedAt } }: Pick<UnitFacts, 'id' | 'links'>): boolean | undefined {
      const job = ended.get(id);
      // Only a job that starts a unit has this result.
      if (job && job.at >= exitedAt - 1) return job.result === 'dependency';
      return heardSince < exitedAt - NEAR_MS ? false : undefined;
    },
  };
}
