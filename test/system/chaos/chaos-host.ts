import { setTimeout as sleep } from 'node:timers/promises';
import type { TestHost } from '../host/TestHost.js';
import type { EngineService } from './engine-service.js';
import { openIssues } from './inject.js';
import { DISK, HEALED, LISTED, OF_THE_HOST, RESTARTING, UNIT_FILES, UNLISTED } from './services.js';

/** One thing that chaos, or a person, did to units: what starts in this time may have been started by it. */
export interface Deed {
  readonly from: number;
  readonly to: number;
  readonly services: readonly string[];
}

/** The hands of chaos on a test host: it remembers what it started. */
export class ChaosHost {
  readonly host: TestHost;
  readonly deeds: Deed[] = [];

  constructor(host: TestHost) {
    this.host = host;
  }

  /** Makes the services and the small disk, and starts everything. */
  async prepare(): Promise<void> {
    for (const [name, content] of Object.entries(UNIT_FILES)) {
      // Not in /etc, where it could not be masked.
      await this.host.writeFile(`/lib/systemd/system/${name}`, content);
    }
    await this.host.systemctl('daemon-reload');
    const units = [...HEALED, RESTARTING, 'chaos-remote', ...UNLISTED];
    await this.host.systemctl('enable', '--quiet', '--now', ...units);
    await this.host.mountSmallFileSystem(DISK.path, 16);
    await this.host.run(['mkdir', '-p', DISK.cache]);
  }

  /** Runs a program inside that may well fail, and answers what it printed. */
  async quietly(...argv: string[]): Promise<string> {
    return (await this.host.run(argv, { allowFailure: true })).stdout.trim();
  }

  /** Does something that starts units, and remembers it. */
  async starting(services: readonly string[], act: () => Promise<unknown>): Promise<void> {
    const from = Date.now();
    await act();
    this.deeds.push({ from, to: Date.now(), services });
  }

  /** A person starts a unit. */
  start(service: string, verb = 'start'): Promise<void> {
    return this.starting([service], () => this.quietly('systemctl', verb, service));
  }

  /** Sends a signal to the main processes of some services. */
  async signal(signal: 'KILL' | 'TERM', ...services: readonly string[]): Promise<void> {
    await this.quietly('systemctl', 'kill', '--kill-whom=main', `--signal=${signal}`, ...services);
  }

  /** One property of some units, by service. */
  async show(property: string, services: readonly string[]): Promise<Map<string, string>> {
    const blocks = (await this.host.systemctl('show', `--property=Id,${property}`, ...services)).split(
      '\n\n',
    );
    const valueIn = (block = '') => new RegExp(`^${property}=(.*)$`, 'm').exec(block)?.[1] ?? '';
    return new Map(services.map((service, index) => [service, valueIn(blocks[index])]));
  }

  async isActive(service: string): Promise<boolean> {
    return (await this.show('ActiveState', [service])).get(service) === 'active';
  }

  /** Identifies the runs of units that nobody touches, chaos included. */
  runs(): Promise<Map<string, string>> {
    return this.show('InvocationID', ['chaos-bystander', 'systemd-journald']);
  }

  /** How full the small disk is, in percent. */
  async fullness(): Promise<number> {
    return Number.parseInt((await this.quietly('df', '--output=pcent', DISK.path)).split('\n')[1] ?? '', 10);
  }

  /**
   * Waits until everything that was listed runs, the disk has room and the engine knows of no issue. A person resets
   * what the engine has given up; a crash loop is over after 60 s without a restart. Answers what was not well in the end, as a sentence.
   */
  async untilWell(engine: EngineService, timeoutMs = 90_000): Promise<string | undefined> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const states = await this.show('ActiveState', LISTED);
      const down = [...states].filter(([, state]) => state !== 'active').map(([service]) => service);
      const told = await engine.told();
      // A unit that systemd restarted ten times within a day is reported for that day, at LOW, even if it is healthy.
      const isOften = (one: string): boolean =>
        (OF_THE_HOST as readonly string[]).includes(one) ||
        (one === RESTARTING &&
          told.findLast((line) => line.event === 'blocked' && line.component === one)?.blockedBy ===
            'monitor-only');
      const open = [...openIssues(told)].filter((one) => !isOften(one));
      const full = await this.fullness();
      if (down.length === 0 && open.length === 0 && full < 85) return undefined;
      if (Date.now() > deadline) {
        return `Not well ${timeoutMs} ms after everything was mended; down: ${down.join(', ')}; open: ${open.join(', ')}; disk: ${full} %`;
      }
      await engine.signal('USR2');
      await sleep(500);
    }
  }
}
