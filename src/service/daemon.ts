import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { realClock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { loadConfig } from './config/load.js';
import { Daemon, EXIT } from './daemon/daemon.js';
import { journalLogger } from './daemon/journal.js';
import { systemdNotify, watchdogMs } from './daemon/notify.js';

const CONFIG = '/etc/luminous-healing/config.json';

const HELP = `Keeps this host healthy, by a configuration file, until it is told to stop (SIGTERM). systemd starts it.

  --config PATH   default ${CONFIG}; read again on SIGHUP
  --check         only look whether the configuration can be meant; exit status ${EXIT.config} when it cannot`;

/** The program behind luminous-healing.service. It alone handles signals: the library never does. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: 'string', default: CONFIG },
      check: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.check) {
    const loaded = await loadConfig(values.config);
    if ('config' in loaded) return 0;
    for (const mistake of loaded.mistakes) console.error(printable(mistake));
    return EXIT.config;
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

/** systemd may name several folders; the first is ours. */
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
