import { ANSWER_LIMIT, HELPER_VERSION } from '../../execute/helper-protocol.js';
import type { Execution } from '../../model/execution.js';

/** Number of characters kept of each step's output, at first. */
const OUTPUT = 8_192;

/** Formats an answer as one line within the limit. The output of steps is cut first, keeping its end. */
export function lineOf(execution: Execution): string {
  for (let keep = OUTPUT; keep >= 128; keep /= 4) {
    const steps = execution.steps.map(({ output, ...step }) =>
      output === undefined ? step : { ...step, output: output.slice(-keep) },
    );
    const line = toLine({ ...execution, steps });
    if (line !== undefined) return line;
  }
  const { action, outcome, dryRun, durationMs, steps } = execution;
  const error = `The outcome is \`${outcome}\`; the rest of the answer was too long to be given`;
  // A started step makes the client verify the result.
  const begun = steps.slice(0, 1).map(({ ok, durationMs }) => ({ step: action, ok, durationMs }));
  return toLine({ action, outcome: 'failed', success: false, dryRun, error, steps: begun, durationMs }) ?? '';
}

function toLine(execution: Execution): string | undefined {
  const line = `${JSON.stringify({ version: HELPER_VERSION, ...execution })}\n`;
  return Buffer.byteLength(line) <= ANSWER_LIMIT ? line : undefined;
}
