import { parseArgs } from 'node:util';
import { messageOf } from '../base/errors.js';
import { localHost } from '../host/local-host.js';
import { printable } from '../base/printable.js';
import { version } from '../../package.json';
import { serve } from './helper/serve.js';

const HELP = `The root helper of Luminous Healing. systemd starts it for one connection to /run/luminous-healing.sock; it reads one
line of JSON, plans or carries out one action if its policy allows that, answers one line, and ends.

  helper.js [--policy FILE] [--approve] INSTANCE

  --approve       the client is a person, at /run/luminous-healing-approve.sock: plan one action, or record that this
                  person approves its plan
  --policy FILE   allowed actions and limits; default /etc/luminous-healing/policy.json
  --version       print the version
  INSTANCE        %i of the unit: it ends in the id of the user who connected

Repairs are recorded in STATE_DIRECTORY, or /var/lib/luminous-healing-helper.`;

/** The program that systemd starts as root for one request. It exits 0 also when it refuses. */
async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      policy: { type: 'string', default: '/etc/luminous-healing/policy.json' },
      approve: { type: 'boolean', default: false },
      help: { type: 'boolean' },
      version: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  if (values.version) {
    console.log(version);
    return;
  }
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const host = localHost();
  try {
    await serve({
      input: process.stdin,
      output: process.stdout,
      instance: positionals[0],
      asks: values.approve ? 'person' : 'engine',
      policyFile: values.policy,
      stateFolder: process.env.STATE_DIRECTORY ?? '/var/lib/luminous-healing-helper',
      host,
      log: (priority, line) => console.error(`<${priority}>${line}`),
      signal: stop.signal,
    });
  } finally {
    await host.close?.();
    // The client may keep its side open forever.
    process.stdin.destroy();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`<3>${printable(messageOf(error))}`);
  process.exitCode = 1;
});
