import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import { silentLogger, type Logger } from '../../base/logger.js';
import type { DaemonConfig } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { ControlServer } from '../control/server.js';
import type { Notify } from './notify.js';
import { engineOf, Running, type Surroundings } from './running.js';
import { statusLine } from '../text/status-line.js';
import { Watchdog } from './watchdog.js';

export interface DaemonParts extends Surroundings {
  readonly configPath: string;
  /** Path of the control socket; `undefined` for none. */
  readonly controlPath: string | undefined;
  readonly notify: Notify;
  /** Limit of systemd's watchdog, in milliseconds. */
  readonly watchdogMs: number | undefined;
  readonly clock: Clock;
}

/** Events after which the status is reported again. A listener for each cycle would cost more than the cycle. */
const CHANGES_STATUS = [
  ...(['issue:opened', 'issue:cleared', 'issue:gone', 'reading:lost', 'reading:back'] as const),
  ...(['heal:done', 'approval:asked', 'storm:began', 'storm:ended'] as const),
];
/** Interval at which the status is reported again if it changed without an event, in milliseconds. */
const STATUS_MS = 30_000;

/** Exit statuses of the daemon, besides 0. */
export const EXIT = {
  /** Something that it needs was unavailable. */
  failed: 1,
  /** The configuration is invalid: `EX_CONFIG` of sysexits(3). systemd does not restart it then. */
  config: 78,
} as const;

