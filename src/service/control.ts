#!/usr/bin/env node
import { isSelfHealingError, messageOf } from '../base/errors.js';
import { printable, printableJson } from '../base/printable.js';
import { ask, EXIT, NoAnswer } from './control/client.js';
import { HELP, parseCommandLine, type Invocation } from './control/command-line.js';
import { render, wentWell } from './control/render.js';
import { capabilitiesHere, lookAtThisHost, paintOf } from './look.js';
import { approveAsPerson, confirmOnTerminal } from './control/person-approval.js';
import type { EngineStatus } from '../report/status.js';
import { version } from '../../package.json';

/** Does what the command line asks for, and returns the exit status. */
async function main(args: readonly string[]): Promise<number> {
  let invocation: Invocation;
  try {
    invocation = parseCommandLine(args);
  } catch (error) {
    console.error(printable(messageOf(error)));
    return EXIT.usage;
  }
  switch (invocation.kind) {
    case 'help':
      console.log(HELP);
      return EXIT.ok;
    case 'version':
      console.log(version);
      return EXIT.ok;
    case 'look':
      console.log(await lookAtThisHost(invocation));
      return EXIT.ok;
    case 'ask':
      return askDaemon(invocation);
  }
}

/** Sends a command to the daemon, prints its answer, and returns the exit status. */
async function askDaemon(invocation: Extract<Invocation, { kind: 'ask' }>): Promise<number> {
  const { command, argument, socket, json, orLook } = invocation;
  let answer;
  try {
    if (command === 'approve') await approveFirst(argument, socket);
    answer = await ask(socket, {
      ...{ version: 1, command, uid: process.getuid?.() ?? 0 },
      ...(argument === '' ? {} : { argument }),
    });
  } catch (error) {
    if (!orLook || !(error instanceof NoAnswer) || error.exit !== EXIT.absent) throw error;
    const what = command === 'capabilities' ? 'what this process can do' : 'a look by this process';
    console.error(`The daemon is not running. This is ${what} (see \`luminous-healing --help\`).`);
    console.log(command === 'capabilities' ? await capabilitiesHere(json) : await lookAtThisHost(invocation));
    return EXIT.ok;
  }
  if (!answer.ok) {
    if (json) console.log(printableJson({ error: answer.error }, 2));
    else console.error(printable(answer.error));
    return EXIT.refused;
  }
  const data = answer.data as never;
  console.log(json ? printableJson(data, 2) : render(command, data, argument, paintOf(process.stdout)));
  return wentWell(command, data) ? EXIT.ok : EXIT.refused;
}

/** A plan that a person has to approve is approved at the root helper; the daemon then carries it out. */
async function approveFirst(id: string, socket: string): Promise<void> {
  const answer = await ask(socket, { version: 1, command: 'status', uid: process.getuid?.() ?? 0 });
  const { approvals = [] } = answer.ok ? (answer.data as Partial<EngineStatus>) : {};
  const waiting = approvals.find((one) => one.id === id);
  if (waiting?.plan?.approvedBy !== 'person') return;
  // Standard output is for the answer.
  const print = (line: string): void => console.error(line);
  await approveAsPerson({ ...waiting, plan: waiting.plan }, { print, confirm: confirmOnTerminal });
}

main(process.argv.slice(2))
  .catch((error: unknown) => {
    console.error(printable(messageOf(error)));
    if (isSelfHealingError(error) && error.code === 'invalid-argument') return EXIT.usage;
    return error instanceof NoAnswer ? error.exit : EXIT.broken;
  })
  .then(
    (status) => (process.exitCode = status),
    () => undefined,
  );
