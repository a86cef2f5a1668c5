import type { HealingOptions } from '@luminous-nix/self-healing';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { nodeInside } from '../host/command.js';
import type { TestHost } from '../host/TestHost.js';

/** Output line of the program `chaos-engine.mjs`. */
export interface Told {
  /** Milliseconds since the epoch, by the clock that all programs inside share. */
  readonly at: number;
  readonly pid: number;
  readonly event: string;
  readonly component?: string;
  readonly components?: readonly string[];
  readonly action?: string;
  readonly scope?: string;
  readonly targets?: readonly string[];
  readonly outcome?: string;
  readonly why?: string;
  readonly blockedBy?: string;
  readonly description?: string;
  readonly severity?: number;
  readonly level?: string;
  readonly message?: string;
  readonly explained?: readonly string[];
  /** Components with an intent on disk. */
  readonly written?: readonly string[];
  readonly intents?: readonly string[];
  readonly fds?: number;
  readonly rss?: number;
  readonly resources?: readonly string[];
  readonly code?: number;
}

/** `systemctl` call of the engine. */
export interface Called {
  readonly at: number;
  readonly verb: string;
  readonly service: string;
}

/** Options of the program. */
export interface EngineSetup {
  /** Seconds between two cycles. */
  readonly interval: number;
  readonly options: HealingOptions & { readonly state: string };
  /** Folder that is emptied for an issue of a component (`disk:/srv/small`). */
  readonly clean?: Readonly<Record<string, string>>;
}

/**
 * Copy of the built package, made once for each host: it may be rebuilt while the engine is started a hundred times.
 */
const COPY = '/opt/chaos';

/** Engine that runs as a service of a test host. */
export class EngineService {
  readonly name: string;
  readonly #host: TestHost;
  readonly #folder: string;
  /** Log lines read so far. */
  readonly #told: Told[] = [];
  #bytes = 0;

  /** The service is called `chaos-engine-NAME`. */
  constructor(host: TestHost, name = 'one') {
    this.#host = host;
    this.name = `chaos-engine-${name}`;
    this.#folder = `/var/lib/${this.name}`;
  }

  /** Writes the options of the program; the service is not started. */
  async install(setup: EngineSetup): Promise<void> {
    const host = this.#host;
    const copied = `test -e ${COPY} || { mkdir -p ${COPY}/test/system && cp -r /repo/dist /repo/package.json ${COPY} &&
      cp -r /repo/test/system/programs ${COPY}/test/system && ln -s /repo/node_modules ${COPY}/node_modules; }`;
    await host.run(['sh', '-c', copied]);
    await host.writeFile(`${this.#folder}/setup.json`, JSON.stringify({ ...setup, events: this.#events }));
    // Records every call of systemctl by the engine before it is made.
    const calls = `${this.#folder}/systemctl.log`;
    const shim = `#!/bin/sh\necho "$(date +%s%N) $*" >> ${calls}\nexec /usr/bin/systemctl "$@"\n`;
    await host.writeFile(`${this.#folder}/bin/systemctl`, shim, 0o755);
    await host.writeFile(this.#events, '');
    await host.writeFile(calls, '');
    const unit = `[Unit]
StartLimitIntervalSec=0
[Service]
Type=exec
Environment=PATH=${this.#folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
ExecStart=${nodeInside} --trace-warnings ${COPY}/test/system/programs/chaos-engine.mjs ${this.#folder}/setup.json
# Whatever it leaves behind stays to be seen.
KillMode=process
StandardError=append:${this.#folder}/stderr.log
`;
    await host.writeFile(`/lib/systemd/system/${this.name}.service`, unit);
    await host.systemctl('daemon-reload');
  }

  /** Starts it, and waits until its first cycle has ended. */
  async start(): Promise<void> {
    const before = (await this.told()).length;
    await this.#host.systemctl('start', this.name);
    await this.#host.waitFor(`${this.name} to have looked once`, async () =>
      (await this.told()).slice(before).some(({ event }) => event === 'sample'),
    );
  }

  /** Kills it with SIGKILL. */
  async kill(): Promise<void> {
    await this.#host.run(['systemctl', 'kill', '--kill-whom=main', '--signal=KILL', this.name], {
      allowFailure: true,
    });
    await this.ended();
  }

  /** Sends SIGTERM: it closes its engine, and must end by itself. */
  async stop(): Promise<void> {
    await this.signal('TERM');
    await this.ended();
  }

  async signal(signal: string): Promise<void> {
    const argv = ['systemctl', 'kill', '--kill-whom=main', `--signal=${signal}`, this.name];
    await this.#host.run(argv, { allowFailure: true });
  }

  /** Waits until its process has ended. */
  ended(): Promise<void> {
    return this.#host.waitFor(`${this.name} to end`, async () => (await this.mainPid()) === 0, 30_000);
  }

  /** Returns the id of its process inside; 0 if it is not running. */
  async mainPid(): Promise<number> {
    return Number(await this.#host.systemctl('show', '--property=MainPID', '--value', this.name));
  }

  /** Returns the ids inside of the processes in its control group. */
  async processes(): Promise<string[]> {
    const group = await this.#host.systemctl('show', '--property=ControlGroup', '--value', this.name);
    if (group === '') return [];
    const find = `for root in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
      test -e $root${group}/cgroup.procs && { cat $root${group}/cgroup.procs; exit; }; done; exit 0`;
    return (await this.#host.run(['sh', '-c', find])).stdout.split('\n').filter(Boolean);
  }

  /** Returns every line that it and its predecessors under this name printed, oldest first. */
  async told(): Promise<readonly Told[]> {
    const added = await this.#read(this.#events, this.#bytes);
    // The last line may be incomplete.
    const whole = added.slice(0, added.lastIndexOf('\n') + 1);
    this.#bytes += Buffer.byteLength(whole);
    for (const line of whole.split('\n').filter(Boolean)) this.#told.push(JSON.parse(line) as Told);
    return this.#told;
  }

  /** Waits until the lines so far satisfy a condition. An error names the last ones. */
  async until(what: string, enough: (told: readonly Told[]) => boolean, timeoutMs?: number): Promise<void> {
    try {
      await this.#host.waitFor(what, async () => enough(await this.told()), timeoutMs);
    } catch (cause) {
      const last = this.#told.filter(({ event }) => event !== 'sample').slice(-8);
      throw new Error(`${what}: not among ${JSON.stringify(last)}`, { cause });
    }
  }

  /** Returns its calls of systemctl, without read-only ones. */
  async called(): Promise<Called[]> {
    const lines = (await this.#read(`${this.#folder}/systemctl.log`)).split('\n').filter(Boolean);
    return lines
      .map((line) => {
        const [at, ...argv] = line.split(' ');
        const [verb = '', ...units] = argv.filter((word) => !word.startsWith('-'));
        const service = (units[0] ?? '').replace(/\.service$/, '');
        return { at: Number(BigInt(at!) / 1_000n) / 1_000, verb, service };
      })
      .filter(({ verb }) => verb !== 'show' && !verb.startsWith('list-'));
  }

  /** Returns its standard error, which is normally empty. */
  stderr(): Promise<string> {
    return this.#read(`${this.#folder}/stderr.log`);
  }

  get #events(): string {
    return `${this.#folder}/events.jsonl`;
  }

  /** Reads from outside, because that needs no process. */
  async #read(path: string, from = 0): Promise<string> {
    try {
      return await text(createReadStream(join(this.#host.root, path), { start: from }));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    }
  }
}
