import type { Block } from '../model/plan.js';
import type { StepReport } from '../model/execution.js';

/**
 * How far a failed `switch-to-configuration` came. It runs the checks, then installs the boot loader, then activates.
 * `activated` if it began to activate, or if it is not known.
 */
export type SwitchEnd = 'refused' | 'busy' | 'boot-loader' | 'not-begun' | 'activated';

/** Sentences of the program itself, in its Rust and its Perl version. Any other line may come from a user's script. */
const REFUSED = /^Pre-switch checks failed\b/m;
const NAMED = /^Pre-switch check '(.+)' failed$/m;
const BOOT_LOADER = /^Failed to install bootloader\b/m;
const BUSY = /^Could not acquire lock\b/m;
const ACTIVATES = /^(?:stopping the following units:|activating the configuration\.\.\.|setting up \/etc)/m;
/** Exit status of every failure before the activation; later failures have others. */
const EARLY_EXIT = /` exited with 1(?::|$)/;

/** Lines of `systemd-run` itself. */
const OF_SYSTEMD =
  /^(?:Running as unit|Finished with result|Main processes terminated|Service runtime|CPU time)/;

const REASON_LINES = 10;
const REASON_CHARACTERS = 600;

const REFUSES = 'its own check refuses a switch: ';

/** Returns why the checks of a system refused a switch; `undefined` if none did. */
export const refusalIn = (steps: readonly StepReport[]): string | undefined =>
  steps.find(({ block }) => block?.sentence.startsWith(REFUSES))?.block?.sentence.slice(REFUSES.length);

/** Returns the gate that stopped a switch before it changed anything; `undefined` for other failures. */
export function gateOf(report: StepReport): Block | undefined {
  switch (endOfSwitch(report)) {
    case 'refused':
      return { reason: 'needs-approval', sentence: `${REFUSES}${reasonOfRefusal(report.output ?? '')}` };
    case 'busy': {
      const sentence = 'Another switch of the system is under way: this one could not acquire its lock';
      return { reason: 'in-transition', sentence };
    }
    default:
      return undefined;
  }
}

/** Returns how far a switch came, from its output and exit status. Pure. */
export function endOfSwitch({ output = '', error = '' }: Pick<StepReport, 'output' | 'error'>): SwitchEnd {
  if (ACTIVATES.test(output)) return 'activated';
  if (REFUSED.test(output)) return 'refused';
  if (BOOT_LOADER.test(output)) return 'boot-loader';
  if (BUSY.test(output)) return 'busy';
  return EARLY_EXIT.test(error) ? 'not-begun' : 'activated';
}

/** Returns the name and output of the failed check, as one line. Pure. */
function reasonOfRefusal(output: string): string {
  const lines = output
    .slice(0, REFUSED.exec(output)?.index)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !OF_SYSTEMD.test(line) && !NAMED.test(line));
  const name = NAMED.exec(output)?.[1];
  const words = lines.slice(-REASON_LINES).join(' ').slice(0, REASON_CHARACTERS);
  return [name === undefined ? '' : `\`${name}\``, words].filter(Boolean).join(': ');
}
