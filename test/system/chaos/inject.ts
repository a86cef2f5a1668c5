import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosHost } from './chaos-host.js';
import type { EngineService, Told } from './engine-service.js';
import type { Fault } from './faults.js';
import { mountSilent } from '../silent-mount.js';
import { DISK, HEALED, MAINTENANCE, type Healed } from './services.js';

/** Time span in which the engine must not start a unit. */
export interface Forbidden {
  readonly service: string;
  readonly why: 'stopped by a person' | 'masked' | 'given way';
  readonly from: number;
  readonly to: number;
}

/** Repair that was running when the engine was killed, by its state on disk. */
export interface Interrupted {
  readonly component: string;
  readonly at: number;
}

/** Record of an injected fault. */
export interface Injected {
  readonly fault: Fault;
  readonly at: number;
  /** Services that were running, and died. */
  readonly hit: readonly string[];
}

/** Damage that is not fixed yet. */
interface Damage {
  readonly until: number;
  readonly mend: () => Promise<void>;
}

/** Injects faults into a host, fixes lasting ones, and records all of it. */
export class Injector {
  readonly injected: Injected[] = [];
  readonly forbidden: Forbidden[] = [];
  readonly interrupted: Interrupted[] = [];
  /** Times at which the engine's state was lost. */
  readonly stateLost: number[] = [];
  /** Times at which the engine was killed during a repair. */
  killedInRepair = 0;
  /** Violations. */
  readonly problems: string[] = [];
  readonly #chaos: ChaosHost;
  readonly #engine: EngineService;
  readonly #state: string;
  #damages: Damage[] = [];
  #count = 0;

  constructor(chaos: ChaosHost, engine: EngineService, state: string) {
    this.#chaos = chaos;
    this.#engine = engine;
    this.#state = state;
  }

  /** Injects one fault, after fixing the damage that is due. */
  async inject(fault: Fault): Promise<void> {
    this.#count += 1;
    const due = this.#damages.filter(({ until }) => until < this.#count);
    this.#damages = this.#damages.filter(({ until }) => until >= this.#count);
    for (const { mend } of due) await mend();
    const at = Date.now();
    const hit = await this.#do(fault);
    this.injected.push({ fault, at, hit });
    await sleep(fault.pauseMs);
  }

  /** Fixes all remaining damage; what could not be started because of other damage comes last. */
  async mendAll(): Promise<void> {
    for (let round = 0; round < 10 && this.#damages.length > 0; round += 1) {
      const damages = this.#damages;
      this.#damages = [];
      for (const { mend } of damages) await mend();
    }
  }

