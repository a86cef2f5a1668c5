import { parseArgs, type ParseArgsConfig } from 'node:util';
import { invalid, SelfHealingError } from '../../base/errors.js';
import { nearest } from '../../base/expect.js';

type OptionTable = NonNullable<ParseArgsConfig['options']>;
interface Config<Options extends OptionTable> {
  readonly args: string[];
  readonly allowPositionals: true;
  readonly options: Options;
}

/** Parses a command line. Throws, in one sentence, when an option is unknown or lacks its value. */
export function parseArguments<const Options extends OptionTable>(
  program: string,
  args: readonly string[],
  options: Options,
  { positionals = 'none' }: { readonly positionals?: 'none' | 'any' } = {},
): ReturnType<typeof parseArgs<Config<Options>>> {
  // Without `strict` nothing throws, and each token can be judged below, in words of our own.
  const { tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional' && positionals === 'none')
      throw usage(program, `Unexpected argument \`${token.value}\``);
    if (token.kind !== 'option') continue;
    const option = options[token.name];
    if (option === undefined) {
      const meant = nearest(token.name, Object.keys(options));
      const hint = meant === undefined ? '' : `: did you mean \`--${meant}\`?`;
      throw usage(program, `Unknown option \`${token.rawName}\`${hint}`);
    }
    if (option.type === 'boolean' && token.value !== undefined)
      throw usage(program, `\`--${token.name}\` takes no value, got \`${token.value}\``);
    const { value = '' } = token;
    if (option.type === 'string' && (value === '' || (!token.inlineValue && value.startsWith('-'))))
      throw usage(program, `\`--${token.name}\` requires a value`);
  }
  return parseArgs<Config<Options>>({ args: [...args], options, allowPositionals: true });
}

/** Creates a usage error: the mistake, and a pointer to the help. */
export function usage(program: string, problem: string): SelfHealingError {
  const end = problem.endsWith('?') ? '' : '.';
  const help = program.startsWith('npm ') ? `${program} -- --help` : `${program} --help`;
  return invalid(`${problem}${end} Run \`${help}\` for usage.`);
}
