import { expect, test } from 'vitest';
import { commandsOf, describeOnHost, issueWith } from './lab.js';

/** Service that runs permanently once /run/test-well exists, and dies at once before. */
const UNTIL_WELL = `ExecStart=sh -c 'test -e /run/test-well && exec sleep infinity; exit 1'`;
const FOR_GOOD = 'ExecStart=sleep infinity';

describeOnHost('the repair of a service', (lab) => {
  const makeWell = () => lab.host.writeFile('/run/test-well', '');

  test('is one restart if it failed, once the cause is gone', async () => {
    const service = await lab.service('plain', UNTIL_WELL);
    await lab.start(service);
    await lab.until('failed', service);
    expect(await lab.healOne(service)).toMatchObject({ outcome: 'ineffective', success: false });
    await makeWell();
    expect(await lab.healOne(service)).toMatchObject({ outcome: 'fixed' });
    expect(await lab.show('ActiveState', service)).toBe('active');
  });

  test('is never reported as fixed if the service dies within the settle time', async () => {
    const service = await lab.service('frail', `ExecStart=sh -c 'sleep 0.3; exit 1'`);
    await lab.start(service);
    await lab.until('failed', service);
    expect(
      await lab.healOne(service, { options: { guards: { settleMs: { service: 1_500 } } } }),
    ).toMatchObject({
      outcome: 'ineffective',
      success: false,
      error: expect.stringMatching(/became active, and was failed/) as string,
    });
  });

  test('is not reported as fixed if systemd restarted the service within the settle time, though it is active', async () => {
    // The first run fails, the second ends after half a second, the third stays.
    const script = `n=$(cat /run/test-runs); echo x$n > /run/test-runs; case $n in "") exit 1;; x) sleep 0.5; exit 0;; esac; exec sleep infinity`;
    await lab.host.writeFile('/run/test-runs', '');
    await lab.host.writeFile('/run/test-script', script);
    const service = await lab.service(
      'reborn',
      'ExecStart=sh /run/test-script\nRestart=on-success\nRestartSec=1ms',
    );
    await lab.start(service);
    await lab.until('failed', service);
    expect(
      await lab.healOne(service, { options: { guards: { settleMs: { service: 2_000 } } } }),
    ).toMatchObject({
      outcome: 'ineffective',
      error: expect.stringMatching(/died and was started again within the settle time/) as string,
    });
    expect(await lab.show('ActiveState', service)).toBe('active');
  });

  test.each([
    ['by repeated manual starts', ''],
    ['by Restart=', 'Restart=on-failure\nRestartSec=1ms'],
  ])('is a second start after a reset if it hit its start limit %s', async (_, restart) => {
    const limit = '[Unit]\nStartLimitIntervalSec=600\nStartLimitBurst=2';
    const service = await lab.service('limited', `${UNTIL_WELL}\n${restart}`, limit);
    for (let starts = 0; starts < 4; starts += 1) {
      await lab.host.run(['systemctl', 'start', service], { allowFailure: true });
      await lab.until('failed', service);
    }
    await makeWell();
    await expect(lab.host.systemctl('start', service)).rejects.toThrow(/ended with 1/);
    const result = await lab.healOne(service);
    expect(result).toMatchObject({ outcome: 'fixed' });
    expect(commandsOf(result)).toEqual([
      `systemctl --no-ask-password start -- ${service}.service`,
      `systemctl --no-ask-password reset-failed -- ${service}.service`,
      `systemctl --no-ask-password start -- ${service}.service`,
    ]);
  });

  test('is a start after a crash loop at whose end systemd gave up', async () => {
    const limit = '[Unit]\nStartLimitIntervalSec=60\nStartLimitBurst=5';
    const service = await lab.service(
      'given-up',
      `${UNTIL_WELL}\nRestart=on-failure\nRestartSec=100ms`,
      limit,
    );
    await lab.host.run(['systemctl', 'start', service], { allowFailure: true });
    await lab.until('failed', service);
    expect(await lab.healOne(service), 'still ill').toMatchObject({ outcome: 'ineffective' });
    await lab.until('failed', service);
    await makeWell();
    expect(await lab.healOne(service)).toMatchObject({ outcome: 'fixed' });
    expect(await lab.show('ActiveState', service)).toBe('active');
  });

  test('is a start if it is listed and ended by itself with status 0', async () => {
    const service = await lab.service(
      'done',
      `ExecStart=sh -c 'test -e /run/test-well && exec sleep infinity; exit 0'`,
    );
    await lab.start(service);
    await lab.host.waitFor('its end', async () => (await lab.show('ExecMainExitTimestamp', service)) !== '');
    await makeWell();
    expect(await lab.show('Result', service)).toBe('success');
    expect(await lab.healOne(service)).toMatchObject({
      outcome: 'fixed',
      issue: { severity: 3, description: `${service}.service is inactive, though nobody stopped it` },
    });
  });

  test('is a start if it is listed and was killed by SIGTERM, not through systemd', async () => {
    const service = await lab.service('termed', FOR_GOOD);
    await lab.host.systemctl('start', service);
    await lab.host.run(['kill', '-TERM', await lab.show('MainPID', service)]);
    await lab.until('inactive', service);
    expect(await lab.show('Result', service)).toBe('success');
    expect(await lab.healOne(service)).toMatchObject({ outcome: 'fixed', issue: { severity: 3 } });
  });

  test('is only a report if a person stopped it, also with keepRunning', async () => {
    const service = await lab.service('stopped', FOR_GOOD);
    await lab.host.systemctl('start', service);
    await lab.host.systemctl('stop', service);
    expect(await lab.healOne(service)).toMatchObject({
      outcome: 'skipped',
      blockedBy: 'monitor-only',
      issue: { severity: 1, description: `${service}.service was stopped by a person or a program` },
    });
    expect(await lab.show('ActiveState', service)).toBe('inactive');

    const [kept] = await lab.heal({ services: [{ unit: service, keepRunning: true }] });
    expect(kept).toMatchObject({ blockedBy: 'monitor-only', issue: { severity: 1 } });
    expect(await lab.show('ActiveState', service)).toBe('inactive');
  });

  test('is only a report if systemd has no record of its last run, unless it has keepRunning', async () => {
    const service = await lab.service('forgotten', FOR_GOOD, '[Install]\n');
    await lab.host.systemctl('start', service);
    await lab.host.run(['kill', '-TERM', await lab.show('MainPID', service)]);
    await lab.until('inactive', service);
    expect(await lab.healOne(service)).toMatchObject({ blockedBy: 'monitor-only', issue: { severity: 1 } });
    const [kept] = await lab.heal({ services: [{ unit: service, keepRunning: true }] });
    expect(kept).toMatchObject({ outcome: 'fixed', issue: { severity: 3 } });
  });

  test('is reported under its own name if it is an instance of a template', async () => {
    await lab.service('many@', FOR_GOOD);
    const service = 'test-many@bar';
    await lab.host.systemctl('enable', '--quiet', '--now', service);
    await lab.host.systemctl('start', 'test-many@other');
    const [other] = await lab.runs('test-many@other');
    await lab.kill(service);
    expect(await lab.healOne(service)).toMatchObject({ outcome: 'fixed', issue: { component: service } });
    expect(await lab.runs('test-many@other')).toEqual([other]);
  });

  test('is fixed if a listed, failed oneshot ends well at a later start', async () => {
    const service = await lab.service('once', 'Type=oneshot\nExecStart=test -e /run/test-well');
    await lab.start(service);
    await lab.until('failed', service);
    expect(await lab.healOne(service)).toMatchObject({ success: false, actionTaken: 'restart_service' });
    await makeWell();
    expect(await lab.healOne(service)).toMatchObject({ outcome: 'fixed' });
    expect(await lab.verdict(service)).toMatchObject({ status: 'ok' });
  });

  test('is a restart if it is listed, transient and failed', async () => {
    const service = lab.takeBack('test-passing');
    const script = 'test -e /run/test-well && exec sleep infinity; exit 1';
    await lab.host.run(['systemd-run', '--quiet', `--unit=${service}`, 'sh', '-c', script]);
    await lab.until('failed', service);
    await makeWell();
    expect(await lab.healOne(service)).toMatchObject({ outcome: 'fixed' });
  });

  test('comes first for the one of two failed services that the other needs', async () => {
    const back = await lab.service('z-back', FOR_GOOD);
    const needs = `[Unit]\nRequires=${back}.service\nAfter=${back}.service\n`;
    const front = await lab.service('a-front', FOR_GOOD, needs);
    await lab.host.systemctl('start', front);
    await lab.kill(front);
    await lab.kill(back);
    const results = await lab.heal({ services: [front, back] });
    expect(results.map(({ issue, outcome }) => [issue.component, outcome])).toEqual([
      [back, 'fixed'],
      [front, 'fixed'],
    ]);
  });
});

