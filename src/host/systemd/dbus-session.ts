import type { SystemBus } from './bus.js';
import { createSignalWatch, type SignalWatch } from './signal-watch.js';
import { createJobMemory, type JobMemory } from './job-memory.js';
import { createKnownUnits, type KnownUnits } from './known-units.js';
import { createPatternMemory, type PatternMemory } from './pattern-memory.js';
import { createFailingUnits, type FailingUnits } from './failing-units.js';

/** State of one connection, discarded with it. */
export interface Session {
  readonly connection: number;
  readonly watch: SignalWatch;
  readonly started: Promise<void>;
  readonly known: KnownUnits;
  readonly failing: FailingUnits;
  readonly matches: PatternMemory;
  readonly jobs: JobMemory;
}

/** Subscribes to signals over a connection. */
export function createSession(connection: number, bus: SystemBus, now: () => number): Session {
  const watch = createSignalWatch(bus, now);
  const jobs = createJobMemory(bus);
  // If the bus refuses the subscription, every reading queries systemd again.
  const started = watch.start().then(jobs.begin, () => {});
  const known = createKnownUnits(watch, now);
  const [failing, matches] = [createFailingUnits(now), createPatternMemory(watch, now)];
  return { connection, watch, started, known, failing, matches, jobs };
}
