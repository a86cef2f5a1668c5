#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { messageOf } from '../errors.js';
import { expectOneOf } from '../expect.js';
import { coloured, uncoloured } from '../report/paint.js';
import { ask, EXIT, NoAnswer } from './control/client.js';
import { COMMANDS, CONTROL_GROUP, CONTROL_SOCKET, type Command } from './control/protocol.js';
import { render, wentWell } from './control/render.js';

const HELP = `Speaks with the self-healing daemon of this host.

  luminous-healing status               how it stands: issues, questions, what was done
  luminous-healing explain [COMPONENT]  why things are as they are, and what comes next
  luminous-healing approve ID           say yes to what is waiting; it is carried out at once
  luminous-healing reject ID            say no to it
  luminous-healing pause REASON         act on nothing until it is resumed; looking goes on
  luminous-healing resume [REASON]      take a reason back; the only one need not be said
  luminous-healing reset COMPONENT      forget what went wrong with it: you have seen to it
  luminous-healing heal --dry-run       one cycle that shows what would be done, and changes nothing

  --json          for a program
  --socket PATH   where the daemon listens; default ${CONTROL_SOCKET}
  --help

Be root, or a member of the group ${CONTROL_GROUP}.

Exit status: 0 done; 1 refused by the daemon, or what was approved did not end well; 2 the command line cannot be
meant; 3 the daemon is not running; 4 not permitted; 5 no answer that can be read.`;

/** Which commands need an argument, and which may have one. */
const ARGUMENT: Readonly<Record<Command, 'needed' | 'possible' | 'none'>> = {
  status: 'none',
  explain: 'possible',
  approve: 'needed',
  reject: 'needed',
  pause: 'needed',
  resume: 'possible',
  reset: 'needed',
  heal: 'none',
};

interface Wish {
  readonly command: Command;
  readonly argument: string;
  readonly socket: string;
  readonly json: boolean;
}

/** What the command line says; a sentence when it is only to be printed. Throws when it cannot be meant. */
function wishOf(args: readonly string[]): Wish | string {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      socket: { type: 'string', default: CONTROL_SOCKET },
      'dry-run': { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  const [word, ...rest] = positionals;
  if (values.help || word === undefined) return HELP;
  const command = expectOneOf('luminous-healing', word, COMMANDS, 'command') as Command;
  const argument = rest.join(' ');
  const wants = ARGUMENT[command];
  if (wants === 'needed' && argument === '')
    throw new Error(`\`${command}\` needs one word more: see --help`);
  if (wants === 'none' && argument !== '') throw new Error(`\`${command}\` takes no argument`);
  if (values['dry-run'] !== (command === 'heal')) {
    throw new Error(
      command === 'heal'
        ? 'The daemon heals by itself: `heal` is there only with `--dry-run`'
        : `\`${command}\` has no dry run`,
    );
  }
  return { command, argument, socket: values.socket, json: values.json };
}

/** Asks the daemon, prints what it says, and gives the exit status. */
async function main(args: readonly string[]): Promise<number> {
  let wish: Wish | string;
  try {
    wish = wishOf(args);
  } catch (error) {
    console.error(messageOf(error));
    return EXIT.usage;
  }
  if (typeof wish === 'string') {
    console.log(wish);
    return EXIT.ok;
  }
  const { command, argument, socket, json } = wish;
  const answer = await ask(socket, { version: 1, command, ...(argument === '' ? {} : { argument }) });
  if (!answer.ok) {
    if (json) console.log(JSON.stringify({ error: answer.error }, undefined, 2));
    else console.error(answer.error);
    return EXIT.refused;
  }
  const paint = process.stdout.isTTY && !process.env.NO_COLOR ? coloured : uncoloured;
  const data = answer.data as never;
  console.log(json ? JSON.stringify(data, undefined, 2) : render(command, data, argument, paint));
  return wentWell(command, data) ? EXIT.ok : EXIT.refused;
}

main(process.argv.slice(2))
  .catch((error: unknown) => {
    console.error(messageOf(error));
    return error instanceof NoAnswer ? error.exit : EXIT.broken;
  })
  .then(
    (status) => (process.exitCode = status),
    () => undefined,
  );