/** The service: runs an engine as the configuration file says, until it is stopped. */
export class Daemon {
  readonly #parts: DaemonParts;
  readonly #logger: Logger;
  readonly #watchdog: Watchdog | undefined;
  readonly #stop = new AbortController();
  #running: Running | undefined;
  #monitoring: Promise<void> = Promise.resolve();
  #reloading: Promise<void> = Promise.resolve();
  #told = '';
  /** Why the last reload was refused; part of the status until a reload succeeds. */
  #refusal: string | undefined;
  #ready = false;
  #broken: unknown;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    this.#logger = parts.logger;
    if (parts.watchdogMs !== undefined) {
      this.#watchdog = new Watchdog({
        clock: parts.clock,
        limitMs: parts.watchdogMs,
        lastCycle: () => this.#lastCycle(),
        intervalMs: () => (this.#running?.interval ?? 0) * 1_000,
        alive: () => parts.notify('WATCHDOG=1'),
      });
    }
  }

  /** Runs until the signal is aborted and everything has ended. Returns the exit status. Never rejects. */
  async run(signal: AbortSignal): Promise<number> {
    const { configPath, controlPath, notify } = this.#parts;
    const loaded = await loadConfig(configPath);
    if ('mistakes' in loaded) {
      for (const mistake of loaded.mistakes) this.#logger.error(mistake);
      await notify(`STATUS=${refused(loaded.mistakes)}`);
      return EXIT.config;
    }
    signal.addEventListener('abort', () => this.#stop.abort(), { once: true });
    if (signal.aborted) return 0;
    const over = new AbortController();
    const control = new ControlServer({
      engine: () => this.#running?.engine,
      dashboard: () => this.#running?.dashboardLink,
      // Its findings are the answer to the command; they do not belong into the journal.
      rehearsal: () =>
        engineOf(this.#running?.config ?? {}, this.#parts, { dryRun: true, logger: silentLogger }),
    });
    try {
      const first = new Running(loaded.config, this.#parts);
      if (controlPath !== undefined) await control.start(controlPath);
      this.#begin(first);
      void this.#watchdog?.keep(over.signal);
      void this.#keepStatus(over.signal);
      await aborted(this.#stop.signal);
    } catch (error) {
      this.#broken = error;
    }
    // A running repair may take long to end: until then, the watchdog has to be notified.
    await (this.#watchdog?.excused(() => this.#end(control)) ?? this.#end(control));
    over.abort();
    if (this.#broken === undefined) return 0;
    this.#logger.error(messageOf(this.#broken));
    return EXIT.failed;
  }

  async #end(control: ControlServer): Promise<void> {
    await this.#parts.notify('STOPPING=1', 'STATUS=Stopping: running repairs are being finished');
    await this.#reloading;
    await this.#running?.stop().catch((error: unknown) => (this.#broken ??= error));
    await this.#monitoring;
    await control.stop();
  }

  /** Reloads the configuration. An invalid one is logged and changes nothing. Never rejects. */
  reload(): Promise<void> {
    return (this.#reloading = this.#reloading.then(() => this.#reload()));
  }

  async #reload(): Promise<void> {
    const { configPath, notify } = this.#parts;
    const old = this.#running;
    if (old === undefined) return;
    await notify('RELOADING=1');
    const refuse = (mistakes: readonly string[]): void => {
      for (const mistake of mistakes) this.#logger.error(mistake);
      this.#logger.error(`${configPath} was refused: the previous configuration stays in effect`);
      this.#refusal = refused(mistakes);
    };
    this.#refusal = undefined;
    const loaded = await loadConfig(configPath);
    if ('mistakes' in loaded) refuse(loaded.mistakes);
    else if (isDeepStrictEqual(loaded.config, old.config)) {
      this.#logger.info(`${configPath} is unchanged`);
    } else {
      const next = this.#made(loaded.config);
      if (typeof next === 'string') refuse([next]);
      else await this.#replace(old, next);
    }
    await notify('READY=1');
    if (this.#running) await this.#tell(this.#running);
  }

  /** Returns the engine of a configuration, or why there is none. */
  #made(config: DaemonConfig): Running | string {
    try {
      return new Running(config, this.#parts);
    } catch (error) {
      return messageOf(error);
    }
  }

  async #replace(old: Running, next: Running): Promise<void> {
    // The old engine holds the lock on the state until its last repair has been recorded.
    const swap = async (): Promise<void> => {
      await old.stop();
      await this.#monitoring;
    };
    try {
      await (this.#watchdog?.excused(swap) ?? swap());
    } catch (error) {
      // Parts of it are closed: systemd restarts the service.
      this.#break(error);
      return;
    }
    this.#begin(next);
    this.#logger.info(`${this.#parts.configPath} was reloaded and is in effect`);
  }

  #begin(running: Running): void {
    this.#running = running;
    const tell = (): void => void this.#tell(running);
    for (const event of CHANGES_STATUS) running.engine.on(event, tell);
    this.#tellAfterCycle(running);
    running.engine.on('cycle:failed', () => {
      tell();
      this.#tellAfterCycle(running);
    });
    this.#monitoring = running.run().catch((error: unknown) => this.#break(error));
  }

  /** Reports the status after the next successful cycle. */
  #tellAfterCycle({ engine }: Running): void {
    const end = engine.on('cycle:done', () => {
      end();
      if (this.#running?.engine === engine) void this.#tell(this.#running);
    });
  }

  async #keepStatus(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#parts.clock.sleep(STATUS_MS, signal).catch(() => undefined);
      if (this.#ready && this.#running && !signal.aborted) await this.#tell(this.#running);
    }
  }

  #lastCycle(): number {
    const { lastLook, lastFailure } = this.#running?.engine.status() ?? {};
    return (
      this.#parts.clock.monotonic() - Math.min(lastLook?.agoMs ?? Infinity, lastFailure?.agoMs ?? Infinity)
    );
  }

  #break(error: unknown): void {
    this.#broken ??= error;
    this.#stop.abort();
  }

  /** Reports READY after the first cycle; later, only changes of the status. */
  async #tell(running: Running): Promise<void> {
    const line = [statusLine(running.engine.status()), this.#refusal].filter(Boolean).join('; ');
    if (this.#ready && line === this.#told) return;
    this.#told = line;
    const status = `STATUS=${line}`;
    if (this.#ready) return this.#parts.notify(status);
    this.#ready = true;
    return this.#parts.notify('READY=1', status);
  }
}

const refused = ([first = '', ...rest]: readonly string[]): string =>
  `Configuration refused: ${first}${rest.length === 0 ? '' : ` (and ${rest.length} more)`}`;

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
