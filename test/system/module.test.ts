import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { thresholdValues } from '../../src/detect/thresholds.js';
import type { DaemonConfig } from '../../src/service/config/config.js';
import { parseConfig } from '../../src/service/config/load.js';
import { parsePolicy } from '../../src/service/helper/policy.js';
import { allBlocks } from '../docs/blocks.js';
import { nodeInside } from './host/command.js';
import { Installation } from './installation.js';
import { describeOnHost } from './lab.js';

/** Default thresholds, without the one that depends on the host. */
const { loadAverage: _ofHost, ...DEFAULTS } = thresholdValues();

type Values = Readonly<Record<string, string | readonly string[]>>;

/** Service or socket, as a NixOS module defines it. */
interface Unit {
  readonly description: string;
  readonly after: readonly string[];
  readonly wants: readonly string[];
  readonly wantedBy: readonly string[];
  readonly path?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly unitConfig: Values;
  readonly serviceConfig?: Values;
  readonly socketConfig?: Values;
}

interface Evaluated {
  readonly options: readonly { readonly name: string; readonly description: string; readonly type: string }[];
  readonly config: {
    readonly warnings: readonly string[];
    readonly nix: { readonly settings?: Readonly<Record<string, readonly string[]>> };
    readonly assertions: readonly { readonly assertion: boolean; readonly message: string }[];
    readonly environment: {
      readonly etc: {
        readonly 'luminous-healing/config.json': {
          readonly source: { readonly json: string; readonly script: string };
        };
        readonly 'luminous-healing/policy.json': { readonly text: string };
      };
    };
    readonly networking: { readonly firewall: { readonly allowedTCPPorts?: readonly number[] } };
    readonly systemd: {
      readonly services: Readonly<Record<string, Unit>>;
      readonly sockets: Readonly<Record<string, Unit>>;
    };
  };
}

/** Returns the text of a unit, as NixOS writes it. */
function textOf(unit: Unit): string {
  const lines = (values: Values): string[] =>
    Object.entries(values).flatMap(([key, value]) => [value].flat().map((one) => `${key}=${one}`));
  const folders = unit.path?.flatMap((folder) => [`${folder}/bin`, `${folder}/sbin`]);
  const environment = { ...(folders && { PATH: folders.join(':') }), ...unit.environment };
  return [
    '[Unit]',
    `Description=${unit.description}`,
    ...(unit.after.length > 0 ? [`After=${unit.after.join(' ')}`] : []),
    ...(unit.wants.length > 0 ? [`Wants=${unit.wants.join(' ')}`] : []),
    ...lines(unit.unitConfig),
    ...(unit.serviceConfig ? ['[Service]'] : []),
    ...Object.entries(environment).map(([name, value]) => `Environment="${name}=${value}"`),
    ...lines(unit.serviceConfig ?? {}),
    ...(unit.socketConfig ? ['[Socket]', ...lines(unit.socketConfig)] : []),
    '',
  ].join('\n');
}

const UNITS = '../../nix/systemd';

/** Returns the settings of one section of a plain unit file. */
function plain(file: string, section: string): Record<string, string[]> {
  const text = readFileSync(new URL(`${UNITS}/${file}`, import.meta.url), 'utf8');
  const [, body = ''] = new RegExp(`^\\[${section}\\]\\n([^]*?)(?=^\\[|$(?![^]))`, 'm').exec(text) ?? [];
  const settings: Record<string, string[]> = {};
  for (const [, key = '', value = ''] of body.matchAll(/^([A-Za-z-]+)=(.*)$/gm))
    (settings[key] ??= []).push(value);
  return settings;
}

