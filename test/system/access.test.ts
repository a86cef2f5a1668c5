import { expect, test } from 'vitest';
import { commandsOf, describeOnHost, issueWith } from './lab.js';

describeOnHost('an engine that does not run as root', (lab) => {
  const brokenNginx = async () => {
    await lab.host.systemctl('reset-failed', 'nginx');
    await lab.host.systemctl('start', 'nginx');
    await lab.kill('nginx');
  };
  const active = () => lab.show('ActiveState', 'nginx');

  test('fails to heal with one sentence that says what to do, changes nothing, and its dry run works', async () => {
    await brokenNginx();
    const jobs = await lab.jobs();
    const real = await lab.healOne('nginx', { user: 'nobody' });
    expect(real).toMatchObject({ outcome: 'failed', success: false, issue: { severity: 3 } });
    expect(real.error).toMatch(/not root.*(run as root|LUMINOUS_DEV_MODE)/);
    const dry = await lab.healOne('nginx', { user: 'nobody', options: { dryRun: true } });
    expect(dry).toMatchObject({ outcome: 'planned', success: true });
    expect(dry.plan?.notes.join()).toContain('Needs root');
    expect(commandsOf(dry)).toEqual(commandsOf(real));
    expect(await lab.jobs()).toBe(jobs);
    expect(await active()).toBe('failed');
  });

  test('heals through sudo in the development tier, if sudo needs no password', async () => {
    await lab.host.run(['useradd', '--create-home', 'alice']);
    const alice = { user: 'alice', env: { LUMINOUS_DEV_MODE: '1' } };
    await brokenNginx();
    const refused = await lab.healOne('nginx', alice);
    expect(refused).toMatchObject({ outcome: 'failed', success: false });
    expect(refused.error).toMatch(/sudo -n does not work.*run as root, or allow sudo without a password/);
    expect(await active()).toBe('failed');

    await lab.host.writeFile('/etc/sudoers.d/alice', 'alice ALL=(ALL) NOPASSWD: ALL\n', 0o440);
    const dry = await lab.healOne('nginx', { ...alice, options: { dryRun: true } });
    expect(commandsOf(dry)[0]).toMatch(
      /^sudo -n -- timeout .* systemctl --no-ask-password start -- nginx\.service$/,
    );
    const fixed = await lab.healOne('nginx', alice);
    expect(fixed).toMatchObject({ outcome: 'fixed', success: true });
    expect(fixed.plan?.steps).toEqual(dry.plan?.steps);
    expect((await lab.host.run(['curl', '-sS', 'http://localhost/'])).stdout).toContain('Welcome to nginx');

    await brokenNginx();
    expect(await lab.healOne('nginx', { user: 'alice' }), 'without LUMINOUS_DEV_MODE').toMatchObject({
      outcome: 'failed',
      error: expect.stringContaining('service tier') as string,
    });
    expect(await active()).toBe('failed');
  });

  test('does not restart itself in the development tier either', async () => {
    const [direct, byHand] = await lab.drive(
      [
        ['execute', { action: 'restart_service', parameters: { service: 'dbus' } }],
        ['healIssue', issueWith('systemd-logind')],
      ],
      { user: 'alice', env: { LUMINOUS_DEV_MODE: 'true' } },
    );
    expect(direct).toMatchObject({ blockedBy: 'protected', steps: [] });
    expect(byHand).toMatchObject({ outcome: 'skipped' });
  });
});

describeOnHost('an engine on a host whose bus is gone', (lab) => {
  test('reads the same by systemctl, heals the same, and uses the bus again once it is back', async () => {
    await lab.host.run(['systemctl', 'start', 'nginx']);
    const idle = await lab.service('idle', 'ExecStart=sleep infinity');
    const ill = await lab.service('ill', 'ExecStart=sleep infinity', '[Unit]\nStartLimitIntervalSec=0\n');
    await lab.host.systemctl('start', idle, ill);
    await lab.host.systemctl('stop', idle);
    await lab.kill(ill);
    const kill = [
      ['run', ['systemctl', 'kill', '--signal=KILL', ill]],
      ['sleep', 300],
    ] as const;
    const told = await lab.drive(
      [
        ['inspect'],
        ['isOnTheBus'],
        ['run', ['systemctl', 'stop', 'dbus.socket', 'dbus.service']],
        ['inspect'],
        ['detectAndHeal'],
        ['inspect'],
        ['run', ['systemctl', 'start', 'dbus.socket', 'dbus.service']],
        ...kill,
        ['inspect'],
        ['isOnTheBus'],
      ],
      { options: { services: ['nginx', idle, ill, 'no-such-thing'] }, timeoutMs: 60_000 },
    );
    const [overBus, onBus, , withoutBus, healed, afterwards, , , , again, onBusAgain] = told;
    expect(onBus).toBe(true);
    expect(overBus.map(({ component, status }) => [component, status])).toEqual([
      ['nginx', 'ok'],
      [idle, 'bad'],
      [ill, 'bad'],
      ['no-such-thing', 'unknown'],
    ]);
    expect(withoutBus).toEqual(overBus);
    expect(new Map(healed.map(({ issue, outcome }) => [issue.component, outcome]))).toEqual(
      new Map([
        [ill, 'fixed'],
        [idle, 'skipped'],
      ]),
    );
    expect(afterwards.find(({ component }) => component === ill)).toMatchObject({ status: 'ok' });
    // The service has failed once more since.
    const withoutTime = (verdicts: typeof again) =>
      verdicts.map((verdict) => ({ ...verdict, since: verdict.component === ill ? 0 : verdict.since }));
    const sinceOf = (verdicts: typeof again) =>
      verdicts.find(({ component }) => component === ill)?.since ?? NaN;
    expect(withoutTime(again)).toEqual(withoutTime(overBus));
    expect(sinceOf(again)).toBeGreaterThan(sinceOf(overBus));
    expect(onBusAgain).toBe(true);
  });
});