describeOnHost('a service that is not repaired', (lab) => {
  test.each([
    ['listed', true],
    ['not listed', false],
  ])('is a crash loop, HIGH after three restarts, which is left to systemd while %s', async (_, listed) => {
    const lines = `ExecStart=sh -c 'sleep 0.05; exit 1'\nRestart=always\nRestartSec=200ms`;
    const service = await lab.service('loop', lines, '[Unit]\nStartLimitIntervalSec=0\n');
    await lab.start(service);
    const [told] = await lab.drive([['monitor', { interval: 0.2, forMs: 3_000 }]], {
      options: listed ? { services: [service] } : {},
    });
    expect(told.results).toEqual([]);
    expect(told.blocked[0]).toMatchObject({
      blockedBy: 'in-transition',
      issue: { severity: 3, description: expect.stringContaining('is in a crash loop') as string },
    });
    // A restart by the engine would have reset the counter.
    expect(Number(await lab.show('NRestarts', service))).toBeGreaterThan(5);
  });

  test.each([
    ['it waits for a notification that does not come', 'Type=notify\nExecStart=sleep infinity'],
    ['it runs its ExecStartPre=', 'ExecStartPre=sleep infinity\nExecStart=sleep infinity'],
    ['it is a running oneshot', 'Type=oneshot\nExecStart=sleep infinity'],
  ])('%s: it is left to systemd, for every caller', async (_, lines) => {
    const service = await lab.service('slow', `${lines}\nTimeoutStartSec=infinity`);
    await lab.start(service);
    await lab.until('activating', service);
    const jobs = await lab.jobs();
    const [results, byHand, direct] = await lab.drive(
      [
        ['detectAndHeal'],
        ['healIssue', issueWith(service)],
        ['execute', { action: 'restart_service', parameters: { service } }],
      ],
      { options: { services: [service] } },
    );
    expect(results).toEqual([]);
    expect(byHand).toMatchObject({ outcome: 'skipped', success: false });
    expect(direct).toMatchObject({ outcome: 'skipped', blockedBy: 'in-transition', steps: [] });
    expect(await lab.jobs()).toBe(jobs);
    expect(await lab.verdict(service)).toMatchObject({
      status: 'ok',
      reason: expect.stringMatching(/left to systemd|a oneshot that is running/) as string,
    });
  });

  test('is still being stopped by systemd', async () => {
    const service = await lab.service('leaving', 'ExecStart=sleep infinity\nExecStop=sleep infinity');
    await lab.host.systemctl('start', service);
    await lab.host.systemctl('stop', '--no-block', service);
    await lab.until('deactivating', service);
    const [direct] = await lab.drive([['execute', { action: 'restart_service', parameters: { service } }]], {
      options: { services: [service] },
    });
    expect(direct).toMatchObject({ blockedBy: 'in-transition', steps: [] });
    expect(await lab.verdict(service)).toMatchObject({ status: 'ok' });
  });

  test('is masked, and reported', async () => {
    const service = lab.takeBack('test-masked');
    await lab.host.run(['ln', '-s', '/dev/null', `/etc/systemd/system/${service}.service`]);
    await lab.host.systemctl('daemon-reload');
    expect(await lab.healOne(service)).toMatchObject({
      blockedBy: 'monitor-only',
      issue: { severity: 1, description: `${service}.service is masked` },
    });
    const [direct] = await lab.drive([['execute', { action: 'restart_service', parameters: { service } }]], {
      options: { services: [service] },
    });
    expect(direct).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable', steps: [] });
  });

  test('is disabled and not running, and reported', async () => {
    const service = await lab.service('idle', FOR_GOOD);
    await lab.host.systemctl('disable', '--quiet', service);
    expect(await lab.healOne(service)).toMatchObject({
      blockedBy: 'monitor-only',
      issue: { severity: 1, description: `${service}.service is inactive and disabled` },
    });
  });

  test('is a oneshot, a transient unit or one that no unit wants, unless it is listed', async () => {
    const oneshot = await lab.service('job', 'Type=oneshot\nExecStart=false');
    const lonely = await lab.service('lonely', 'ExecStart=false', '[Install]\n');
    const passing = lab.takeBack('test-passing');
    await lab.start(oneshot);
    await lab.start(lonely);
    await lab.host.run(['systemd-run', '--quiet', `--unit=${passing}`, 'false']);
    for (const service of [oneshot, lonely, passing]) await lab.until('failed', service);
    const runs = await lab.runs(oneshot, lonely, passing);
    const results = await lab.heal();
    const reasons = new Map(
      results.map(({ issue, blockedBy, error }) => [issue.component, `${blockedBy}: ${error}`]),
    );
    expect(reasons.get(oneshot)).toMatch(/^not-allowed: .*oneshot/);
    expect(reasons.get(lonely)).toMatch(/^not-allowed: .*list it in `services`/);
    expect(reasons.get(passing)).toMatch(/^not-allowed: .*transient/);
    expect(reasons.size).toBe(3);
    expect(await lab.runs(oneshot, lonely, passing)).toEqual(runs);
  });

  test('is unlisted while others are listed, whatever requests the repair', async () => {
    const service = await lab.service('unlisted', FOR_GOOD);
    await lab.host.systemctl('start', service);
    await lab.kill(service);
    const jobs = await lab.jobs();
    const [cycle, byHand, batch, direct] = await lab.drive(
      [
        ['detectAndHeal'],
        ['healIssue', issueWith(service)],
        ['healIssuesBatch', [issueWith(service, { severity: 4 }), issueWith(`${service}.service`)]],
        ['execute', { action: 'restart_service', parameters: { service } }],
      ],
      { options: { services: ['nginx'] } },
    );
    for (const result of [...cycle, byHand, ...batch, direct]) {
      expect(result).toMatchObject({ outcome: 'skipped', success: false, blockedBy: 'not-allowed' });
    }
    expect(batch).toHaveLength(2);
    expect(direct.steps).toEqual([]);
    expect(await lab.jobs()).toBe(jobs);
  });

  test('is inactive while its socket listens, or because its condition does not hold', async () => {
    await lab.unit('lazy.socket', '[Socket]\nListenStream=/run/test-lazy.sock\n');
    const lazy = await lab.service('lazy', FOR_GOOD, '[Install]\n');
    const picky = await lab.service('picky', FOR_GOOD, '[Unit]\nConditionPathExists=/nowhere\n');
    await lab.host.systemctl('start', 'test-lazy.socket', picky);
    expect(await lab.verdict(lazy)).toMatchObject({
      status: 'ok',
      reason: expect.stringContaining('test-lazy.socket starts it') as string,
    });
    expect(await lab.verdict(picky)).toMatchObject({
      status: 'ok',
      reason: expect.stringContaining('condition') as string,
    });
    expect(await lab.heal({ services: [lazy, picky] })).toEqual([]);
  });

  test('is one of many listed services that die at once, which have one cause', async () => {
    const services = [];
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
      services.push(await lab.service(`many-${name}`, FOR_GOOD));
    await lab.host.systemctl('start', ...services);
    const [well, , , results] = await lab.drive(
      [
        ['detectAndHeal'],
        ['run', ['systemctl', 'kill', '--signal=KILL', ...services.slice(1)]],
        ['sleep', 500],
        ['detectAndHeal'],
      ],
      { options: { services } },
    );
    expect(well).toEqual([]);
    expect(results.map(({ blockedBy }) => blockedBy)).toEqual(services.slice(1).map(() => 'storm'));
  });

  test('is unknown to systemd', async () => {
    const [verdicts, results, byHand, direct] = await lab.drive(
      [
        ['inspect'],
        ['detectAndHeal'],
        ['healIssue', issueWith('no-such-thing')],
        ['execute', { action: 'restart_service', parameters: { service: 'no-such-thing' } }],
      ],
      { options: { services: ['no-such-thing'] } },
    );
    expect(verdicts.find(({ component }) => component === 'no-such-thing')).toMatchObject({
      status: 'unknown',
      reason: 'systemd does not know no-such-thing.service',
    });
    expect(results).toEqual([]);
    expect(byHand).toMatchObject({ outcome: 'skipped', success: false });
    expect(direct).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable', steps: [] });
  });

  test('is a failed mount, timer or socket, reported as LOW', async () => {
    const mount = await lab.unit(
      'mnt.mount',
      '[Mount]\nWhat=tmpfs\nWhere=/test/mnt\nType=tmpfs\nOptions=no-such-option\n',
    );
    const socket = await lab.unit('busy.socket', '[Socket]\nListenStream=80\n');
    await lab.unit('busy.service', '[Service]\nExecStart=sleep infinity\n');
    const timer = await lab.unit('tick.timer', '[Timer]\nOnActiveSec=1s\nAccuracySec=1ms\n');
    await lab.unit('tick.service', '[Service]\nExecStart=true\n');
    await lab.host.systemctl('start', timer);
    await lab.host.run(['ln', '-sf', '/dev/null', '/etc/systemd/system/test-tick.service']);
    await lab.host.systemctl('daemon-reload');
    await lab.start(mount);
    await lab.start(socket);
    for (const unit of [mount, socket, timer]) await lab.until('failed', unit);
    const results = await lab.heal();
    expect(
      results.map(({ issue, blockedBy }) => [issue.component, issue.severity, blockedBy]).sort(),
    ).toEqual([
      [socket, 1, 'monitor-only'],
      [mount, 1, 'monitor-only'],
      [timer, 1, 'monitor-only'],
    ]);
  });

  test('is one without a reload command whose reload is requested, and no restart replaces it', async () => {
    const service = await lab.service('stiff', FOR_GOOD);
    await lab.host.systemctl('start', service);
    const runs = await lab.runs(service);
    const [execution] = await lab.drive(
      [['execute', { action: 'reload_service', parameters: { service } }]],
      {
        options: { services: [service] },
      },
    );
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable', steps: [] });
    expect(execution.error).toContain('cannot reload');
    expect(await lab.runs(service)).toEqual(runs);
  });
});