describeOnHost('the NixOS module, evaluated by Nix,', (lab) => {
  const nix = async (file: string, ...args: string[]): Promise<unknown> => {
    const argv = [
      'nix-instantiate',
      '--eval',
      '--strict',
      '--json',
      `/repo/test/system/nix/${file}`,
      ...args,
    ];
    return JSON.parse((await lab.host.run(argv)).stdout);
  };
  /** Adds the one line that every configuration needs; `host` is the rest of it. */
  const evaluate = async (options: object, host: object = {}): Promise<Evaluated> => {
    const given = { enable: true, npmRegistry: 'https://npm.example.org', ...options };
    const args = ['--argstr', 'options', JSON.stringify(given), '--argstr', 'host', JSON.stringify(host)];
    return (await nix('evaluate.nix', ...args)) as Evaluated;
  };
  const failedIn = ({ config }: Evaluated): string[] =>
    config.assertions.filter(({ assertion }) => !assertion).map(({ message }) => message);
  const configOf = ({ config }: Evaluated) => config.environment.etc['luminous-healing/config.json'].source;
  const policyOf = ({ config }: Evaluated) =>
    JSON.parse(config.environment.etc['luminous-healing/policy.json'].text) as Record<string, unknown>;

  test('describes every option, with a type', async () => {
    const { options } = await evaluate({});
    console.log(options.map(({ name, type }) => `${name}: ${type}`).join('\n'));
    expect(options.length).toBeGreaterThan(20);
    for (const { name, description, type } of options) {
      expect(description, name).toMatch(/^[A-Z`].{15,}[.)]\s*$/s);
      expect(type, name).not.toBe('');
    }
  });

  test('writes by default a configuration that the daemon accepts, and opens no port', async () => {
    const evaluated = await evaluate({});
    expect(await parseConfig(configOf(evaluated).json, 'config.json')).toMatchObject({
      config: {
        interval: 60,
        dryRun: false,
        thresholds: DEFAULTS,
        metrics: { host: '127.0.0.1', port: 9090 },
        dashboard: {
          ...{ host: '127.0.0.1', port: 8080, controls: false },
          tokenFile: '/var/lib/luminous-healing/dashboard-token',
        },
      } satisfies DaemonConfig,
    });
    expect(evaluated.config.networking.firewall).toEqual({});
    expect(failedIn(evaluated)).toEqual([]);
    expect(evaluated.config.systemd.services['luminous-healing']?.serviceConfig).not.toHaveProperty(
      'LoadCredential',
    );
    expect(policyOf(evaluated)).toMatchObject({ version: 1, services: 'failed', allowApprovals: false });
    expect(() => parsePolicy(policyOf(evaluated))).not.toThrow();
    expect(policyOf(evaluated).actions).not.toContain('rebuild_system');
  });

  test('accepts the lines of the README as printed', async () => {
    const [block] = allBlocks().filter(
      ({ at, language }) => at.startsWith('README.md') && language === 'nix',
    );
    await lab.host.writeFile('/run/readme.nix', `{\n${block!.code}}`);
    const argv = ['nix-instantiate', '--eval', '--strict', '--json', '/run/readme.nix'];
    const { services } = JSON.parse((await lab.host.run(argv)).stdout) as {
      services: { 'luminous-healing': object };
    };
    const evaluated = await evaluate(services['luminous-healing']);
    expect(await parseConfig(configOf(evaluated).json, 'config.json')).toMatchObject({
      config: { interval: 60, thresholds: DEFAULTS },
    });
    expect(failedIn(evaluated)).toEqual([]);
  });

  test('writes every option to its key', async () => {
    const services = ['nginx', { unit: 'redis', keepRunning: true }];
    const evaluated = await evaluate({
      interval: 5,
      thresholds: { cpu: 70, load: 12 },
      services,
      protect: ['db-*'],
      allowedActions: ['restart_service', 'rollback_generation'],
      allowRollback: true,
      allowApprovals: true,
      approvedBy: { restart_service: 'person' },
      dryRun: true,
      metrics: { address: '192.0.2.1', port: 9100, allowedHosts: ['metrics.example.org'] },
      dashboard: {
        ...{ address: '192.0.2.1', tokenFile: '/run/keys/token', controls: true },
        ...{ publicUrl: 'https://ops.example.org/healing/', allowedHosts: ['ops'] },
      },
      openFirewall: true,
      settings: { guards: { budget: { hostPerHour: 3 } }, thresholds: { diskPercent: 50 } },
    });
    const { config } = (await parseConfig(configOf(evaluated).json, 'c')) as { config: DaemonConfig };
    expect(config).toEqual({
      interval: 5,
      dryRun: true,
      services,
      protect: ['db-*'],
      allowedActions: ['restart_service', 'rollback_generation'],
      thresholds: { ...DEFAULTS, cpuPercent: 70, diskPercent: 50, loadAverage: 12 },
      nix: { allowRollback: true },
      metrics: { host: '192.0.2.1', port: 9100, allowedHosts: ['metrics.example.org'] },
      dashboard: {
        host: '192.0.2.1',
        port: 8080,
        controls: true,
        tokenFile: '/run/credentials/luminous-healing.service/dashboard-token',
        publicUrl: 'https://ops.example.org/healing/',
        allowedHosts: ['ops'],
      },
      guards: { budget: { hostPerHour: 3 } },
    });
    expect(policyOf(evaluated)).toEqual({
      version: 1,
      actions: ['restart_service', 'rollback_generation'],
      allowApprovals: true,
      approvedBy: { restart_service: 'person' },
      services,
      protect: ['db-*'],
      thresholds: config.thresholds,
      nix: { allowRollback: true },
      record: '/var/lib/luminous-healing/state.json',
    });
    expect(evaluated.config.networking.firewall.allowedTCPPorts).toEqual([9100, 8080]);
    expect(failedIn(evaluated)).toEqual([]);
    const { services: units } = evaluated.config.systemd;
    expect(units['luminous-healing']?.serviceConfig).toMatchObject({
      IPAddressAllow: 'any',
      LoadCredential: ['dashboard-token:/run/keys/token'],
    });
    for (const name of ['helper', 'approve'])
      expect(units[`luminous-healing-${name}@`]?.serviceConfig).toMatchObject({
        ReadWritePaths: ['/nix/var/nix'],
        CapabilityBoundingSet: 'CAP_DAC_READ_SEARCH',
      });
  });

  test.each<readonly [object, RegExp]>([
    [{ openFirewall: true }, /openFirewall opens nothing/],
    [
      { dashboard: { address: '0.0.0.0', tokenFile: null } },
      /dashboard.address is not loopback, which needs dashboard.tokenFile/,
    ],
    [{ dashboard: { controls: true, tokenFile: null } }, /dashboard.controls needs dashboard.tokenFile/],
    [{ metrics: { port: 8080 } }, /metrics.port and dashboard.port are the same/],
    [
      { allowRollback: true, allowedActions: ['restart_service'] },
      /allowRollback needs "rollback_generation"/,
    ],
    [{ npmRegistry: null }, /npmRegistry is not set: .*`npm config get registry`.*package of your own/],
    [{ dashboard: { tokenFile: '/nix/store/abc-token' } }, /dashboard\.tokenFile would be in the Nix store/],
    [{ credentials: { shop: '/nix/store/abc-shop' } }, /credentials\.shop would be in the Nix store/],
    [{ approvedBy: { restart: 'person' } }, /approvedBy names restart, which is no action/],
    [{ settings: { nix: { deleteOlderThan: '30d' } } }, /deleteOlderThan has no effect: .* nix\.gc\.options/],
  ])('asserts that these values cannot work: %j', async (options, message) => {
    expect(failedIn(await evaluate(options))).toEqual([expect.stringMatching(message)]);
  });

  test.each<readonly [object, RegExp, object]>([
    [{ allowRollback: true }, /allowRollback needs nix\.enable/, { nix: { enable: false } }],
    [
      { settings: { nix: { allowRollback: true } } },
      /allowRollback needs system\.switch\.enable/,
      { system: { switch: { enable: false } } },
    ],
    [
      { allowedActions: ['rebuild_system'] },
      /"rebuild_system", which needs nix\.enable and system\.switch\.enable/,
      { nix: { enable: false } },
    ],
  ])('asserts that these values cannot work on such a host: %j', async (options, message, host) => {
    expect(failedIn(await evaluate(options, host))).toEqual([expect.stringMatching(message)]);
  });

  test('accepts a package in place of the address of a registry', async () => {
    expect(failedIn(await evaluate({ npmRegistry: null, package: '/opt/own' }))).toEqual([]);
  });

  test('accepts a token file beside the store, and a folder with a similar name', async () => {
    const credentials = { one: '/run/keys/one', other: '/nix/store-keys/other' };
    expect(failedIn(await evaluate({ credentials }))).toEqual([]);
  });

  test('warns about a port that Prometheus or one of its exporters uses', async () => {
    const services = {
      prometheus: { enable: true, exporters: { node: { port: 8080 }, redis: { port: 1 } } },
    };
    const units = { 'prometheus-node-exporter': {}, 'prometheus-redis-exporter': {} };
    const busy = await evaluate({}, { services, systemd: { services: units } });
    expect(busy.config.warnings).toEqual([
      expect.stringMatching(/metrics\.port and services\.prometheus\.port are both 9090/),
      expect.stringMatching(/dashboard\.port and services\.prometheus\.exporters\.node\.port are both 8080/),
    ]);
    const apart = await evaluate({ metrics: { port: 9101 }, dashboard: { enable: false } }, { services });
    expect(apart.config.warnings).toEqual([]);
  });

  test('lets the daemon use nix-daemon, without changing the access of other users', async () => {
    const { nix: settings } = (await evaluate({})).config;
    expect(settings).toEqual({ settings: { 'extra-allowed-users': ['luminous-healing'] } });
    expect((await evaluate({}, { nix: { enable: false } })).config.nix).toEqual({});
    expect((await evaluate({ allowedActions: ['restart_service'] })).config.nix).toEqual({});
  });

  test('gives a rebuild the environment of the NixOS upgrade service', async () => {
    const { services } = (
      await evaluate(
        { allowedActions: ['rebuild_system'] },
        {
          environment: { sessionVariables: { NIX_PATH: ['nixpkgs=/channels', 'nixos-config=/etc/nixos'] } },
          networking: { proxy: { envVars: { https_proxy: 'http://proxy.example.org' } } },
          nix: { envVars: { NIX_CONFIG_OF_MINE: 'x' } },
        },
      )
    ).config.systemd;
    for (const name of ['helper', 'approve']) {
      expect(services[`luminous-healing-${name}@`]?.environment).toEqual({
        HOME: '/root',
        NIX_PATH: ['nixpkgs=/channels', 'nixos-config=/etc/nixos'],
        NIX_CONFIG_OF_MINE: 'x',
        NIX_REMOTE: 'daemon',
        https_proxy: 'http://proxy.example.org',
      });
      expect(services[`luminous-healing-${name}@`]?.path).toEqual([
        ...['/usr', '/opt/nixos-rebuild', '/usr', '/opt/gnutar', '/opt/xz', '/opt/gzip', '/opt/git'],
        '/opt/openssh',
      ]);
    }
  });

  test('checks the configuration with the Node of the build machine', async () => {
    expect(configOf(await evaluate({})).script).toContain('/opt/nodejs-of-the-build/bin/node ');
    const { services } = (await evaluate({})).config.systemd;
    expect(services['luminous-healing']?.serviceConfig?.['ExecStart']).toMatch(/^\/opt\/nodejs\/bin\/node /);
  });

  test.each([
    [{ interval: 0 }, /services\.luminous-healing\.interval' is not of type/],
    [{ thresholds: { cpu: 101 } }, /thresholds\.cpu' is not of type `number from 0 to 100'/],
    [{ allowedActions: ['format_disk'] }, /allowedActions' is not of type/],
    [{ metrics: { port: 70_000 } }, /metrics\.port' is not of type `port'/],
    [{ npmRegistry: 'npm.example.org' }, /npmRegistry' is not of type/],
    [{ servces: ['nginx'] }, /The option `services\.luminous-healing\.servces' does not exist/],
  ])('refuses %j', async (options, message) => {
    await expect(evaluate(options)).rejects.toThrow(message);
  });

  test('has the same units as the plain unit files, except for NixOS paths', async () => {
    const { systemd } = (await evaluate({})).config;
    const differing = (file: string, section: string, values: Values = {}): string[] => {
      const wanted = plain(file, section);
      const keys = new Set([...Object.keys(wanted), ...Object.keys(values)]);
      return [...keys].filter(
        (key) => JSON.stringify(wanted[key]) !== JSON.stringify([values[key] ?? []].flat()),
      );
    };
    const { 'luminous-healing': daemon, 'luminous-healing-helper@': helper } = systemd.services;
    const socket = systemd.sockets['luminous-healing-helper'];
    expect(Object.keys(plain('luminous-healing.service', 'Service')).length).toBeGreaterThan(30);
    expect(differing('luminous-healing.service', 'Service', daemon?.serviceConfig)).toEqual([
      'ExecStart',
      'ExecReload',
      'Environment',
    ]);
    expect(differing('luminous-healing-helper@.service', 'Service', helper?.serviceConfig)).toEqual([
      'ExecStart',
      'Environment',
      'ReadWritePaths',
    ]);
    expect(differing('luminous-healing-helper.socket', 'Socket', socket?.socketConfig)).toEqual([]);
    const approve = {
      service: systemd.services['luminous-healing-approve@'],
      socket: systemd.sockets['luminous-healing-approve'],
    };
    expect(differing('luminous-healing-approve@.service', 'Service', approve.service?.serviceConfig)).toEqual(
      ['ExecStart', 'Environment', 'ReadWritePaths'],
    );
    expect(differing('luminous-healing-approve.socket', 'Socket', approve.socket?.socketConfig)).toEqual([]);
    expect(approve.socket).toMatchObject({ wantedBy: ['sockets.target'] });
    expect(daemon).toMatchObject({
      wantedBy: ['multi-user.target'],
      wants: ['luminous-healing-helper.socket'],
    });
    expect(socket).toMatchObject({ wantedBy: ['sockets.target'] });
    expect(daemon?.environment).toEqual({ HOME: '/var/lib/luminous-healing' });
  });

  describe('has units that', () => {
    const FILES = [
      'luminous-healing.service',
      'luminous-healing-helper@.service',
      'luminous-healing-helper.socket',
      'luminous-healing-approve@.service',
      'luminous-healing-approve.socket',
    ];
    const SOCKETS = FILES.filter((file) => file.endsWith('.socket'));
    const daemon = new Installation(lab);

    beforeAll(async () => {
      await daemon.install();
      await lab.host.systemctl('unmask', '--runtime', ...SOCKETS);
      // Stand-ins for the packages of Node and of this library.
      await lab.host.run(['mkdir', '-p', '/opt/package/lib/node_modules/@luminous-nix']);
      for (const name of ['nodejs', 'nodejs-of-the-build']) {
        await lab.host.run(['mkdir', '-p', `/opt/${name}/bin`]);
        await lab.host.run(['ln', '-s', nodeInside, `/opt/${name}/bin/node`]);
      }
      await lab.host.run(['ln', '-s', '/repo', '/opt/package/lib/node_modules/@luminous-nix/self-healing']);
      const { systemd, environment } = (
        await evaluate({ interval: 1, services: ['nginx'], settings: { enabledChecks: ['services'] } })
      ).config;
      for (const file of FILES) {
        const { services, sockets } = systemd;
        const unit = (file.endsWith('.socket') ? sockets : services)[file.replace(/\.\w+$/, '')];
        await lab.host.writeFile(`/etc/systemd/system/${file}`, textOf(unit!));
      }
      const { 'luminous-healing/config.json': config, 'luminous-healing/policy.json': policy } =
        environment.etc;
      // As on NixOS: the files are links into a store.
      await lab.host.writeFile('/opt/store/config.json', config.source.json);
      await lab.host.writeFile('/opt/store/policy.json', policy.text);
      await lab.host.run(['mkdir', '-p', '/etc/luminous-healing']);
      for (const name of ['config.json', 'policy.json'])
        await lab.host.run(['ln', '-s', `/opt/store/${name}`, `/etc/luminous-healing/${name}`]);
      await lab.host.systemctl('daemon-reload');
    });

    test('are valid, and score like the plain ones in systemd-analyze security', async () => {
      const verified = FILES.map((file) => file.replace('@.', '@1-2-0.'));
      const { stderr } = await lab.host.run(['systemd-analyze', 'verify', ...verified], {
        allowFailure: true,
      });
      expect(stderr.split('\n').filter((line) => line.includes('luminous-healing'))).toEqual([]);
      for (const file of FILES.filter((name) => name.endsWith('.service'))) {
        const { stdout } = await lab.host.run(['systemd-analyze', 'security', '--no-pager', file], {
          allowFailure: true,
        });
        const score = Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
        console.log(`Exposure of ${file} as the module writes it: ${score}`);
        expect(score).toBeLessThan(file.includes('@') ? 3 : 2);
      }
    });

    test('heal a killed nginx', async () => {
      await lab.host.systemctl('start', 'nginx', 'luminous-healing-helper.socket', 'luminous-healing');
      expect(await daemon.show('StatusText')).toContain('All healthy: 1 component');
      await lab.kill('nginx');
      await lab.host.waitFor(
        'nginx to be healed',
        async () => (await daemon.control(['status'])).stdout.includes('restart_service: fixed'),
        30_000,
      );
      expect(await lab.show('ActiveState', 'nginx')).toBe('active');
      await lab.host.systemctl('stop', 'luminous-healing', 'luminous-healing-helper.socket');
    });

    test('have a configuration that is checked at build time, so that a mistake fails the build', async () => {
      const build = async (settings: object) => {
        const { json, script } = configOf(await evaluate({ settings }));
        await lab.host.writeFile('/run/config.json', json);
        const env = { jsonPath: '/run/config.json', out: '/run/built.json' };
        return lab.host.run(['sh', '-e', '-c', script], { env, allowFailure: true });
      };
      expect(await build({})).toMatchObject({ exitCode: 0, stderr: '' });
      const { exitCode, stderr } = await build({ guards: { budgt: {} } });
      expect(exitCode).toBe(78);
      expect(stderr).toContain('Unknown option `budgt` in `guards`: did you mean `budget`?');
    });
  });

  describe('has a package and a flake that', () => {
    interface Made {
      readonly npmDeps: {
        readonly script?: string;
        readonly packageLock?: {
          readonly packages: Readonly<
            Record<string, { readonly integrity?: string; readonly resolved?: string }>
          >;
        };
      };
      readonly src: readonly string[];
    }
    const made = async (npmRegistry: string) =>
      (await nix('package.nix', '--argstr', 'npmRegistry', npmRegistry)) as Made;

    test('evaluate without an address, and report at build time what is missing', async () => {
      const bare = await made('');
      expect(bare).toMatchObject({
        pname: 'luminous-healing',
        other: 'luminous-healing',
        module: '/repo/nix/module.nix',
        overlay: 'luminous-healing',
        meta: { mainProgram: 'luminous-healing' },
        npmDeps: { name: 'luminous-healing-needs-an-npm-registry' },
      });
      const { exitCode, stderr } = await lab.host.run(['sh', '-e', '-c', bare.npmDeps.script!], {
        allowFailure: true,
      });
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/set npmRegistry to the output of 'npm config get registry'/);
    });

    test.each(['https://npm.test', 'https://npm.test/'])(
      'request every dependency from nixpkgs by address and hash, with %s',
      async (registry) => {
        const { npmDeps, src } = await made(registry);
        const { '': root, ...packages } = npmDeps.packageLock!.packages;
        expect(root).not.toHaveProperty('resolved');
        for (const [path, { integrity, resolved }] of Object.entries(packages)) {
          if (integrity === undefined) continue;
          expect(resolved, path).toMatch(/^https:\/\/npm\.test\/(@[^/]+\/)?[^/]+\/-\/[^/]+-\d[^/]*\.tgz$/);
        }
        expect(packages['node_modules/@types/node']?.resolved).toMatch(
          /\/@types\/node\/-\/node-20\.[\d.]+\.tgz$/,
        );
        expect(src).toContain('/repo/src');
      },
    );
  });
});
