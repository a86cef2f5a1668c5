import type { EngineStatus } from '@luminous-nix/self-healing';
import type { GuardState } from '@luminous-nix/self-healing/testing';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { DaemonConfig } from '../../src/service/config/config.js';
import { nodeInside } from './host/command.js';
import { Installation } from './installation.js';
import { describeOnHost } from './lab.js';

/** Shortens delays of a minute to half a second. */
const QUICK: DaemonConfig = {
  interval: 0.5,
  services: ['nginx'],
  enabledChecks: ['services'],
  guards: { settleMs: { service: 300 } },
};

describeOnHost('the daemon on a systemd host', (lab) => {
  const daemon = new Installation(lab);
  beforeAll(() => daemon.install());
  afterEach(() => daemon.reset());

  const mainPid = async () => (await daemon.show('MainPID')).trim();

  test('is ready after its first cycle, and runs as a user without privileges', async () => {
    await lab.host.systemctl('start', 'nginx');
    await daemon.start(QUICK);
    expect(await daemon.show('ActiveState')).toBe('active');
    expect(await daemon.show('StatusText')).toBe('All healthy: 1 component');
    const status = await lab.host.readFile(`/proc/${await mainPid()}/status`);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^CapBnd:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    const { stdout: uid } = await lab.host.run(['id', '-u', 'luminous-healing']);
    expect(status).toContain(`Uid:\t${uid.trim()}\t`);
  });

  test('scores better than 2.0 in systemd-analyze security, and its unit is valid', async () => {
    const { stdout } = await lab.host.run([
      'systemd-analyze',
      'security',
      '--no-pager',
      'luminous-healing.service',
    ]);
    const [, score = '10'] = /Overall exposure level[^:]*: ([\d.]+)/.exec(stdout) ?? [];
    console.log(`Exposure of the daemon: ${score}`);
    expect(Number(score)).toBeLessThan(2);
    const verify = await lab.host.run(['systemd-analyze', 'verify', 'luminous-healing.service']);
    expect(verify.stderr).not.toContain('luminous-healing');
  });

  test('reads the same from its sandbox as a process outside', async () => {
    await daemon.start({ interval: 0.5 });
    await lab.host.waitFor('a second look', async () => {
      const { cycles } = await daemon.ask<{ cycles: { done: number } }>('status');
      return cycles.done > 1;
    });
    interface Status {
      readonly verdicts: readonly { component: string; status: string; reason: string }[];
    }
    const { verdicts } = await daemon.ask<Status>('status');
    expect(verdicts.filter(({ status }) => status === 'unknown')).toEqual([]);
    const [outside] = await lab.drive([['inspect']], { options: { enabledChecks: ['disk', 'memory'] } });
    const names = (all: readonly { component: string }[]) => all.map(({ component }) => component).sort();
    expect(names(verdicts)).toEqual(expect.arrayContaining(names(outside)));
  });

  test('refuses an invalid configuration, reports all mistakes with their positions, and is not restarted', async () => {
    await daemon.configure('{\n  "intervall": 1,\n  "thresholds": { "diskPercent": 120 }\n}');
    await lab.host.run(['systemctl', 'start', 'luminous-healing'], { allowFailure: true });
    expect(await daemon.show('ExecMainStatus')).toBe('78');
    expect(await daemon.show('ActiveState')).toBe('failed');
    expect(await daemon.show('NRestarts')).toBe('0');
    expect(await daemon.journal('err')).toEqual(
      expect.arrayContaining([
        '/etc/luminous-healing/config.json:2:3: Unknown option `intervall` in `configuration`: did you mean `interval`?',
        '/etc/luminous-healing/config.json:3:19: Expected `thresholds.diskPercent` to be a number from 0 to 100, got `120` (number)',
      ]),
    );
  });

  test('reloads its configuration on SIGHUP, and keeps the previous one if the new one has mistakes', async () => {
    await daemon.start(QUICK);
    const pid = await mainPid();
    const reload = async (config: DaemonConfig | string) => {
      await daemon.configure(config);
      await lab.host.systemctl('reload', 'luminous-healing');
    };
    const told = (words: string) =>
      lab.host.waitFor(words, async () => (await daemon.journal()).some((line) => line.includes(words)));

    await reload('{ "services": "nginx" }');
    await told('was refused: the previous configuration stays in effect');
    await lab.host.waitFor('the status line to say so', async () =>
      (await daemon.show('StatusText')).includes(
        'Configuration refused: /etc/luminous-healing/config.json:1:3',
      ),
    );
    expect(await daemon.show('ActiveState')).toBe('active');

    await reload({ ...QUICK, services: ['nginx', 'dbus'] });
    await told('was reloaded and is in effect');
    await lab.host.waitFor(
      'two components',
      async () => (await daemon.show('StatusText')) === 'All healthy: 2 components',
    );
    await reload({ ...QUICK, services: ['nginx', 'dbus'] });
    await told('is unchanged');
    expect(await mainPid()).toBe(pid);
    expect(await daemon.show('ActiveState')).toBe('active');
  });

  test('keeps running under its watchdog while cycles run, and is restarted when it hangs', async () => {
    await daemon.dropIn('[Service]\nWatchdogSec=2\nRestartSec=100ms\n');
    await daemon.start(QUICK);
    const pid = await mainPid();
    await lab.host.run(['sleep', '5']);
    expect(await mainPid()).toBe(pid);
    await lab.host.run(['kill', '-STOP', pid]);
    await lab.host.waitFor(
      'another process',
      async () => (await daemon.show('NRestarts')) === '1' && (await daemon.show('ActiveState')) === 'active',
    );
    expect(await mainPid()).not.toBe(pid);
  });

  test('stops cleanly, leaves no process and no socket, and keeps its state', async () => {
    await daemon.start(QUICK);
    await daemon.control(['pause', 'kept over a restart']);
    const { stdout } = await lab.host.run(['stat', '-c', '%a %U', '/var/lib/luminous-healing/state.json']);
    expect(stdout.trim()).toBe('600 luminous-healing');
    await lab.host.systemctl('stop', 'luminous-healing');
    expect(await daemon.show('Result')).toBe('success');
    expect(await daemon.show('ExecMainStatus')).toBe('0');
    expect((await lab.host.run(['ls', '/run/luminous-healing'], { allowFailure: true })).exitCode).not.toBe(
      0,
    );
    await lab.host.systemctl('start', 'luminous-healing');
    expect(await daemon.show('StatusText')).toMatch(/paused: kept over a restart/);
  });

  test('serves metrics and dashboard; a server that cannot start is logged, retried, and blocks no repair', async () => {
    const body = async (url: string) => (await lab.host.run(['curl', '-sS', url])).stdout;
    const program = `require('node:http').createServer((_, response) => response.end('taken')).listen(8080)`;
    await lab.host.run(['systemd-run', '--unit=test-squatter', nodeInside, '-e', program]);
    lab.takeBack('test-squatter.service');
    await lab.host.waitFor('the port to be taken', async () => (await body('http://localhost:8080/')) !== '');
    await daemon.start({ ...QUICK, metrics: {}, dashboard: {} });
    expect(await body('http://127.0.0.1:9090/metrics')).toMatch(/^healing_issues_detected 0$/m);
    expect(await daemon.journal('err')).toEqual([
      expect.stringMatching(/^The dashboard cannot be served \(retried every cycle\): .*8080/),
    ]);
    await lab.host.systemctl('stop', 'test-squatter');
    await lab.host.waitFor('the dashboard', async () =>
      (await daemon.journal()).some((line) => line === 'The dashboard is available at http://127.0.0.1:8080'),
    );
    expect(await body('http://127.0.0.1:8080/')).toMatch(/<!doctype html>/i);
    await daemon.configure({ ...QUICK, metrics: { port: 9191 } });
    await lab.host.systemctl('reload', 'luminous-healing');
    await lab.host.waitFor('the other port', async () =>
      (await body('http://127.0.0.1:9191/metrics')).includes('healing_'),
    );
    await expect(body('http://127.0.0.1:8080/')).rejects.toThrow(/connect/);
  });

  test('writes to the journal with priorities, and with `jsonEvents` a line of JSON for each event', async () => {
    await daemon.start({ ...QUICK, dryRun: true, jsonEvents: true });
    await lab.kill('nginx');
    await lab.host.waitFor('the issue', async () =>
      (await daemon.journal('warning')).includes('Issue with nginx: nginx.service has failed (signal)'),
    );
    const records = (await daemon.journal())
      .filter((line) => line.startsWith('event '))
      .map((line) => JSON.parse(line.slice('event '.length)) as object);
    expect(records).toContainEqual({
      event: 'issue:opened',
      component: 'nginx',
      severity: 3,
      description: 'nginx.service has failed (signal)',
    });
    expect(await daemon.journal('err')).toEqual([]);
    await lab.host.systemctl('start', 'nginx');
  });
});

