import type { SystemBus } from './bus.js';
import { MANAGER } from './bus.js';
import type { BusSignal } from './bus/connection.js';
import type { UnitFacts } from './unit-facts.js';

/** A job's end is signalled within this time of the change of its unit, in milliseconds. */
const NEAR_MS = 1_000;
const MOST_KEPT = 1_000;

/** Remembers how the last job of each unit ended, by systemd's signals. */
export interface JobMemory {
  /** From now on the jobs of all units are heard. */
  readonly begin: () => void;
  /** What follows from silence does so no more. */
  end(): void;
  /** Takes in a signal. Returns whether it was about a job. */
  hear(signal: Pick<BusSignal, 'member' | 'body'>): boolean;
  /** Whether a stop job ended the last run of a unit that is down; `undefined` where the signals do not tell. */
  stopped(unit: Pick<UnitFacts, 'id' | 'links'>): boolean | undefined;
}

/** A run that lasted for longer than this was not ended by the job that began it. */
const LONG_RUN_MS = 5_000;

interface Ended {
  /** When its beginning was signalled; 0 where that was not heard. */
  readonly begunAt: number;
  /** `stop`, `start` …; empty where it was over before it could be asked for. */
  readonly kind: string;
  readonly result: string;
  readonly at: number;
}

/** Monotonic time as systemd has it, in milliseconds. */
const monotonic = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/** Makes the memory of one connection. */
export function createJobMemory(bus: Pick<SystemBus, 'call'>, now: () => number = monotonic): JobMemory {
  const kinds = new Map<number, { readonly kind: Promise<string>; readonly begunAt: number }>();
  const ended = new Map<string, Ended>();
  let heardSince = Infinity;

  /** The signal of a new job does not tell its kind, and a short job is soon gone. */
  const kindOf = (path: string): Promise<string> =>
    bus
      .call({
        ...{ ...MANAGER, path, interface: 'org.freedesktop.DBus.Properties', member: 'Get' },
        body: ['org.freedesktop.systemd1.Job', 'JobType'],
      })
      .then(String, () => '');

  function remember(unit: string, end: Ended): void {
    const before = ended.get(unit);
    if (before && before.at > end.at) return;
    ended.delete(unit);
    ended.set(unit, end);
    const [oldest] = ended.keys();
    if (ended.size <= MOST_KEPT || oldest === undefined) return;
    ended.delete(oldest);
    // Of what was forgotten, silence tells nothing.
    heardSince = Math.max(heardSince, now());
  }

  return {
    begin: () => void (heardSince = now()),
    end: () => void (heardSince = Infinity),
    hear({ member, body: [id, path, unit, result] }) {
      if (member !== 'JobNew' && member !== 'JobRemoved') return false;
      if (typeof id !== 'number' || typeof path !== 'string' || typeof unit !== 'string') return true;
      if (member === 'JobNew') {
        if (kinds.size >= MOST_KEPT) kinds.clear();
        kinds.set(id, { kind: kindOf(path), begunAt: now() });
        return true;
      }
      const at = now();
      const { kind, begunAt = 0 } = kinds.get(id) ?? {};
      kinds.delete(id);
      const end = { result: String(result), begunAt, at };
      remember(unit, { ...end, kind: '' });
      void kind?.then((known) => remember(unit, { ...end, kind: known }));
      return true;
    },
    stopped({ id, links: { upAt, exitedAt, downAt } }) {
      const job = ended.get(id);
      const went = Math.max(exitedAt, downAt);
      if (went === 0) return undefined;
      if (job && job.at >= exitedAt - NEAR_MS) {
        // A short job is over before its kind can be asked for: one that came late in a long run did not begin it.
        const isLater = exitedAt - upAt > LONG_RUN_MS && job.begunAt > upAt + LONG_RUN_MS / 2;
        if (job.kind === '' && !isLater) return undefined;
        const isStop = (job.kind === 'stop' || job.kind === '') && job.result === 'done';
        // One that came later found the unit down already, unless its signal was only heard late.
        return isStop && job.at > went + NEAR_MS ? undefined : isStop;
      }
      return heardSince < exitedAt - NEAR_MS ? false : undefined;
    },
  };
}
