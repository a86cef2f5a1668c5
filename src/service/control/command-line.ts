import { expectOneOf } from '../../base/expect.js';
import { parseArguments, usage } from './arguments.js';
import { COMMANDS, CONTROL_GROUP, CONTROL_SOCKET, type Command } from './protocol.js';

const PROGRAM = 'luminous-healing';

export const HELP = `Shows what self-healing sees on this host, and controls its daemon.

Usage: luminous-healing [COMMAND] [OPTIONS]

Without a daemon:
  look                      dry run on this host: readings, issues, planned repairs; changes nothing
  heal --once --dry-run     the same: one dry-run cycle in this process
  capabilities              which actions can be carried out on this host, and why not; asks the daemon if it runs

With the daemon (luminous-healing.service):
  status                    current state: issues, approval requests, recent repairs
  explain [COMPONENT]       why each open issue is as it is, and what happens next
  approve ID                approve a repair; it runs at once
  reject ID                 reject it
  pause REASON              pause repairs until resumed; monitoring continues
  resume [REASON]           remove a pause; the reason may be omitted if there is only one
  reset COMPONENT           clear its failures, backoff and circuit breaker
  heal --dry-run            one dry-run cycle with the daemon's configuration
  dashboard                 print the address of the dashboard, with its token

Without a command: \`status\` if the daemon is running, otherwise \`look\`.

Options:
  --services a,b   look, heal --once: also watch these units, and allow their repair
  --json           print JSON
  --socket PATH    socket of the daemon; default ${CONTROL_SOCKET}
  --version        print the version
  --help           print this help

Commands that use the daemon require root or membership in the group ${CONTROL_GROUP}.

Exit status: 0 success; 1 refused by the daemon, or the approved repair did not succeed; 2 usage error;
3 the daemon is not running; 4 permission denied; 5 no valid answer from the daemon.`;

/** Argument that each command requires: `none`, `optional`, or its description. */
const ARGUMENT: Readonly<Record<Command, string>> = {
  status: 'none',
  explain: 'optional',
  capabilities: 'none',
  approve: 'the ID of an approval request, as shown by `status`',
  reject: 'the ID of an approval request, as shown by `status`',
  pause: 'a reason',
  resume: 'optional',
  reset: 'a component, as shown by `status`',
  heal: 'none',
  dashboard: 'none',
};

export type Invocation =
  | { readonly kind: 'help' | 'version' }
  /** A dry run in this process. */
  | { readonly kind: 'look'; readonly services: string | undefined; readonly json: boolean }
  /** A command for the daemon; `orLook` where this process can answer if no daemon is running. */
  | {
      readonly kind: 'ask';
      readonly command: Command;
      readonly argument: string;
      readonly socket: string;
      readonly json: boolean;
      readonly orLook: boolean;
      readonly services: string | undefined;
    };

/** Parses the command line. Throws a usage error in one sentence. */
export function parseCommandLine(args: readonly string[]): Invocation {
  const { values, positionals } = parseArguments(
    PROGRAM,
    args,
    {
      json: { type: 'boolean', default: false },
      socket: { type: 'string', default: CONTROL_SOCKET },
      services: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      once: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
      version: { type: 'boolean', default: false },
    },
    { positionals: 'any' },
  );
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const [word, ...rest] = positionals;
  const argument = rest.join(' ');
  const { json, socket, services, once, 'dry-run': dryRun } = values;
  const command =
    word === undefined ? undefined : expectOneOf(PROGRAM, word, ['look', ...COMMANDS], 'command');
  const refuse = (problem: string): Error => usage(PROGRAM, problem);
  if (once && command !== 'heal') throw refuse('`--once` is an option of `heal` only');
  if (dryRun && command !== 'heal' && command !== 'look')
    throw refuse('`--dry-run` is an option of `heal` only');
  if (command === 'heal' && !dryRun)
    throw refuse('`heal` requires `--dry-run`: repairs are run by the daemon, not by this command');
  const local = command === 'look' || once;
  if (services !== undefined && !local && command !== undefined)
    throw refuse('`--services` is an option of `look` and `heal --once` only');
  if (services?.split(',').some((name) => name.trim() === ''))
    throw refuse(`Expected \`--services\` to be unit names separated by commas, got \`${services}\``);
  if (local) {
    if (argument !== '') throw refuse(`\`${command}\` takes no argument, got \`${argument}\``);
    return { kind: 'look', services, json };
  }
  if (command === undefined) {
    if (services !== undefined) return { kind: 'look', services, json };
    return { kind: 'ask', command: 'status', argument: '', socket, json, orLook: true, services };
  }
  const wants = ARGUMENT[command as Command];
  if (wants === 'none' && argument !== '')
    throw refuse(`\`${command}\` takes no argument, got \`${argument}\``);
  if (wants !== 'none' && wants !== 'optional' && argument === '')
    throw refuse(`\`${command}\` requires ${wants}`);
  const orLook = command === 'capabilities';
  return { kind: 'ask', command: command as Command, argument, socket, json, orLook, services };
}
