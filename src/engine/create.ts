import type { Clock } from '../base/clock.js';
import { defaults } from './defaults.js';
import { expectObject } from '../base/expect.js';
import { SimplifiedHealingEngine } from './engine.js';
import type { HealingOptions } from './options.js';
import type { HealingResult } from '../model/result.js';

/** Creates an engine. The same as `new SimplifiedHealingEngine(options)`. */
export function createSelfHealingEngine(options: HealingOptions = {}): SimplifiedHealingEngine {
  return new SimplifiedHealingEngine(options);
}

/** Time between the two readings of the CPU, in milliseconds. */
const CPU_WINDOW_MS = 250;

/**
 * Runs one cycle on this host, and frees everything it opened. **It is a dry run unless `dryRun` is `false`.** It takes
 * 250 ms longer than a cycle, because CPU use needs two readings.
 */
export async function quickHeal(options: HealingOptions = {}): Promise<HealingResult[]> {
  const { dryRun = true } = expectObject('options', options) as HealingOptions;
  const engine = createSelfHealingEngine({ ...options, dryRun });
  try {
    return await firstCycle(engine, options.clock);
  } finally {
    await engine.close();
  }
}

/** Runs a first cycle in which CPU use is known. */
export async function firstCycle(
  engine: SimplifiedHealingEngine,
  clock: Clock = defaults.clock,
): Promise<HealingResult[]> {
  await engine.detector.inspect?.({ component: 'cpu' });
  await clock.sleep(CPU_WINDOW_MS);
  return engine.detectAndHeal();
}