describeOnHost('the control command', (lab) => {
  const daemon = new Installation(lab);
  beforeAll(async () => {
    await daemon.install();
    await lab.host.run(['useradd', '--create-home', '--groups', 'luminous-healing-control', 'alice']);
    await lab.host.run(['useradd', '--create-home', 'stranger']);
  });
  afterEach(() => daemon.reset());

  test('reports in a sentence that the daemon is not running', async () => {
    const { exitCode, stderr } = await daemon.control(['status']);
    expect(exitCode).toBe(3);
    expect(stderr).toBe(
      'The daemon is not running (no answer at /run/luminous-healing/control.sock): start it with `systemctl start luminous-healing`, or run `luminous-healing look`, which needs no daemon\n',
    );
  });

  test('works for root and the members of its group only', async () => {
    await daemon.start(QUICK);
    for (const user of ['root', 'alice']) {
      const { exitCode, stdout } = await daemon.control(['status'], { user });
      expect(exitCode, user).toBe(0);
      expect(stdout).toMatch(/^(All healthy|Issues)/);
    }
    const { exitCode, stderr } = await daemon.control(['status'], { user: 'stranger' });
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/^Permission denied: connecting to the daemon .* luminous-healing-control\n$/);
    const { stdout } = await lab.host.run(['stat', '-c', '%a %U %G', '/run/luminous-healing/control.sock']);
    expect(stdout.trim()).toBe('660 luminous-healing luminous-healing-control');
    const groups = (await lab.host.run(['id', '-nG', 'alice'])).stdout.trim().split(' ');
    expect(groups, 'an operator may not speak to the root helper').not.toContain('luminous-healing');
  });

  test('pauses, resumes, explains, resets and shows a dry run', async () => {
    await lab.host.systemctl('start', 'nginx');
    await daemon.start(QUICK);
    const say = async (...args: string[]) => {
      const { exitCode, stdout, stderr } = await daemon.control(args, { user: 'alice' });
      return { exitCode, text: `${stdout}${stderr}`.trim() };
    };
    expect(await say('explain')).toEqual({ exitCode: 0, text: 'There is no open issue.' });
    expect(await say('pause', 'I', 'look', 'myself')).toMatchObject({
      exitCode: 0,
      text: expect.stringMatching(/Paused for: I look myself \(by uid \d+\)\.$/) as string,
    });
    await lab.kill('nginx');
    await lab.host.waitFor('the reason', async () =>
      (await say('explain', 'nginx')).text.includes('(paused)'),
    );
    expect((await say('status')).text).toMatch(/✗ nginx: nginx\.service has failed \(signal\) \(HIGH\)/);

    const dry = await say('heal', '--dry-run');
    expect(dry.exitCode).toBe(0);
    expect(dry.text).toMatch(/✗ nginx +nginx\.service has failed \(signal\)/);
    expect(dry.text).toContain('Nothing is changed.');
    expect(await lab.show('ActiveState', 'nginx')).toBe('failed');

    expect(await say('reset', 'nginx')).toMatchObject({ exitCode: 0 });
    expect(await say('resume', 'another reason')).toEqual({
      exitCode: 1,
      text: 'Not paused for `another reason`; paused are: I look myself',
    });
    expect(await say('resume')).toEqual({ exitCode: 0, text: 'Repairs resumed.' });
    expect(await say('approve', 'nothing')).toEqual({
      exitCode: 1,
      text: 'No approval is waiting under `nothing`; none is waiting',
    });
    await lab.host.systemctl('reset-failed', 'nginx');
    await lab.host.systemctl('start', 'nginx');
  });
});

