import { messageOf } from '../base/errors.js';
import type { Issue } from '../model/issue.js';
import { owned } from '../base/pending.js';
import type { Clock } from '../base/clock.js';
import { createWaker } from './wake.js';

/** What a monitor does each time, and with what. */
export interface MonitorJobs {
  readonly clock: Clock;
  /** Looks at the host, and gives the open issues that nobody is healing. */
  readonly look: (signal: AbortSignal) => readonly Issue[] | Promise<readonly Issue[]>;
  /** The same for some components, between two cycles. */
  readonly lookAt: (components: ReadonlySet<string>, signal: AbortSignal) => Promise<readonly Issue[]>;
  /** Has `wake` called when a component should be looked at before the next cycle. Gives the function that ends this. */
  readonly listen: (wake: (component: string) => void) => () => void;
  /** The least time between two looks for which something woke the monitor, in milliseconds. */
  readonly wakesApartMs: number;
  /** Heals them, one after another. */
  readonly heal: (issues: readonly Issue[], signal: AbortSignal) => Promise<unknown>;
  readonly failed: (error: unknown) => void;
}

/**
 * Looks again and again until the signal is aborted, and in between when something wakes it. Looking goes on while
 * something is healed; only healing is serial. Resolves when the last act has ended.
 */
export async function monitor(intervalMs: number, jobs: MonitorJobs, signal: AbortSignal): Promise<void> {
  const { clock } = jobs;
  const underWay = new Set<Promise<unknown>>();
  const keep = (work: Promise<unknown>): void => {
    underWay.add(work);
    owned(
      work.finally(() => underWay.delete(work)),
      jobs.failed,
    );
  };
  const healAfter = async (look: () => readonly Issue[] | Promise<readonly Issue[]>): Promise<void> => {
    try {
      const issues = await look();
      if (issues.length > 0 && !signal.aborted) keep(jobs.heal(issues, signal).catch(jobs.failed));
    } catch (error) {
      if (!signal.aborted) jobs.failed(error);
    }
  };
  const look = (components: ReadonlySet<string>) => healAfter(() => jobs.lookAt(components, signal));
  const waker = createWaker({ clock, apartMs: jobs.wakesApartMs, look }, signal);
  const stopListening = jobs.listen((component) => {
    if (!signal.aborted) keep(waker(component));
  });
  try {
    while (!signal.aborted) {
      const start = clock.monotonic();
      await healAfter(() => jobs.look(signal));
      // The same rhythm whatever a cycle took; a cycle longer than the interval is followed by the next at once.
      const rest = Math.max(0, intervalMs - (clock.monotonic() - start));
      await clock.sleep(rest, signal).catch((error: unknown) => {
        if (!signal.aborted)
          throw new Error(`The clock could not wait: ${messageOf(error)}`, { cause: error });
      });
    }
  } finally {
    stopListening();
  }
  await Promise.allSettled(underWay);
}
