import { expect, test } from 'vitest';
import { describeOnBoth } from './both-suites.js';
import { commandsOf, type Lab } from './lab.js';

const UNTIL_WELL = `ExecStart=sh -c 'test -e /run/test-well && exec sleep infinity; exit 1'`;
const FOR_GOOD = 'ExecStart=sleep infinity';

const effects = (lab: Lab): void => {
  /** Service that was killed, and that a start repairs. */
  const killed = async (name: string, unit: string, lines = FOR_GOOD): Promise<string> => {
    const service = await lab.service(name, lines, unit);
    await lab.host.systemctl('start', service);
    await lab.kill(service);
    return service;
  };

  test('do not include a healthy service that requires a failed one which is started', async () => {
    const db = await lab.service('db', FOR_GOOD);
    const app = await lab.service('app', FOR_GOOD, `[Unit]\nRequires=${db}.service`);
    await lab.host.systemctl('start', db, app);
    await lab.kill(db);
    const [before] = await lab.runs(app);
    const result = await lab.healOne(db, { options: { protect: [app] } });
    expect(result).toMatchObject({ outcome: 'fixed', plan: { effects: { touches: [] } } });
    expect(await lab.runs(app)).toEqual([before]);
  });

  test.each([
    ['wanted, and stopped by a person', 'Wants', 'service', FOR_GOOD],
    ['required, and whose stop failed', 'Requires', 'service', `${FOR_GOOD}\nExecStop=false`],
    ['required, and a socket that was stopped', 'Requires', 'socket', FOR_GOOD],
  ])('block a start that would start a unit that is %s', async (_, by, kind, lines) => {
    const base = await lab.service('base', lines);
    if (kind === 'socket') await lab.unit('base.socket', '[Socket]\nListenStream=/run/test-base.sock\n');
    const unit = `${base}.${kind}`;
    const app = await killed('app', `[Unit]\n${by}=${unit}`);
    await lab.host.systemctl('stop', unit);
    const result = await lab.healOne(app);
    expect(result).toMatchObject({
      blockedBy: 'not-allowed',
      error: `Starting ${app}.service would start ${unit}, which a person has stopped or masked`,
    });
    expect(await lab.show('ActiveState', unit)).not.toBe('active');
  });

  test('name a running service that is restarted as well, which requires approval', async () => {
    const db = await lab.service('db', FOR_GOOD);
    const app = await lab.service('app', FOR_GOOD, `[Unit]\nRequires=${db}.service`);
    await lab.host.systemctl('start', db, app);
    const before = await lab.runs(db, app);
    const [told] = await lab.drive(
      [['execute', { action: 'restart_service', parameters: { service: db } }]],
      { options: { services: [db] } },
    );
    expect(told).toMatchObject({
      outcome: 'skipped',
      blockedBy: 'needs-approval',
      error: `${app}.service would be restarted and is not listed in \`services\``,
    });
    expect(await lab.runs(db, app)).toEqual(before);
  });

  test('block the start of a failed service that conflicts with a protected, running one', async () => {
    const guarded = await lab.service('guarded', FOR_GOOD);
    const rival = await lab.service('rival', UNTIL_WELL, `[Unit]\nConflicts=${guarded}.service`);
    await lab.host.run(['systemctl', 'start', rival], { allowFailure: true });
    await lab.until('failed', rival);
    await lab.host.systemctl('start', guarded);
    const before = await lab.runs(guarded);
    const result = await lab.healOne(rival, { options: { protect: [guarded] } });
    expect(result).toMatchObject({ outcome: 'skipped', blockedBy: 'protected' });
    expect(result.error).toMatch(`${guarded}.service would be stopped`);
    expect(await lab.runs(guarded)).toEqual(before);
  });

  test.each(['ssh.service', 'sshd.service'])(
    'block the start of a failed service that conflicts with %s of a running OpenSSH, and ssh continues to run',
    async (name) => {
      // Debian creates the second name when the unit is enabled.
      await lab.host.systemctl('enable', '--quiet', 'ssh.service');
      const rival = await lab.service('rival', UNTIL_WELL, `[Unit]\nConflicts=${name}`);
      await lab.host.run(['systemctl', 'start', rival], { allowFailure: true });
      await lab.until('failed', rival);
      await lab.host.systemctl('start', 'ssh.service');
      await lab.host.writeFile('/run/test-well', '');
      const before = await lab.runs('ssh.service');
      try {
        const result = await lab.healOne(rival);
        expect(result).toMatchObject({ outcome: 'skipped', blockedBy: 'protected' });
        expect(result.error).toMatch('ssh.service would be stopped');
        expect(await lab.runs('ssh.service')).toEqual(before);
        expect(await lab.show('ActiveState', 'ssh.service')).toBe('active');
      } finally {
        await lab.host.systemctl('disable', '--quiet', '--now', 'ssh.service');
      }
    },
  );

  test('block a reload that systemd would propagate to a protected service', async () => {
    const reloads = 'ExecReload=true';
    const guarded = await lab.service('guarded', `${FOR_GOOD}\n${reloads}`);
    const web = await lab.service(
      'web',
      `${FOR_GOOD}\n${reloads}`,
      `[Unit]\nPropagatesReloadTo=${guarded}.service`,
    );
    await lab.host.systemctl('start', guarded, web);
    const jobs = await lab.jobs();
    const [told] = await lab.drive(
      [['execute', { action: 'reload_service', parameters: { service: web } }]],
      { options: { services: [web], protect: [guarded] } },
    );
    expect(told).toMatchObject({ outcome: 'skipped', blockedBy: 'protected' });
    expect(await lab.jobs()).toBe(jobs);
  });

  test('block a start that could reach StartLimitAction=reboot', async () => {
    const limit = '[Unit]\nStartLimitIntervalSec=600\nStartLimitBurst=2\nStartLimitAction=reboot';
    const service = await killed('limited', limit);
    expect(await lab.healOne(service)).toMatchObject({
      outcome: 'skipped',
      blockedBy: 'backoff',
      error: expect.stringMatching(
        /was started 1 time within 10 min and has StartLimitAction=reboot/,
      ) as string,
    });
    expect(await lab.show('ActiveState', service)).toBe('failed');
  });

  test('require approval for a service with SuccessAction=reboot', async () => {
    const service = await killed('final', '[Unit]\nSuccessAction=reboot');
    expect(await lab.healOne(service)).toMatchObject({
      outcome: 'skipped',
      blockedBy: 'needs-approval',
      plan: { effects: { emergency: [`${service}.service: SuccessAction=reboot`] } },
    });
    expect(await lab.show('ActiveState', service)).toBe('failed');
  });

  test('are none if systemd refuses a start: the unit stays failed', async () => {
    const cause = await lab.service('cause', FOR_GOOD);
    const service = await lab.service('need', FOR_GOOD, `[Unit]\nRequires=${cause}.service`);
    await lab.host.systemctl('start', service);
    await lab.kill(service);
    await lab.host.run(['sh', '-c', `systemctl stop ${cause}; systemctl disable -q ${cause}`]);
    await lab.host.run(
      [
        'sh',
        '-c',
        `rm /etc/systemd/system/${cause}.service /lib/systemd/system/${cause}.service; systemctl daemon-reload`,
      ],
      {
        allowFailure: true,
      },
    );
    const before = await Promise.all(
      ['Result', 'NRestarts', 'InvocationID'].map((name) => lab.show(name, service)),
    );
    const result = await lab.healOne(service);
    expect(result.success).toBe(false);
    expect(await lab.show('ActiveState', service)).toBe('failed');
    expect(
      await Promise.all(['Result', 'NRestarts', 'InvocationID'].map((name) => lab.show(name, service))),
    ).toEqual(before);
    expect(await lab.verdict(service)).toMatchObject({ status: 'bad' });
  });

  test.each([
    ['as an exit code', UNTIL_WELL, 'exit-code'],
    [
      'as a signal',
      `ExecStart=sh -c 'test -e /run/test-well && exec sleep infinity; kill -9 $$$$'`,
      'signal',
    ],
  ])(
    'allow a second start after a reset if the start limit refused the first, and systemd shows the failure %s',
    async (_, lines) => {
      const limit = '[Unit]\nStartLimitIntervalSec=600\nStartLimitBurst=2';
      const service = await lab.service('often', lines, limit);
      for (let starts = 0; starts < 3; starts += 1) {
        await lab.host.run(['systemctl', 'start', service], { allowFailure: true });
        await lab.until('failed', service);
      }
      await lab.host.writeFile('/run/test-well', '');
      const result = await lab.healOne(service);
      expect(result).toMatchObject({ outcome: 'fixed' });
      expect(commandsOf(result).at(-1)).toBe(`systemctl --no-ask-password start -- ${service}.service`);
    },
  );

  test('mention a changed unit file that systemd has not loaded yet', async () => {
    const service = await killed('stale', '');
    await lab.host.run([
      'sh',
      '-c',
      `f=$(systemctl show -p FragmentPath --value ${service}); sleep 1; echo '#' >> $f`,
    ]);
    const result = await lab.healOne(service);
    expect(result.plan?.notes).toEqual([
      `The unit file of ${service}.service changed on disk; systemd starts the loaded version until daemon-reload`,
    ]);
  });
};

await describeOnBoth('the effects of a repair on other units', effects);
