import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildImage } from './build.js';
import { nodeInside, runInside } from './command.js';
import { hostEnvironment } from './environment.js';
import { startKeeper } from './keeper.js';
import type { Keeper } from './keeper.js';
import { removeLeftovers } from './leftovers.js';
import { mountSmallFileSystem } from './smallFileSystem.js';
import type { Suite } from './recipe.js';
import type { RunOptions, TestHost } from './TestHost.js';
import { waitFor } from './waitFor.js';

/** Differences of a test host from the default. */
export interface BootOptions {
  /** Installed distribution. Default `bookworm`. */
  readonly suite?: Suite;
  /** Folders or files of the outside, not below `/run`, that are mounted inside: path inside by path outside. */
  readonly binds?: Readonly<Record<string, string>>;
  /** The same, read-only. */
  readonly readOnlyBinds?: Readonly<Record<string, string>>;
  /** Makes `/proc/sys` and `/sys` writable inside, which affects the kernel of this machine. Default false. */
  readonly apiVfsWritable?: boolean;
  /** Time for one boot, in milliseconds. Default 60 s. */
  readonly bootTimeoutMs?: number;
}

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** Boots a new test host and resolves when systemd reports `running`. Builds the image first if needed. */
export async function bootTestHost(options: BootOptions = {}): Promise<TestHost> {
  removeLeftovers();
  const image = await buildImage(options.suite);
  const { bootTimeoutMs = 60_000 } = options;
  const env = options.apiVfsWritable === true ? { SYSTEMD_NSPAWN_API_VFS_WRITABLE: '1' } : {};
  const keeper = startKeeper(image, nspawnOptions(options), { ...hostEnvironment(), ...env });
  try {
    await untilBooted(keeper, undefined, bootTimeoutMs);
    const host = hostOf(keeper, bootTimeoutMs);
    const failed = await host.systemctl('--failed', '--plain', '--no-legend');
    if (failed !== '') throw new Error(`Expected a new test host to be whole, but units failed:\n${failed}`);
    return host;
  } catch (error) {
    await keeper.end();
    throw error;
  }
}

function nspawnOptions({ binds = {}, readOnlyBinds = {} }: BootOptions): string[] {
  const readOnly = { [realpathSync(process.execPath)]: nodeInside, [repository]: '/repo', ...readOnlyBinds };
  return [
    // Without it, all hosts would share the ports of this machine.
    '--private-network',
    ...Object.entries(readOnly).map(([outside, inside]) => `--bind-ro=${outside}:${inside}`),
    ...Object.entries(binds).map(([outside, inside]) => `--bind=${outside}:${inside}`),
    // Environment of the systemd inside.
    '--',
    '--show-status=yes',
  ];
}

async function untilBooted(keeper: Keeper, previous: number | undefined, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let state = 'nothing runs yet';
  while (!/^(running|degraded)$/.test(state)) {
    if (keeper.ended || performance.now() > deadline) {
      const what = keeper.ended ? 'ended while it booted' : `did not boot within ${timeoutMs} ms`;
      throw new Error(`The test host ${what}: ${state}\n${keeper.console()}`);
    }
    const pid = keeper.container();
    if (pid === undefined || pid === previous) await sleep(20);
    else state = await systemState(pid, deadline - performance.now());
  }
}

async function systemState(pid: number, timeoutMs: number): Promise<string> {
  try {
    const argv = ['systemctl', 'is-system-running', '--wait'];
    const { stdout, stderr } = await runInside(pid, argv, { allowFailure: true, timeoutMs });
    // Prints nothing to standard output before the bus exists.
    return stdout.trim() || stderr.trim();
  } catch (error) {
    return String(error);
  }
}

function hostOf(keeper: Keeper, bootTimeoutMs: number): TestHost {
  const pid = () => {
    const found = keeper.container();
    if (found === undefined)
      throw new Error(`The test host is not running. Its console:\n${keeper.console()}`);
    return found;
  };
  const run = async (argv: readonly string[], options?: RunOptions) => runInside(pid(), argv, options);
  const systemctl = async (...args: readonly string[]) => (await run(['systemctl', ...args])).stdout.trim();
  const writeFile = async (path: string, content: string | Uint8Array, mode = 0o644) => {
    // From inside, because an absolute symbolic link in the path would lead out of the container.
    await run(['mkdir', '-p', dirname(path)]);
    await run(['tee', path], { input: content });
    await run(['chmod', mode.toString(8), path]);
  };
  return {
    name: keeper.name,
    get pid() {
      return pid();
    },
    get root() {
      return `/proc/${pid()}/root`;
    },
    get systemBusAddress() {
      return `unix:path=/proc/${pid()}/root/run/dbus/system_bus_socket`;
    },
    run,
    node: (args, options) => run([nodeInside, ...args], options),
    writeFile,
    readFile: async (path) => (await run(['cat', path])).stdout,
    writeUnit: async (name, content) => {
      await writeFile(`/etc/systemd/system/${name}`, content);
      await systemctl('daemon-reload');
    },
    systemctl,
    waitFor,
    mountSmallFileSystem: (path, sizeMiB, options) => mountSmallFileSystem(keeper, path, sizeMiB, options),
    reboot: async () => {
      const previous = pid();
      await systemctl('reboot', '--no-block');
      await untilBooted(keeper, previous, bootTimeoutMs);
    },
    console: keeper.console,
    close: keeper.end,
    [Symbol.asyncDispose]: keeper.end,
  };
}
