import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DaemonConfig } from '../../src/service/config/config.js';
import { nodeInside } from './host/command.js';
import type { RunOptions, RunResult } from './host/TestHost.js';
import type { Lab } from './lab.js';

const UNITS = join(import.meta.dirname, '../../nix/systemd');
const DAEMON = 'luminous-healing.service';
const SOCKETS = ['luminous-healing-helper.socket', 'luminous-healing-approve.socket'];
const INSTANCES = ['luminous-healing-helper@.service', 'luminous-healing-approve@.service'];
const POLICY = '/etc/luminous-healing/policy.json';
const CONFIG = '/etc/luminous-healing/config.json';

/** The package as installed by docs/systemd.md: units, users, configuration. */
export class Installation {
  readonly #lab: Lab;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Returns a plain unit file with its paths filled in. */
  static unit(name: string): string {
    const text = readFileSync(join(UNITS, name), 'utf8');
    return text.replaceAll('@node@', nodeInside).replaceAll('@package@', '/repo');
  }

  /** Creates the users and installs the units; with a policy, the root helper listens. The daemon is not started. */
  async install(policy?: object): Promise<void> {
    const { host } = this.#lab;
    const users = readFileSync(join(UNITS, 'luminous-healing.sysusers.conf'), 'utf8');
    await host.writeFile('/etc/sysusers.d/luminous-healing.conf', users);
    await host.run(['systemd-sysusers']);
    for (const unit of [DAEMON, ...SOCKETS, ...INSTANCES])
      await host.writeFile(`/etc/systemd/system/${unit}`, Installation.unit(unit));
    await host.systemctl('daemon-reload');
    if (policy === undefined) return void (await host.systemctl('mask', '--quiet', '--runtime', ...SOCKETS));
    await host.writeFile(POLICY, JSON.stringify({ version: 1, ...policy }));
    await host.systemctl('start', ...SOCKETS);
  }

  /** Writes the configuration: an object, or a text unchanged. */
  async configure(config: DaemonConfig | string): Promise<void> {
    const text = typeof config === 'string' ? config : JSON.stringify(config, undefined, 2);
    await this.#lab.host.writeFile(CONFIG, text);
  }

  /** Configures and starts the daemon; resolves when systemd reports that it is ready. */
  async start(config: DaemonConfig | string): Promise<void> {
    await this.configure(config);
    await this.#lab.host.systemctl('start', DAEMON);
  }

  /** Stops the daemon, and removes its state. */
  async reset(): Promise<void> {
    const { host } = this.#lab;
    await host.systemctl('stop', DAEMON);
    await host.run(['systemctl', 'reset-failed', DAEMON], { allowFailure: true });
    await host.run(['rm', '-rf', '/var/lib/luminous-healing/state.json', `/etc/systemd/system/${DAEMON}.d`]);
    await host.systemctl('daemon-reload');
  }

  /** Adds lines to the unit. */
  async dropIn(lines: string): Promise<void> {
    await this.#lab.host.writeUnit(`${DAEMON}.d/test.conf`, lines);
  }

  /** Returns one property of the unit. */
  show(property: string): Promise<string> {
    return this.#lab.show(property, DAEMON);
  }

  /** Returns its journal since the last start, at a priority or a more urgent one. */
  async journal(priority = 'debug'): Promise<string[]> {
    const run = await this.show('InvocationID');
    const { stdout } = await this.#lab.host.run([
      'journalctl',
      '--output=cat',
      `--priority=${priority}`,
      `_SYSTEMD_INVOCATION_ID=${run}`,
    ]);
    return stdout.split('\n').filter((line) => line !== '');
  }

  /** Runs the control command. */
  control(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return this.#lab.host.node(['/repo/dist/service/control.js', ...args], {
      allowFailure: true,
      ...options,
    });
  }

  /** Runs the control command, and returns its answer as data. */
  async ask<Data>(...args: readonly string[]): Promise<Data> {
    const { stdout, stderr } = await this.control([...args, '--json']);
    try {
      return JSON.parse(stdout) as Data;
    } catch {
      throw new Error(`Expected an answer, got ${stdout}${stderr}`);
    }
  }
}
