import type { ControlsReading } from '../model/controls-reading.js';
import { unknown, type Reading } from '../model/reading.js';
import type { PlanContext } from './define.js';

/** Reads the interfaces through which built-in actions act; unknown for a host that does not report them. */
export async function controlsOf({ read }: Pick<PlanContext, 'read'>): Promise<Reading<ControlsReading>> {
  const { controls = unknown('this host does not report it') } = await read({ parts: [], controls: true });
  return controls;
}
