import { createSelfHealingEngine, firstCycle } from '../engine/create.js';
import type { SimplifiedHealingEngine } from '../engine/engine.js';
import type { CycleReport } from '../report/events.js';
import { getPermissionStatus } from '../execute/permission-handler.js';
import type { PermissionStatus } from '../execute/permission-status.js';
import type { HealingOptions } from '../engine/options.js';
import { printableData, printableJson } from '../base/printable.js';
import { capabilityLines } from './text/capability-lines.js';
import { coloured, uncoloured, type Paint } from './text/paint.js';
import { renderReport } from './text/cycle-text.js';

/** Result of one dry run, and what this process may do. */
export type Look = CycleReport & { readonly permissions: PermissionStatus };

/** Runs one cycle of an engine that changes nothing, and closes the engine. */
export async function lookWith(engine: SimplifiedHealingEngine): Promise<Look> {
  try {
    let report: CycleReport | undefined;
    engine.on('cycle:done', (cycle) => (report = cycle));
    await firstCycle(engine);
    if (report === undefined) throw new Error('The cycle ended without a report');
    return { ...report, permissions: await getPermissionStatus() };
  } finally {
    await engine.close();
  }
}

/** Returns the output of `look`: text, or JSON. */
export async function lookAtThisHost(
  { services, json }: { readonly services: string | undefined; readonly json: boolean },
  options: HealingOptions = {},
): Promise<string> {
  const names = services?.split(',').map((name) => name.trim());
  const engine = createSelfHealingEngine({
    ...options,
    dryRun: true,
    ...(names === undefined ? {} : { services: names }),
  });
  const { permissions, ...report } = await lookWith(engine);
  return json
    ? printableJson({ ...report, permissions }, 2)
    : renderReport(report, permissions, paintOf(process.stdout));
}

/** Returns the output of `capabilities` without a daemon: by the permissions of this process. */
export async function capabilitiesHere(json: boolean): Promise<string> {
  const engine = createSelfHealingEngine({ dryRun: true });
  try {
    const capabilities = await engine.capabilities();
    return json
      ? printableJson(capabilities, 2)
      : capabilityLines(printableData(capabilities), paintOf(process.stdout)).join('\n');
  } finally {
    await engine.close();
  }
}

/** Colours for a terminal, none for a file, a pipe or where `NO_COLOR` is set. */
export const paintOf = ({ isTTY }: { readonly isTTY?: boolean }): Paint =>
  isTTY && !process.env.NO_COLOR ? coloured : uncoloured;
