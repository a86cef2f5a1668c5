import type { Clock } from '../base/clock.js';
import { defaults } from './defaults.js';
import { expectObject } from '../base/expect.js';
import { SimplifiedHealingEngine } from './engine.js';
import type { HealingOptions } from './options.js';
import type { ComponentVerdict } from '../model/issue.js';
import type { HealingResult } from '../model/result.js';

/** Creates an engine. The same as `new SimplifiedHealingEngine(options)`. */
export function createSelfHealingEngine(options: HealingOptions = {}): SimplifiedHealingEngine {
  return new SimplifiedHealingEngine(options);
}

/** Milliseconds between two readings of the CPU: `long` unless use is far below the threshold, as a burst is no issue. */
const WINDOW_MS = { short: 100, long: 250 };

/**
 * Runs one cycle on this host, and frees everything it opened. **It is a dry run unless `dryRun` is `false`.** It takes
 * at least 100 ms, because CPU use needs two readings, and 250 ms where use is over half of its threshold.
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
  const look = async (component: string) => (await engine.detector.inspect?.({ component })) ?? [];
  // Absent in a detector of the host program.
  const enabled = engine.detector.enabledChecks as readonly string[] | undefined;
  if (enabled?.includes('cpu') === false) return engine.detectAndHeal();
  await look('cpu');
  const window = clock.sleep(WINDOW_MS.short);
  // Connects to systemd meanwhile.
  if (enabled?.some((check) => check === 'system' || check === 'services')) await look('system:state');
  await window;
  if (!(await look('cpu')).every(isFarBelow)) await clock.sleep(WINDOW_MS.long - WINDOW_MS.short);
  return engine.detectAndHeal();
}

const isFarBelow = ({ status, value = NaN, threshold = NaN }: ComponentVerdict): boolean =>
  status === 'ok' && value < threshold / 2;