describeOnHost('the daemon and the root helper', (lab) => {
  const daemon = new Installation(lab);
  beforeAll(async () => {
    await daemon.install({
      actions: ['restart_service'],
      services: ['nginx', 'test-slow', 'test-hog'],
      allowApprovals: true,
    });
    await lab.host.run(['useradd', '--create-home', '--groups', 'luminous-healing-control', 'alice']);
  });
  afterEach(() => daemon.reset());

  /** Service that holds memory. */
  const hog = async () => {
    const program = 'import time; held = bytearray(64 * 1024 * 1024); time.sleep(10000)';
    const service = await lab.service('hog', `ExecStart=python3 -c '${program}'`);
    await lab.host.systemctl('start', service);
    return service;
  };
  /** Memory is always over 1 %, and restarting a service for it requires approval. */
  const asking = (service: string): DaemonConfig => ({
    interval: 0.5,
    services: [service],
    enabledChecks: ['memory'],
    allowedActions: ['restart_service'],
    thresholds: { memoryPercent: 1, loadAverage: 10_000 },
    guards: { lasting: { memory: 1 }, settleMs: { memory: 300, service: 300 } },
  });
  const acts = async () => (await daemon.ask<EngineStatus>('status')).acts;
  const acted = (component: string) =>
    lab.host.waitFor(
      `an act for ${component}`,
      async () => (await acts()).some((act) => act.component === component),
      20_000,
    );
  const helpers = () =>
    lab.host.systemctl('list-units', '--all', '--plain', '--no-legend', 'luminous-healing-helper@*.service');

  test('heal a killed nginx, though the daemon has no privilege; the helper is gone afterwards', async () => {
    await lab.host.systemctl('start', 'nginx');
    await daemon.start({ services: ['nginx'], interval: 1 });
    await lab.kill('nginx');
    await acted('nginx');
    expect(await acts()).toMatchObject([{ component: 'nginx', action: 'restart_service', outcome: 'fixed' }]);
    expect((await lab.host.run(['curl', '-sS', 'http://localhost/'])).stdout).toContain('Welcome to nginx');
    await lab.host.waitFor('the helper to be gone', async () => (await helpers()) === '', 1_000);
    const { stdout } = await lab.host.run([
      'journalctl',
      '--output=short-precise',
      '--no-hostname',
      '--since=-15s',
      '--identifier=node',
      '--identifier=luminous-healing-helper',
    ]);
    console.log(`${stdout}\n$ luminous-healing status\n${(await daemon.control(['status'])).stdout}`);
  });

  test('reject a unit that is not in the policy, whatever the configuration of the daemon', async () => {
    const service = await lab.service('other', 'ExecStart=sleep infinity');
    await lab.host.systemctl('start', service);
    await daemon.start({ ...QUICK, services: [service] });
    await lab.kill(service);
    await lab.host.waitFor('the reason', async () =>
      (await daemon.control(['explain', service])).stdout.includes('not acted on (not-allowed)'),
    );
    expect(await lab.show('ActiveState', service)).toBe('failed');
  });

  /** Ready-made check of nginx with a short timeout. */
  const WEB = {
    http: { url: 'http://127.0.0.1/' },
    ...{ heals: 'nginx', every: 0.5, timeoutMs: 1_000, settleMs: 10_000 },
  };

  test('heal a server that hangs, which only a configured check detects', async () => {
    await lab.host.systemctl('start', 'nginx');
    const [before] = await lab.runs('nginx');
    await daemon.start({ ...QUICK, checks: { web: WEB } });
    await lab.host.systemctl('kill', '--signal=STOP', 'nginx');
    await acted('web');
    expect(await acts()).toMatchObject([{ component: 'web', action: 'restart_service', outcome: 'fixed' }]);
    expect(await lab.show('ActiveState', 'nginx')).toBe('active');
    expect((await lab.runs('nginx')).at(-1)).not.toBe(before);
    expect((await lab.host.run(['curl', '-sS', 'http://localhost/'])).stdout).toContain('Welcome to nginx');
  });

  test('reject the `heals` of a check that is not in the policy, and name that policy', async () => {
    const service = await lab.service('unlisted', 'ExecStart=sleep infinity');
    await lab.host.systemctl('start', service);
    const [before] = await lab.runs(service);
    await daemon.start({
      ...QUICK,
      services: [service],
      checks: { shop: { tcp: { port: 9 }, heals: service, every: 0.5, timeoutMs: 500 } },
    });
    await lab.host.waitFor('the reason', async () =>
      (await daemon.control(['explain', 'shop'])).stdout.includes('not acted on (not-allowed)'),
    );
    expect((await daemon.control(['explain', 'shop'])).stdout).toContain('By the policy of the root helper');
    expect(await lab.runs(service)).toEqual([before]);
  });

  test('run commands and read files of checks as the unprivileged user of the daemon', async () => {
    await lab.host.run(['sh', '-c', 'install -m 600 /dev/null /etc/test-secret']);
    await daemon.start({
      ...QUICK,
      checks: {
        user: { command: { argv: ['sh', '-c', 'test "$(id -un)" = luminous-healing'] }, every: 0.5 },
        secret: { file: { path: '/etc/test-secret', contains: 'x' }, every: 0.5 },
      },
    });
    const verdicts = async () => (await daemon.ask<EngineStatus>('status')).verdicts;
    await lab.host.waitFor('both checks', async () => (await verdicts()).length >= 3);
    const statusOf = async (component: string) =>
      (await verdicts()).find((verdict) => verdict.component === component);
    expect(await statusOf('user')).toMatchObject({ status: 'ok' });
    expect(await statusOf('secret')).toMatchObject({ status: 'unknown' });
  });

  test('that are stopped during a repair leave it for the next start, which verifies and does not repeat it', async () => {
    const service = await lab.service('slow', 'ExecStartPre=sleep 3\nExecStart=sleep infinity');
    await lab.host.systemctl('start', service);
    await daemon.start({ ...QUICK, services: [service] });
    await lab.kill(service);
    await lab.until('activating', service);
    const [run] = await lab.runs(service);
    await lab.host.systemctl('stop', 'luminous-healing');
    expect(await daemon.show('Result')).toBe('success');
    const state = () => lab.host.readFile('/var/lib/luminous-healing/state.json');
    const { intents, acts: done } = JSON.parse(await state()) as GuardState;
    expect(intents.length + done.length, 'written down, as under way or as done').toBe(1);

    await lab.host.systemctl('start', 'luminous-healing');
    await acted(service);
    expect(await acts()).toHaveLength(1);
    await lab.until('active', service);
    expect(await lab.runs(service)).toEqual([run]);
    expect((JSON.parse(await state()) as GuardState).intents).toEqual([]);
  });

  test('request the approval of a person, who answers with the control command', async () => {
    const service = await hog();
    await daemon.start(asking(service));
    const asked = async () => (await daemon.ask<EngineStatus>('status')).approvals[0];
    await lab.host.waitFor('the question', async () => (await asked()) !== undefined);
    expect(await asked()).toMatchObject({ component: 'memory', action: 'restart_service' });
    const { id = '' } = (await asked()) ?? {};
    expect(await daemon.show('StatusText')).toContain('1 approval waiting');
    const { stdout } = await daemon.control(['status'], { user: 'alice' });
    expect(stdout).toContain(`luminous-healing approve ${id}, or reject ${id}`);
    expect(stdout).toContain('restart -- test-hog.service');

    const [run] = await lab.runs(service);
    const approved = await daemon.control(['approve', id], { user: 'alice' });
    expect(approved.stderr).toBe('');
    // A running cycle may execute it instead of the command.
    await acted('memory');
    expect(await lab.runs(service)).not.toEqual([run]);
    // It was executed; it is no success because memory is still over 1 %.
    expect(await acts()).toMatchObject([{ action: 'restart_service', outcome: 'ineffective' }]);
    const again = await daemon.control(['approve', id], { user: 'alice' });
    expect(again).toMatchObject({ exitCode: 1, stdout: '' });
    expect(again.stderr).toMatch(/^No approval is waiting under/);
  });

  test('do nothing after a rejection, and request again only after the backoff', async () => {
    const service = await hog();
    await daemon.start(asking(service));
    const status = () => daemon.ask<EngineStatus>('status');
    await lab.host.waitFor('the question', async () => (await status()).approvals.length === 1);
    const [run] = await lab.runs(service);
    const { id = '' } = (await status()).approvals[0] ?? {};
    expect(await daemon.control(['reject', id])).toMatchObject({ exitCode: 0 });
    await lab.host.waitFor('the backoff', async () =>
      (await daemon.control(['explain', 'memory'])).stdout.includes('not acted on (backoff)'),
    );
    expect((await status()).approvals).toEqual([]);
    expect(await lab.runs(service)).toEqual([run]);
  });
});
