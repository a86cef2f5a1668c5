import { messageOf } from '../base/errors.js';
import type { Issue } from '../model/issue.js';
import { owned } from '../base/pending.js';
import type { Clock } from '../base/clock.js';
import { createWaker } from './wake.js';

/** Tasks of a monitor. */
export interface MonitorJobs {
  readonly clock: Clock;
  /** Looks at the host. Returns the open issues that are not being repaired. */
  readonly look: (signal: AbortSignal) => readonly Issue[] | Promise<readonly Issue[]>;
  /** Looks at single components between two cycles. */
  readonly lookAt: (components: ReadonlySet<string>, signal: AbortSignal) => Promise<readonly Issue[]>;
  /** Registers `wake`, called when a component should be looked at before the next cycle. Returns the function that ends it. */
  readonly listen: (wake: (component: string) => void) => () => void;
  /** Minimum time between two looks outside the cycle, in milliseconds. */
  readonly wakesApartMs: number;
  /** Repairs issues, one after another. */
  readonly heal: (issues: readonly Issue[], signal: AbortSignal) => Promise<unknown>;
  readonly failed: (error: unknown) => void;
}

/**
 * Looks in each cycle until the signal is aborted, and in between when it is woken. Looks continue during repairs, which
 * are serial. Resolves when the last repair has ended.
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
  const stopListening = jobs.listen((component) => keep(waker(component)));
  try {
    while (!signal.aborted) {
      const start = clock.monotonic();
      await healAfter(() => jobs.look(signal));
      // Fixed rate: a cycle longer than the interval is followed by the next at once.
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
