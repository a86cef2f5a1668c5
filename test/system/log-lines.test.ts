import { afterEach, beforeAll, expect, test } from 'vitest';
import type { DaemonConfig } from '../../src/service/config/config.js';
import { Installation } from './installation.js';
import { describeOnHost } from './lab.js';

const SECRET = 'DB_PASSWORD=hunter2';
const TOKEN_FILE = '/var/lib/luminous-healing/dashboard-token';
const DASHBOARD = ['/', '/page.js', '/api/view', '/api/events', '/api/status', '/api/explain'];
const METRICS = ['/', '/metrics', '/metrics?format=openmetrics', '/health'];

describeOnHost('a log line of a failed service with a password', (lab) => {
  const daemon = new Installation(lab);
  beforeAll(async () => {
    await daemon.install();
    await lab.host.run(['useradd', '--create-home', 'mallory']);
  });
  afterEach(async () => {
    await daemon.reset();
    await lab.host.run(['rm', '-f', TOKEN_FILE]);
  });

  async function leak(dashboard: DaemonConfig['dashboard']): Promise<string> {
    const leaky = await lab.service('leaky', `ExecStart=sh -c 'echo ${SECRET}; exit 1'`);
    await lab.host.run(['systemctl', 'start', leaky], { allowFailure: true });
    await lab.until('failed', leaky);
    // The journal is slightly delayed, and the log is read once, when the issue opens.
    await lab.host.waitFor('the line to be in the journal', async () =>
      (await lab.host.run(['journalctl', '--no-pager', '-u', leaky])).stdout.includes(SECRET),
    );
    await daemon.start({
      ...{ interval: 0.5, services: [leaky], enabledChecks: ['services'], dryRun: true },
      ...{ metrics: {}, dashboard: dashboard ?? {} },
    });
    await lab.host.waitFor('the log to be read', async () =>
      (await daemon.control(['explain', leaky])).stdout.includes(SECRET),
    );
    return leaky;
  }

  /** Returns the response to a user without groups at every address. A stream does not end by itself. */
  async function seenByMallory(token?: string): Promise<string> {
    const urls = [
      ...DASHBOARD.map((path) => `http://127.0.0.1:8080${path}`),
      ...METRICS.map((path) => `http://127.0.0.1:9090${path}`),
    ];
    const header = token === undefined ? [] : ['--header', `X-Luminous-Token: ${token}`];
    const answers: string[] = [];
    for (const url of urls) {
      const argv = ['curl', '-sS', '-i', '--max-time', url.endsWith('events') ? '2' : '10', ...header, url];
      answers.push((await lab.host.run(argv, { user: 'mallory', allowFailure: true })).stdout);
    }
    return answers.join('\n');
  }

  test('is read by the daemon, and shown to no user without a token at any of its addresses', async () => {
    const leaky = await leak({});
    const seen = await seenByMallory();
    expect(seen).toContain(`"component":"${leaky}"`);
    expect(seen).toContain('event: view');
    expect(seen).toContain('ActiveState=failed');
    expect(seen).toMatch(/"hiddenLines":[1-9]/);
    expect(seen).not.toContain('hunter2');
    const asMallory = async (...argv: string[]) =>
      (await lab.host.run(argv, { user: 'mallory', allowFailure: true })).stdout;
    expect(await asMallory('systemctl', 'show', 'luminous-healing.service')).not.toContain('hunter2');
    expect(await asMallory('systemctl', 'status', '--no-pager', 'luminous-healing.service')).not.toContain(
      'hunter2',
    );
    // The control socket, the state and the journal are not accessible.
    expect(
      await asMallory('/opt/node/node', '/repo/dist/service/control.js', 'explain', leaky),
    ).not.toContain('hunter2');
    expect(await asMallory('cat', '/var/lib/luminous-healing/state.json')).toBe('');
    // The daemon does not repeat it in its own journal either.
    expect((await daemon.journal()).join('\n')).not.toContain('hunter2');
  });

  test('is shown with the token of the daemon, which only the control command prints', async () => {
    await leak({ tokenFile: TOKEN_FILE });
    const { stdout: stat } = await lab.host.run(['stat', '--format=%a %U %G', TOKEN_FILE]);
    expect(stat.trim()).toBe('640 luminous-healing luminous-healing-control');
    const link = (await daemon.control(['dashboard'])).stdout.trim();
    const [, token = ''] = /^http:\/\/127\.0\.0\.1:8080\/#token=([\w-]{32})$/.exec(link) ?? [];
    expect(token).not.toBe('');
    expect((await lab.host.readFile(TOKEN_FILE)).trim()).toBe(token);
    const closed = await seenByMallory();
    expect(closed).not.toContain('hunter2');
    expect(closed).not.toContain(token);
    expect(closed).toContain('401');
    expect(await seenByMallory(token)).toContain(SECRET);
    const cat = await lab.host.run(['cat', TOKEN_FILE], { user: 'mallory', allowFailure: true });
    expect(cat.exitCode).not.toBe(0);
    expect((await daemon.journal()).join('\n')).not.toContain(token);
  });
});
