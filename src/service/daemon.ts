import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { realClock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { loadConfig } from './config/load.js';
import { Daemon, EXIT } from './daemon/daemon.js';
import { journalLogger } from './daemon/journal.js';
import { policyMistake } from './helper/check-policy.js';
import { version } from '../../package.json';
import { systemdNotify, watchdogMs } from './daemon/notify.js';

const CONFIG = '/etc/luminous-healing/config.json';

const POLICY = '/etc/luminous-healing/policy.json';

const HELP = `Monitors and repairs this host as its configuration file says, until SIGTERM. Started by systemd.

  --config PATH   default ${CONFIG}; read again on SIGHUP
  --policy PATH   policy of the root helper, for --check; default ${POLICY}
  --check         check the configuration, and the policy if there is one; exit status ${EXIT.config} if one is invalid
  --version       print the version
  --help          print this help`;

/** The program behind luminous-healing.service. It alone handles signals: the library never does. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: 'string', default: CONFIG },
      policy: { type: 'string', default: POLICY },
      check: { type: 'boolean' },
      version: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.version) {
    console.log(version);
    return 0;
  }
  if (values.check) {
    const loaded = await loadConfig(values.config);
    const mistake = policyMistake(values.policy);
    const mistakes = [
      ...('mistakes' in loaded ? loaded.mistakes : []),
      ...(mistake === undefined ? [] : [mistake]),
    ];
    for (const sentence of mistakes) console.error(printable(sentence));
    return mistakes.length === 0 ? 0 : EXIT.config;
  }
  const { env } = process;
  const logger = journalLogger((line) => console.log(line), env.JOURNAL_STREAM !== undefined);
  const runtimeFolder = firstOf(env.RUNTIME_DIRECTORY);
  const daemon = new Daemon({
    configPath: values.config,
    controlPath: runtimeFolder && join(runtimeFolder, 'control.sock'),
    stateFolder: firstOf(env.STATE_DIRECTORY),
    logger,
    notify: systemdNotify(env, logger),
    watchdogMs: watchdogMs(env),
    clock: realClock,
  });
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  process.on('SIGHUP', () => void daemon.reload());
  return daemon.run(stop.signal);
}

/** Returns the first of the folders that systemd names. */
const firstOf = (folders: string | undefined): string | undefined => folders?.split(':')[0];

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    console.error(printable(messageOf(error)));
    process.exitCode = EXIT.failed;
  },
);
