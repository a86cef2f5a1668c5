import type { CommandStep, Step } from './plan.js';

/** Returns a step as one line: its command line, file or function. */
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

/** Returns the variables of a command as shell assignments, or as arguments of `env`. */
export const assignments = ({ env = {} }: CommandStep, quote = quoted): string[] =>
  Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`);

/** Quotes an argument for a shell. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
