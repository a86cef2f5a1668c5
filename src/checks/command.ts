import type { Check } from '../detect/check.js';
import { expectArray, refusal } from '../base/expect.js';
import type { Verdict } from '../model/issue.js';
import { CONTENT_KEYS, expectContent, type ContentOptions } from './content.js';
import { CannotTell, judging, WrongAnswer } from './failure.js';
import { firstNumber, judgeLimits } from './limits.js';
import { expectOptions, makeCheck, ok, type CommonOptions, type RunContext } from './make.js';
import { bounds, listOf, path, record, secret, whole, type CheckRule, type Leaf } from './rules.js';
import { MAX_OUTPUT_BYTES, runCommand } from './run-command.js';
import { readSecret, type Secret } from './secret.js';

/** Options of {@link command}. */
export interface CommandOptions extends CommonOptions, ContentOptions {
  /** The program and its arguments, each on its own. There is no shell. */
  readonly argv: readonly string[];
  /** Directory that it runs in. Default: that of this program. */
  readonly cwd?: string;
  /** Environment variables that it has besides those of this program. */
  readonly env?: Readonly<Record<string, Secret>>;
  /** Exit code that is well, or a list of them. Default 0. 126 and 127 are always unknown. */
  readonly exitCode?: number | readonly number[];
  /** Bounds of a number: the first in its output. */
  readonly number?: { readonly min?: number; readonly max?: number };
}

const argv: Leaf = (name, value) => {
  const list = expectArray(name, value);
  for (const [index, one] of list.entries())
    if (typeof one !== 'string' || one.includes('\0') || (index === 0 && one === ''))
      throw refusal(`${name}[${index}]`, 'a string', one);
  if (list.length === 0) throw refusal(name, 'a program and its arguments', value);
};
const code = whole(0, 125);
const exitCode: Leaf = (name, value) => (Array.isArray(value) ? listOf(code) : code)(name, value);

export const COMMAND_RULE: CheckRule = {
  keys: { argv, cwd: path, env: record(secret), exitCode, number: bounds, ...CONTENT_KEYS },
  needs: ['argv'],
};

/**
 * Makes a check of a program's exit code and output. It runs as this program's own user, without a shell. A program that
 * cannot be started, exits with 126 or 127, takes too long or ends by a signal is unknown: that is no answer.
 *
 * @example
 * ```js
 * import { command } from '@luminous-nix/self-healing/checks';
 *
 * const raid = command({ argv: ['mdadm', '--detail', '--test', '/dev/md0'], every: 300 });
 * ```
 */
export function command(options: CommandOptions): Check {
  expectOptions('command', COMMAND_RULE, options);
  const what = `command:${options.argv[0]!.split('/').at(-1)!}`;
  return makeCheck(options, {
    ...{ name: what, type: 'service' },
    run: judging(what, (context) => judge(what, options, context)),
  });
}

async function judge(what: string, options: CommandOptions, context: RunContext): Promise<Verdict> {
  const { argv, cwd, exitCode: wanted = 0, number } = options;
  const env: Record<string, string | undefined> = { ...process.env };
  for (const [name, value] of Object.entries(options.env ?? {})) env[name] = await readSecret(value);
  const { code, output, errors, partial } = await runCommand({ ...context, argv, cwd, env });
  const allowed = typeof wanted === 'number' ? [wanted] : wanted;
  if (!allowed.includes(code)) {
    const complaint = (errors.trim() || output.trim()).split('\n', 1)[0]?.slice(0, 200) ?? '';
    throw new WrongAnswer(`exited with ${code}${complaint === '' ? '' : `: ${complaint}`}`, { value: code });
  }
  try {
    expectContent(output, options, 'its output');
  } catch (error) {
    throw partial && options.lacks === undefined
      ? new CannotTell(`it has more than ${MAX_OUTPUT_BYTES} bytes of output`)
      : error;
  }
  if (number === undefined) return ok(`${what} exited with ${code}`, { value: code });
  const first = firstNumber(output);
  if (first === undefined) throw new CannotTell('there is no number in its output');
  return judgeLimits([{ what: `number of ${what}`, value: first, ...number }], `${what} says ${first}`);
}
