import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostEnvironment } from './host/environment.js';
import { describeOnHost } from './lab.js';

/** Variables that a caller may have, and a host must not: a folder that is not there, a language, options, places. */
const CALLERS = {
  TMPDIR: '/nowhere/at/all',
  LANG: 'tr_TR.UTF-8',
  LC_MESSAGES: 'de_DE.UTF-8',
  NODE_OPTIONS: '--no-such-option',
  NODE_V8_COVERAGE: '/nowhere/coverage',
  NO_COLOR: '1',
  PYTHONPATH: '/nowhere/python',
  SYSTEMD_LOG_LEVEL: 'debug',
  XDG_CONFIG_HOME: '/nowhere/config',
  XDG_RUNTIME_DIR: '/nowhere/run',
};

describe('the environment of a test host', () => {
  it('has nothing of the caller but the proxies', () => {
    const proxies = { http_proxy: 'http://proxy:1', HTTPS_PROXY: 'http://proxy:2', no_proxy: 'localhost' };
    expect(
      Object.keys(hostEnvironment({ ...CALLERS, ...proxies, PATH: '/mine', HOME: '/me' })).sort(),
    ).toEqual(['HOME', 'LC_ALL', 'PATH', ...Object.keys(proxies)].sort());
    expect(hostEnvironment({ PATH: '/mine' })['PATH']).not.toContain('/mine');
  });
});

describe('a host booted by a caller with its own environment', () => {
  const before = new Map<string, string | undefined>();
  beforeAll(() => {
    for (const [name, value] of Object.entries(CALLERS)) {
      before.set(name, process.env[name]);
      process.env[name] = value;
    }
  });
  afterAll(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  describeOnHost('in its first process, its services and what is run in it', (lab) => {
    const names = (text: string, separator: string) =>
      text.split(separator).flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []);

    it('has no variable of the caller, and mounts, runs and finds temporary files', async () => {
      const { host } = lab;
      const first = names(await host.readFile('/proc/1/environ'), '\0');
      const services = names(await host.systemctl('show-environment'), '\n');
      const commands = names((await host.run(['env'])).stdout, '\n');
      for (const name of Object.keys(CALLERS).filter((one) => one !== 'LANG'))
        expect([...first, ...services, ...commands]).not.toContain(name);
      expect((await host.run(['printenv', 'LANG'])).stdout.trim()).toBe('C.UTF-8');
      expect((await host.node(['-p', 'os.tmpdir()'])).stdout.trim()).toBe('/tmp');
      expect((await host.run(['mktemp'])).stdout).toMatch(/^\/tmp\//);
      await host.mountSmallFileSystem('/srv/small', 16);
    });
  });
});