  #lasting({ lasts }: Fault, mend: () => Promise<void>): void {
    this.#damages.push({ until: this.#count + lasts, mend });
  }

  async #do(fault: Fault): Promise<readonly string[]> {
    const { kind, target = '' } = fault;
    const chaos = this.#chaos;
    const quietly = (...argv: string[]) => chaos.quietly(...argv);
    switch (kind) {
      case 'kill':
      case 'terminate':
        return this.#kill(kind === 'kill' ? 'KILL' : 'TERM', [target]);
      case 'break': {
        const folder = `/etc/systemd/system/${target}.service.d`;
        const content = '[Service]\nExecStart=\nExecStart=/nonexistent\n';
        await chaos.host.writeFile(`${folder}/broken.conf`, content);
        await quietly('systemctl', 'daemon-reload');
        this.#lasting(fault, async () => {
          await quietly('rm', '-r', folder);
          await quietly('systemctl', 'daemon-reload');
          // Resets the component like the operator who fixed it, in case the engine no longer repairs it.
          await this.#engine.signal('USR2');
        });
        return this.#kill('KILL', [target]);
      }
      case 'stop':
        return this.#stop(fault, target);
      case 'mask':
        return this.#mask(fault, target);
      case 'flaky':
        await quietly('touch', '/run/chaos-flaky');
        this.#lasting(fault, async () => {
          await quietly('rm', '-f', '/run/chaos-flaky');
          await this.#engine.signal('USR2');
        });
        return this.#kill('KILL', [target]);
      case 'kill restarting':
        await chaos.signal('KILL', target);
        return [];
      case 'kill protected':
      case 'kill unlisted':
        await chaos.signal('KILL', target);
        this.#lasting(fault, () => chaos.start(target));
        return [];
      case 'kill all':
        return this.#kill('KILL', HEALED);
      case 'gives way':
        return this.#giveWay(fault, target);
      case 'read-only':
        // An open file keeps the file system writable.
        await quietly('mount', '-o', 'remount,ro', target);
        this.#lasting(fault, async () => void (await quietly('mount', '-o', 'remount,rw', target)));
        return [];
      case 'silent mount': {
        const silent = await mountSilent(chaos.host, 'fuse', target);
        this.#lasting(fault, async () => {
          await quietly('umount', '--lazy', target);
          silent.kill('SIGKILL');
        });
        return [];
      }
      case 'fill disk': {
        const file = `${DISK.cache}/${this.#count}`;
        // Filled completely.
        await quietly('dd', 'if=/dev/zero', `of=${file}`, 'bs=1M');
        return [];
      }
      case 'restart bus':
        await chaos.start('dbus', 'restart');
        return [];
      case 'kill engine':
      case 'damage state':
        return this.#killEngine(fault);
      case 'restart engine':
        await this.#engine.stop();
        await this.#engine.start();
        return [];
      default:
        return kind satisfies never;
    }
  }

  /** Kills services, and returns those that were running. */
  async #kill(signal: 'KILL' | 'TERM', services: readonly string[]): Promise<string[]> {
    const states = await this.#chaos.show('ActiveState', services);
    const running = services.filter((service) => states.get(service) === 'active');
    if (running.length > 0) await this.#chaos.signal(signal, ...running);
    return running;
  }

  async #stop(fault: Fault, service: string): Promise<readonly string[]> {
    if (!(await this.#atRest(service))) return [];
    await this.#chaos.quietly('systemctl', 'stop', service);
    const start = async (): Promise<void> => {
      await this.#chaos.start(service);
      // It counts as stopped by the operator until a manual start has succeeded.
      if (!(await this.#chaos.isActive(service))) this.#damages.push({ until: this.#count + 1, mend: start });
    };
    this.#forbid(fault, service, 'stopped by a person', start);
    return [];
  }

  async #mask(fault: Fault, service: string): Promise<readonly string[]> {
    if (!(await this.#atRest(service))) return [];
    await this.#chaos.quietly('systemctl', 'mask', '--runtime', service);
    await this.#chaos.signal('KILL', service);
    this.#forbid(fault, service, 'masked', async () => {
      await this.#chaos.quietly('systemctl', 'unmask', '--runtime', service);
    });
    return [];
  }

  async #giveWay(fault: Fault, service: string): Promise<readonly string[]> {
    if (!(await this.#atRest(service))) return [];
    await this.#chaos.start(MAINTENANCE.service);
    this.#forbid(fault, service, 'given way', async () => {
      await this.#chaos.quietly('systemctl', 'stop', MAINTENANCE.service);
      // It is started again after it was stopped for another unit.
      await this.#chaos.start(service);
    });
    return [];
  }

  #forbid(fault: Fault, service: string, why: Forbidden['why'], mend: () => Promise<void>): void {
    const from = Date.now();
    this.#lasting(fault, async () => {
      this.forbidden.push({ service, why, from, to: Date.now() });
      await mend();
    });
  }

  /** Waits until a service runs and the engine is not repairing it, so that later actions are not meant for it. */
  async #atRest(service: string): Promise<boolean> {
    const deadline = Date.now() + 3_000;
    do {
      if ((await this.#chaos.isActive(service)) && !openIssues(await this.#engine.told()).has(service))
        return true;
      await sleep(100);
    } while (Date.now() < deadline);
    return false;
  }

  /** Kills the engine during a repair, if there is one, and starts it again. */
  async #killEngine({ kind, chance }: Fault): Promise<readonly string[]> {
    const victim: Healed = chance < 0.5 ? 'chaos-slow' : 'chaos-database';
    const before = (await this.#engine.told()).length;
    const hit = await this.#kill('KILL', [victim]);
    const deadline = Date.now() + 1_500;
    let inRepair = false;
    while (!inRepair && Date.now() < deadline) {
      inRepair = (await this.#engine.told()).slice(before).findLast(isRepair)?.event === 'started';
      if (!inRepair) await sleep(10);
    }
    // Anywhere from the intent to the proof.
    await sleep(chance * 400);
    await this.#engine.kill();
    const state = await this.#readState();
    const stillOpen = (await this.#engine.told()).findLast(isRepair)?.event === 'started';
    if (stillOpen) this.killedInRepair += 1;
    if (kind === 'damage state') {
      this.stateLost.push(Date.now());
      await this.#damageState(chance, state.text);
    } else {
      for (const { component, at } of state.intents) this.interrupted.push({ component, at });
    }
    await this.#engine.start();
    return hit;
  }

  async #readState(): Promise<{ text: string; intents: readonly Interrupted[] }> {
    const text = await this.#chaos.quietly('cat', this.#state);
    if (text === '') return { text, intents: [] };
    try {
      return { text, intents: (JSON.parse(text) as { intents: Interrupted[] }).intents };
    } catch {
      this.problems.push(`After kill -9 the state on disk was no JSON: ${text.slice(0, 200)}`);
      return { text, intents: [] };
    }
  }

  async #damageState(chance: number, text: string): Promise<void> {
    const damaged = chance < 0.3 ? '' : chance < 0.7 ? text.slice(0, text.length / 2) : 'no state at all\n';
    await this.#chaos.host.writeFile(this.#state, damaged);
  }
}

const isRepair = ({ event }: Told): boolean => event === 'started' || event === 'done';

/** Returns components with an issue, or with a running repair, by the output of the running engine. */
export function openIssues(told: readonly Told[]): Set<string> {
  const begun = told.findLastIndex(({ event }) => event === 'begun');
  const open = new Set<string>();
  const repaired = new Set<string>();
  for (const { event, component = '' } of told.slice(Math.max(0, begun))) {
    if (event === 'opened') open.add(component);
    if (event === 'cleared' || event === 'gone') open.delete(component);
    if (event === 'started') repaired.add(component);
    if (event === 'done') repaired.delete(component);
  }
  return new Set([...open, ...repaired]);
}
