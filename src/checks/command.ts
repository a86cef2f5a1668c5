import type { Check } from '../detect/check.js';
import { expectArray, refusal } from '../base/expect.js';
import type { Verdict } from '../model/issue.js';
import { span } from '../base/format.js';
import { CONTENT_KEYS, expectContent, type ContentOptions } from './content.js';
import { CannotTell, verdictOfFailure, WrongAnswer } from './failure.js';
import { judgeLimits } from './limits.js';
import { expectOptions, makeCheck, ok, type CommonOptions, type RunContext } from './make.js';
import { bounds, path, record, secret, whole, type CheckRule, type Leaf } from './rules.js';
import { readSecret, type Secret } from './secret.js';

/** What {@link command} is given. */
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
const exitCode: Leaf = (name, value) => {
  const one = whole(0, 125);
  if (!Array.isArray(value)) return one(name, value);
  for (const [index, code] of value.entries()) one(`${name}[${index}]`, code);
};

/** Rule of the options of {@link command}. */
export const COMMAND_RULE: CheckRule = {
  keys: { argv, cwd: path, env: record(secret), exitCode, number: bounds, ...CONTENT_KEYS },
  needs: ['argv'],
};

const MAX_OUTPUT_BYTES = 1024 * 1024;

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
    run: async (context) =>
      judge(what, options, context).catch((error: unknown) => verdictOfFailure(what, error)),
  });
}

async function judge(what: string, options: CommandOptions, context: RunContext): Promise<Verdict> {
  const { exitCode: wanted = 0, number } = options;
  const { code, output, complaint } = await run(options, context);
  const allowed = typeof wanted === 'number' ? [wanted] : wanted;
  if (!allowed.includes(code))
    throw new WrongAnswer(`exited with ${code}${complaint === '' ? '' : `: ${complaint}`}`, { value: code });
  expectContent(output, options, 'its output');
  if (number === undefined) return ok(`${what} exited with ${code}`, { value: code });
  const [first] = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/.exec(output) ?? [];
  if (first === undefined) throw new CannotTell('there is no number in its output');
  return judgeLimits(
    [{ what: `number of ${what}`, value: Number(first), ...number }],
    `${what} says ${first}`,
  );
}

async function run(
  { argv: [file = '', ...args], cwd, env = {} }: CommandOptions,
  { signal, timeoutMs }: RunContext,
) {
  const { execFile } = await import('node:child_process');
  const own: [string, string][] = [];
  for (const [name, value] of Object.entries(env)) own.push([name, await readSecret(value)]);
  const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES } as const;
  return new Promise<{ code: number; output: string; complaint: string }>((resolve, reject) => {
    const settings = {
      env: { ...process.env, ...Object.fromEntries(own) },
      signal,
      ...(cwd === undefined ? {} : { cwd }),
    };
    const child = execFile(file, args, { ...settings, ...limits }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number' && code !== 126 && code !== 127) {
        const complaint = (stderr.trim() || stdout.trim()).split('\n', 1)[0]?.slice(0, 200) ?? '';
        return resolve({ code, output: stdout, complaint });
      }
      reject(new CannotTell(whyNot(file, timeoutMs, error!)));
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end();
  });
}

function whyNot(
  file: string,
  limitMs: number,
  error: import('node:child_process').ExecFileException,
): string {
  if (error.killed) return `${file} took longer than ${span(limitMs)}`;
  if (error.signal) return `${file} was ended by ${error.signal}`;
  if (typeof error.code === 'number') return `${file} exited with ${error.code}: it could not be run`;
  return `${file} cannot be run: ${String(error.code ?? error.message)}`;
}
