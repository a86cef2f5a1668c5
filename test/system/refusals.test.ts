import { expect, test } from 'vitest';
import { describeOnHost, issueWith, type Step } from './lab.js';

const restart = (service: string): Step => [
  'execute',
  { action: 'restart_service', parameters: { service } },
];
const reload = (service: string): Step => ['execute', { action: 'reload_service', parameters: { service } }];

const VITAL = ['dbus', 'systemd-logind', 'systemd-journald'];

describeOnHost('a protected unit', (lab) => {
  /** Runs something that must leave every vital unit in the same run, and systemd without a new job. */
  async function untouched<T>(act: () => Promise<T>): Promise<T> {
    const before = [await lab.jobs(), ...(await lab.runs(...VITAL))];
    const answer = await act();
    expect([await lab.jobs(), ...(await lab.runs(...VITAL))], 'jobs and runs').toEqual(before);
    return answer;
  }

  test('is rejected by each of its names, listed or not, for every caller', async () => {
    const names = [
      ...[
        'dbus',
        'dbus.service',
        'systemd-logind',
        'dbus-org.freedesktop.login1',
        'systemd-journald.service',
      ],
      ...[
        'sshd',
        'ssh.service',
        'NetworkManager',
        'user@0',
        'getty@tty1',
        'nix-daemon',
        'luminous-healing-anything',
      ],
    ];
    for (const services of [undefined, names]) {
      const executions = await untouched(() =>
        lab.drive(
          names.flatMap((name) => [restart(name), reload(name)]),
          { options: { services } },
        ),
      );
      expect(executions).toHaveLength(2 * names.length);
      for (const execution of executions) {
        expect(execution).toMatchObject({
          outcome: 'skipped',
          success: false,
          blockedBy: 'protected',
          steps: [],
        });
      }
    }
  });

  test('is not restarted for a resolver, or for a manually created issue: the bus', async () => {
    await lab.kill('nginx');
    const service = 'dbus-org.freedesktop.login1.service';
    for (const target of ['dbus', service]) {
      const [cycle, byHand] = await untouched(() =>
        lab.drive([['detectAndHeal'], ['healIssue', issueWith('nginx', { severity: 4 })]], {
          options: { services: ['nginx', 'dbus'] },
          resolve: { action: 'restart_service', parameters: { service: target } },
        }),
      );
      for (const result of [...cycle, byHand]) {
        expect(result).toMatchObject({
          outcome: 'skipped',
          blockedBy: 'protected',
          actionTaken: 'restart_service',
        });
      }
    }
    const [vital] = await untouched(() =>
      lab.drive([['healIssuesBatch', VITAL.map((name) => issueWith(name))]]),
    );
    for (const result of vital) expect(result).toMatchObject({ outcome: 'skipped', success: false });
    await lab.host.systemctl('reset-failed', 'nginx');
    await lab.host.systemctl('start', 'nginx');
  });

  test('is not touched by a custom action that passes it to systemctl', async () => {
    const [execution] = await untouched(() =>
      lab.drive([['execute', { action: 'sly', parameters: {} }]], {
        commands: { sly: { argv: ['systemctl', '--no-block', 'restart', 'dbus.service'], timeoutMs: 5_000 } },
      }),
    );
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy: 'protected', steps: [] });
  });

  test('is also a service with a protected alias, and an alias of a protected service', async () => {
    const gate = await lab.service('gate', 'ExecStart=sleep infinity', '[Install]\nAlias=sshd.service\n');
    await lab.host.run([
      'ln',
      '-s',
      '/lib/systemd/system/systemd-logind.service',
      '/etc/systemd/system/test-door.service',
    ]);
    await lab.host.systemctl('daemon-reload');
    await lab.host.systemctl('start', gate);
    await lab.kill(gate);
    const steps = [gate, 'sshd', 'test-door'].map((name) => restart(name));
    const executions = await untouched(() =>
      lab.drive(steps, { options: { services: [gate, 'sshd', 'test-door'] } }),
    );
    for (const execution of executions)
      expect(execution).toMatchObject({ blockedBy: 'protected', steps: [] });
    expect(await lab.healOne(gate)).toMatchObject({ outcome: 'skipped', blockedBy: 'protected' });
    expect(await lab.show('ActiveState', gate)).toBe('failed');
  });

  test.each(['Requires', 'BindsTo', 'PartOf', 'Requisite'])(
    'is not stopped by the restart of a service that it depends on by %s=, also indirectly',
    async (relation) => {
      const base = await lab.service('base', 'ExecStart=sleep infinity');
      const middle = await lab.service(
        'middle',
        'ExecStart=sleep infinity',
        `[Unit]\n${relation}=${base}.service\nAfter=${base}.service\n`,
      );
      await lab.host.writeUnit(
        'ssh.service',
        `[Unit]\n${relation}=${middle}.service\nAfter=${middle}.service\n[Service]\nExecStart=sleep infinity\n`,
      );
      await lab.host.systemctl('start', base);
      await lab.host.systemctl('start', middle);
      await lab.host.systemctl('start', 'ssh');
      const runs = await lab.runs('ssh', middle, base);
      const [one, two] = await untouched(() =>
        lab.drive([restart(base), restart(middle)], { options: { services: [base, middle] } }),
      );
      for (const execution of [one, two]) {
        expect(execution).toMatchObject({
          blockedBy: 'protected',
          error: 'ssh.service would be restarted, which is protected (ssh)',
          steps: [],
        });
      }
      expect(await lab.runs('ssh', middle, base)).toEqual(runs);
      await lab.host.systemctl('stop', 'ssh');
    },
  );

  test('is one that the option `protect` names, by name and by prefix', async () => {
    const service = await lab.service('precious', 'ExecStart=sleep infinity');
    await lab.host.systemctl('start', service);
    await lab.kill(service);
    for (const protect of [service, `${service}.service`, 'test-prec*']) {
      const options = { services: [service], protect: [protect] };
      const [cycle, direct] = await untouched(() =>
        lab.drive([['detectAndHeal'], restart(service)], { options }),
      );
      expect(cycle).toMatchObject([{ outcome: 'skipped', blockedBy: 'protected' }]);
      expect(direct).toMatchObject({ blockedBy: 'protected', steps: [] });
    }
    expect(await lab.healOne(service)).toMatchObject({ outcome: 'fixed' });
  });
});

