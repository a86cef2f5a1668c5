import { setTimeout as sleep } from 'node:timers/promises';
import type { TestHost } from '../host/TestHost.js';
import type { EngineService } from './engine-service.js';
import { openIssues } from './inject.js';
import { DISK, HEALED, LISTED, OF_THE_HOST, RESTARTING, UNIT_FILES, UNLISTED } from './services.js';

/** Record of what the fault injection, or the operator, did to units: a start in this time may be an effect of it. */
export interface Deed {
  readonly from: number;
  readonly to: number;
  readonly services: readonly string[];
}

/** Injects faults into a test host, and records what it started. */
export class ChaosHost {
  readonly host: TestHost;
  readonly deeds: Deed[] = [];

  constructor(host: TestHost) {
    this.host = host;
  }

  /** Creates the services and the small disk, and starts everything. */
  async prepare(): Promise<void> {
    for (const [name, content] of Object.entries(UNIT_FILES)) {
      // Not in /etc, where a unit file cannot be masked.
      await this.host.writeFile(`/lib/systemd/system/${name}`, content);
    }
    await this.host.systemctl('daemon-reload');
    const units = [...HEALED, RESTARTING, 'chaos-remote', ...UNLISTED];
    await this.host.systemctl('enable', '--quiet', '--now', ...units);
    await this.host.mountSmallFileSystem(DISK.path, 16);
    await this.host.run(['mkdir', '-p', DISK.cache]);
  }

  /** Runs a program inside that may fail, and returns its output. */
  async quietly(...argv: string[]): Promise<string> {
    return (await this.host.run(argv, { allowFailure: true })).stdout.trim();
  }

  /** Runs something that starts units, and records it. */
  async starting(services: readonly string[], act: () => Promise<unknown>): Promise<void> {
    const from = Date.now();
    await act();
    this.deeds.push({ from, to: Date.now(), services });
  }

  /** Starts a unit as an operator. */
  start(service: string, verb = 'start'): Promise<void> {
    return this.starting([service], () => this.quietly('systemctl', verb, service));
  }

  /** Sends a signal to the main processes of some services. */
  async signal(signal: 'KILL' | 'TERM', ...services: readonly string[]): Promise<void> {
    await this.quietly('systemctl', 'kill', '--kill-whom=main', `--signal=${signal}`, ...services);
  }

  /** Returns one property of some units, by service. */
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

  /** Identifies the runs of units that must not be affected by any fault. */
  runs(): Promise<Map<string, string>> {
    return this.show('InvocationID', ['chaos-bystander', 'systemd-journald']);
  }

  /** Usage of the small disk, in percent. */
  async fullness(): Promise<number> {
    return Number.parseInt((await this.quietly('df', '--output=pcent', DISK.path)).split('\n')[1] ?? '', 10);
  }

  /**
   * Waits until every listed service runs, the disk has space and the engine has no open issue. Resets what the engine
   * no longer repairs, like an operator; a crash loop is over after 60 s without a restart. Returns a sentence on what
   * was not healthy at the end.
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
