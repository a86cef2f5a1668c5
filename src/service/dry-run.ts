import { messageOf } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { parseArguments } from './control/arguments.js';
import { lookAtThisHost } from './look.js';

const HELP = `Runs one dry run of the self-healing engine on this host: shows what it read, which issues it found, which
repairs it would run, and why others are blocked. It changes nothing.

  npm start                             print a report
  npm start -- --json                   print JSON
  npm start -- --services nginx,redis   also watch these units, and allow their repair`;

/** The program behind `npm start`. */
async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArguments('npm start', args, {
    json: { type: 'boolean', default: false },
    services: { type: 'string' },
    help: { type: 'boolean' },
  });
  console.log(values.help ? HELP : await lookAtThisHost({ services: values.services, json: values.json }));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(printable(messageOf(error)));
  process.exitCode = 2;
});