const HOSTILE = [
  ...[
    'a;reboot',
    '$(reboot)',
    '`reboot`',
    'a b',
    '--now',
    '-H',
    '--',
    '../x',
    '/etc/passwd',
    'a/b',
    '*',
    'n?inx',
    'ngin[x]',
  ],
  ...[
    'a\nb',
    'a\0b',
    ' nginx',
    'nginx ',
    '',
    '.service',
    '@',
    'a@',
    '%n',
    'a'.repeat(300),
    'ä',
    'nginx.service.',
    '\u202enignx',
  ],
];

describeOnHost('an invalid unit name', (lab) => {
  test('is refused before anything runs', async () => {
    const jobs = await lab.jobs();
    const executions = await lab.drive(HOSTILE.flatMap((name) => [restart(name), reload(name)]));
    expect(executions).toHaveLength(2 * HOSTILE.length);
    for (const [index, execution] of executions.entries()) {
      expect(execution, JSON.stringify(HOSTILE[index >> 1])).toMatchObject({ success: false, steps: [] });
      expect(['failed', 'skipped']).toContain((execution as { outcome: string }).outcome);
    }
    expect(await lab.jobs()).toBe(jobs);
  });

  test('in an issue triggers no action', async () => {
    const jobs = await lab.jobs();
    const names = HOSTILE.filter((name) => name !== '');
    const [results] = await lab.drive([['healIssuesBatch', names.map((name) => issueWith(name))]]);
    expect(results).toHaveLength(names.length);
    for (const result of results) {
      expect(result, JSON.stringify(result.issue.component)).toMatchObject({ success: false });
      expect(['failed', 'skipped']).toContain(result.outcome);
      expect(result.error).toMatch(/./);
    }
    expect(await lab.jobs()).toBe(jobs);
    await expect(lab.drive([['healIssue', issueWith('')]])).rejects.toThrow('Expected `issue.component`');
  });

  test('is refused in an option, when it is set', async () => {
    for (const name of ['a;reboot', '--now', '../x', 'a\nb', '', '*', 'a'.repeat(300)]) {
      await expect(lab.heal({ services: [name] }), name).rejects.toThrow(
        /^Expected `services\[0\]` to be a systemd unit name/,
      );
    }
  });
});
