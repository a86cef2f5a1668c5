import type { CommandStep, Step } from './plan.js';

/** A step as one line: the command line, the file, or the function. */
export function stepText(step: Step): string {
  switch (step.kind) {
    case 'command':
      return [...assignments(step), ...step.argv.map(quoted)].join(' ');
    case 'write':
      return `write ${JSON.stringify(step.content)} to ${step.path}`;
    case 'call':
      return step.name;
    default:
      return step satisfies never;
  }
}

/** The variables of a command as one would write them before it, or give them to `env`. */
export const assignments = ({ env = {} }: CommandStep, quote = quoted): string[] =>
  Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`);

/** An argument as one could paste it into a shell. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
