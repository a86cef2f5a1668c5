import { messageOf } from '../errors.js';
import type { Issue } from '../issue.js';
import type { Clock } from '../clock.js';

/** What a monitor does each time, and with what. */
export interface MonitorJobs {
  readonly clock: Clock;
  /** Looks at the host, and gives the open issues that nobody is healing. */
  readonly look: (signal: AbortSignal) => readonly Issue[] | Promise<readonly Issue[]>;
  /** Heals them, one after another. */
  readonly heal: (issues: readonly Issue[], signal: AbortSignal) => Promise<unknown>;
  readonly failed: (error: unknown) => void;
}

/**
 * Looks again and again until the signal is aborted. Looking goes on while something is healed; only healing is
 * serial. Resolves when the last act has ended.
 */
export async function monitor(intervalMs: number, jobs: MonitorJobs, signal: AbortSignal): Promise<void> {
  const { clock } = jobs;
  const rounds = new Set<Promise<unknown>>();
  while (!signal.aborted) {
    const start = clock.monotonic();
    try {
      const issues = await jobs.look(signal);
      if (issues.length > 0 && !signal.aborted) {
        const round = jobs.heal(issues, signal).catch(jobs.failed);
        rounds.add(round);
        void round.finally(() => rounds.delete(round));
      }
    } catch (error) {
      if (!signal.aborted) jobs.failed(error);
    }
    // The same rhythm whatever a cycle took; a cycle longer than the interval is followed by the next at once.
    const rest = Math.max(0, intervalMs - (clock.monotonic() - start));
    await clock.sleep(rest, signal).catch((error: unknown) => {
      if (!signal.aborted) throw new Error(`The clock could not wait: ${messageOf(error)}`, { cause: error });
    });
  }
  await Promise.all(rounds);
}
