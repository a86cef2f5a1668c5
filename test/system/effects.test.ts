import { expect, test } from 'vitest';
import { describeOnBoth } from './both-suites.js';
import { commandsOf, type Lab } from './lab.js';

const UNTIL_WELL = `ExecStart=sh -c 'test -e /run/test-well && exec sleep infinity; exit 1'`;
const FOR_GOOD = 'ExecStart=sleep infinity';

const effects = (lab: Lab): void => {
  /** A service that was killed, and that a start brings back. */
  const killed = async (name: string, unit: string, lines = FOR_GOOD): Promise<string> => {
    const service = await lab.service(name, lines, unit);
    await lab.host.systemctl('start', service);
    await lab.kill(service);
    return service;
  };

  test('a start of a failed service leaves the healthy service that requires it as it is', async () => {
    const db = await lab.service('db', FOR_GOOD);
    const app = await lab.service('app', FOR_GOOD, `[Unit]\nRequires=${db}.service`);
    await lab.host.systemctl('start', db, app);
    await lab.kill(db);
    const [before] = await lab.runs(app);
    const result = await lab.healOne(db, { options: { protect: [app] } });
    expect(result).toMatchObject({ outcome: 'fixed', plan: { effects: { touches: [] } } });
    expect(await lab.runs(app)).toEqual([before]);
  });

  test('a restart of an active service names the service that goes along, and waits for approval', async () => {
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

  test('a failed service that conflicts with a protected, running one is not started', async () => {
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
    'a failed service that conflicts with %s of a running OpenSSH is not started, and ssh runs on',
    async (name) => {
      // Debian makes the second name when the unit is enabled.
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

  test('a reload that systemd would pass on to a protected service is refused', async () => {
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

  test('a service whose next start could reach StartLimitAction=reboot is left alone', async () => {
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

  test('a service with SuccessAction=reboot is started by nobody without approval', async () => {
    const service = await killed('final', '[Unit]\nSuccessAction=reboot');
    expect(await lab.healOne(service)).toMatchObject({
      outcome: 'skipped',
      blockedBy: 'needs-approval',
      plan: { effects: { emergency: [`${service}.service: SuccessAction=reboot`] } },
    });
    expect(await lab.show('ActiveState', service)).toBe('failed');
  });

  test('a start that systemd refuses leaves the unit failed, as it was', async () => {
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
    'a start that the start limit refused is repeated after a reset, where systemd shows the failure %s',
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

  test('a changed unit file that systemd has not loaded yet is reported in the plan', async () => {
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

await describeOnBoth('effects of a repair on other units', effects);
