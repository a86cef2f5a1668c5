import type { SystemBus } from './bus.js';
import { createWatch, type Watch } from './dbus-watch.js';
import { createJobMemory, type JobMemory } from './job-memory.js';
import { createKnownUnits, type KnownUnits } from './known-units.js';
import { createPatternMemory, type PatternMemory } from './pattern-memory.js';
import { createTroubleMemory, type TroubleMemory } from './trouble-memory.js';

/** What one connection has learnt. It is thrown away with the connection. */
export interface Session {
  readonly connection: number;
  readonly watch: Watch;
  readonly started: Promise<void>;
  readonly known: KnownUnits;
  readonly trouble: TroubleMemory;
  readonly matches: PatternMemory;
  readonly jobs: JobMemory;
}

/** Begins to listen over a connection. */
export function createSession(connection: number, bus: SystemBus, now: () => number): Session {
  const watch = createWatch(bus, now);
  const jobs = createJobMemory(bus);
  // A bus that refuses the signals still answers: then every reading asks again.
  const started = watch.start().then(jobs.begin, () => {});
  const known = createKnownUnits(watch, now);
  const [trouble, matches] = [createTroubleMemory(now), createPatternMemory(watch, now)];
  return { connection, watch, started, known, trouble, matches, jobs };
}
