import type { SystemBus } from './bus.js';
import { createFailingUnits } from './failing-units.js';
import { createJobMemory } from './job-memory.js';
import { createKnownUnits } from './known-units.js';
import { createPatternMemory } from './pattern-memory.js';
import { createSignalWatch } from './signal-watch.js';

/** State of one connection, discarded with it. */
export type Session = ReturnType<typeof createSession>;

/** Subscribes to signals over a connection. */
export function createSession(connection: number, bus: SystemBus, now: () => number) {
  const watch = createSignalWatch(bus, now);
  const jobs = createJobMemory(bus);
  return {
    ...{ connection, now, watch, jobs },
    // If the bus refuses the subscription, every reading queries systemd again.
    started: watch.start().then(jobs.begin, () => {}),
    known: createKnownUnits(watch, now),
    failing: createFailingUnits(now),
    findMatches: createPatternMemory(watch, now),
  };
}
