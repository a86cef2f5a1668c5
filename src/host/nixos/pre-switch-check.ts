import { messageOf } from '../../base/errors.js';
import { unknown, type Reading } from '../../model/reading.js';
import { runProgram } from '../systemd/run-program.js';

const TIMEOUT_MS = 120_000;
/** An answer holds for so long: a plan is made several times before it is carried out. */
const HOLDS_MS = 60_000;

/**
 * Asks a NixOS system whether it can be switched to without a reboot, as it would ask itself before the switch:
 * `switch-to-configuration check`, and `dry-activate` where that is not known yet. It takes root, and changes nothing.
 */
export function createPreSwitchCheck(): (
  system: string,
  signal?: AbortSignal,
) => Promise<Reading<string | null>> {
  let last:
    { readonly system: string; readonly at: number; readonly answer: Reading<string | null> } | undefined;
  return async (system, signal) => {
    if (process.getuid?.() !== 0) return unknown('only root can make it');
    if (last?.system === system && performance.now() - last.at < HOLDS_MS) return last.answer;
    const answer = await ask(system, signal);
    last = { system, at: performance.now(), answer };
    return answer;
  };
}

async function ask(system: string, signal: AbortSignal | undefined): Promise<Reading<string | null>> {
  const run = (verb: string) =>
    runProgram(`${system}/bin/switch-to-configuration`, [verb], { timeoutMs: TIMEOUT_MS, signal });
  try {
    const first = await run('check');
    const asked =
      first.exitStatus !== 0 && /^usage:/im.test(first.stderr) ? await run('dry-activate') : first;
    if (asked.exitStatus === 0) return null;
    const words = asked.stderr.trim().split('\n').slice(-3).join(' ').slice(0, 500);
    if (/lock/i.test(words)) return unknown(`it could not be made: ${words}`);
    return words === '' ? `it ended with ${asked.exitStatus}` : words;
  } catch (error) {
    return unknown(`it could not be made: ${messageOf(error)}`);
  }
}
