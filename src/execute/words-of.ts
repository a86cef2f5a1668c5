import type { Step } from '../plan.js';

/** A step as one line: the command line, the file, or the function. */
export function wordsOf(step: Step): string {
  switch (step.kind) {
    case 'command':
      return step.argv.map(quoted).join(' ');
    case 'write':
      return `write ${JSON.stringify(step.content)} to ${step.path}`;
    case 'call':
      return step.name;
    default:
      return step satisfies never;
  }
}

/** An argument as one could paste it into a shell. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
