import { expect, test } from 'vitest';
import type { ComponentVerdict } from '@luminous-nix/self-healing';
import { dropInFolders } from '../../src/host/nixos/drop-ins.js';
import { describeOnBoth } from './both-suites.js';
import { commandsOf } from './lab.js';

const FOR_GOOD = 'ExecStart=sleep infinity';
/** Service that is started once it handles SIGTERM in this way: one that is stopped earlier would just die. */
const trapping = (answer: string): string =>
  `Type=notify\nNotifyAccess=all\nExecStart=sh -c 'trap ${answer} TERM; systemd-notify --ready; while :; do sleep 0.05; done'`;
/** Exits with 143 on SIGTERM, like a JVM. */
const JVM = trapping('"exit 143"');
const [LOW, HIGH] = [1, 3];

await describeOnBoth('the verdict on a unit of a booted host', (lab) => {
  const systemctl = (...args: string[]) => lab.host.systemctl(...args);
  /** Returns the verdicts on some units, as one engine reads them. */
  const verdictsOf = async (services: readonly string[]): Promise<ComponentVerdict[]> => {
    const [verdicts] = await lab.drive([['inspect']], { options: { services } });
    return verdicts;
  };
  const verdictOn = async (component: string, services: readonly string[] = [component]) =>
    (await verdictsOf(services)).find((one) => one.component === component);
  const started = async (name: string, lines: string, unit = ''): Promise<string> => {
    const service = await lab.service(name, lines, unit);
    await systemctl('start', service);
    return service;
  };

  // B4
  test('is LOW after a stop with exit status 143, and it stays stopped', async () => {
    const service = await started('jvm', JVM);
    await systemctl('stop', service);
    expect(await lab.show('ActiveState', service)).toBe('failed');
    expect(await verdictOn(service)).toMatchObject({
      severity: LOW,
      reason: `${service}.service was stopped by a person or a program, and its stop ended with status 143 (exit-code)`,
    });
    expect(await lab.heal({ services: [service] })).toMatchObject([
      { outcome: 'skipped', blockedBy: 'monitor-only' },
    ]);
    expect(await lab.heal()).toMatchObject([{ outcome: 'skipped', blockedBy: 'monitor-only' }]);
    await systemctl('start', service);
    await lab.host.run(['systemctl', 'kill', '--signal=KILL', service]);
    await lab.until('failed', service);
    expect(await verdictOn(service)).toMatchObject({ severity: HIGH });
  });

  test('is LOW after a stop that hit its timeout, or ended by a signal', async () => {
    const deaf = await started('deaf', `${trapping('""')}\nTimeoutStopSec=1`);
    await systemctl('stop', deaf);
    expect(await lab.show('Result', deaf)).toBe('timeout');
    expect(await verdictOn(deaf)).toMatchObject({ severity: LOW });
  });

  test('is HIGH, and healed, if the start limit refused a start after the stop', async () => {
    const limits = '[Unit]\nStartLimitIntervalSec=60\nStartLimitBurst=2';
    const service = await started('limited', FOR_GOOD, limits);
    await systemctl('restart', service);
    await systemctl('stop', service);
    await lab.host.run(['systemctl', 'start', service], { allowFailure: true });
    expect([await lab.show('ActiveState', service), await lab.show('Result', service)]).toEqual([
      'failed',
      'start-limit-hit',
    ]);
    expect(await verdictOn(service)).toMatchObject({ severity: HIGH });
    expect(await lab.healOne(service)).toMatchObject({ outcome: 'fixed' });
  });

  test('is LOW if it failed and is disabled, unless it is needed or has keepRunning', async () => {
    const service = await started('off', FOR_GOOD);
    await systemctl('disable', '--quiet', service);
    await lab.kill(service);
    expect(await verdictOn(service)).toMatchObject({ severity: LOW });
    const [kept] = await lab.drive([['inspect']], {
      options: { services: [{ unit: service, keepRunning: true }] },
    });
    expect(kept).toMatchObject([{ severity: HIGH }]);
    await started('needer', FOR_GOOD, `[Unit]\nWants=${service}.service`);
    await lab.kill(service);
    expect(await verdictOn(service)).toMatchObject({ severity: HIGH });
  });

  test('is based on signals if no journal can be read', async () => {
    const [stopped, killed] = [await started('quiet', FOR_GOOD), await started('shot', FOR_GOOD)];
    await lab.host.run([
      'sh',
      '-c',
      'mkdir -p /run/test-bin && ln -sf /usr/bin/systemctl /run/test-bin/systemctl',
    ]);
    const services = [stopped, killed];
    const [, , , , , verdicts] = await lab.drive(
      [
        ['inspect'],
        ['sleep', 6_000],
        ['run', ['/usr/bin/systemctl', 'stop', stopped]],
        ['run', ['/usr/bin/systemctl', 'kill', '--signal=TERM', killed]],
        // systemctl does not wait until the service is dead.
        ['sleep', 500],
        ['inspect'],
      ],
      { options: { services }, env: { PATH: '/run/test-bin:/opt/node' } },
    );
    expect(verdicts).toMatchObject([
      { severity: LOW, reason: `${stopped}.service was stopped by a person or a program` },
      { severity: HIGH, reason: `${killed}.service is inactive, though nobody stopped it` },
    ]);
  });

  // B5
  test('names the unit that it is bound to and that failed, after which it is healed', async () => {
    const base = await started('base', FOR_GOOD);
    const bound = await started('bound', FOR_GOOD, `[Unit]\nBindsTo=${base}.service\nAfter=${base}.service`);
    await lab.kill(base);
    await lab.until('inactive', bound);
    const services = [bound, base];
    expect(await verdictOn(bound, services)).toMatchObject({
      severity: HIGH,
      reason: `${bound}.service was stopped because ${base}.service failed; ${base}.service is failed, and comes first`,
    });
    expect(await verdictOn(bound, [base])).toMatchObject({ severity: LOW });
    await lab.heal({ services });
    await lab.heal({ services });
    expect([await lab.show('ActiveState', base), await lab.show('ActiveState', bound)]).toEqual([
      'active',
      'active',
    ]);
  });

  test('names the same cause if it is bound by an alias, or needs a bound one', async () => {
    const base = await lab.service('base', FOR_GOOD, '[Install]\nAlias=test-other.service');
    await systemctl('enable', '--quiet', base);
    const other = 'test-other.service';
    const bound = await started('bound', FOR_GOOD, `[Unit]\nBindsTo=${other}\nAfter=${other}`);
    const needs = `[Unit]\nRequires=${bound}.service\nAfter=${bound}.service`;
    const third = await started('third', FOR_GOOD, needs);
    await lab.kill(base);
    await lab.until('inactive', third);
    const services = [base, bound, third];
    for (const one of [bound, third])
      expect(await verdictOn(one, services)).toMatchObject({
        severity: HIGH,
        reason: `${one}.service was stopped because ${base}.service failed; ${base}.service is failed, and comes first`,
      });
  });

  test('is HIGH if it went down with one that ended by itself, and not if it was stopped before', async () => {
    const endless = '[Unit]\nStartLimitIntervalSec=0';
    const base = await started('base', FOR_GOOD, endless);
    const bind = `${endless}\nBindsTo=${base}.service\nAfter=${base}.service`;
    const [bound, idle] = [await started('bound', FOR_GOOD, bind), await started('idle', FOR_GOOD, bind)];
    await systemctl('stop', idle);
    await systemctl('kill', '--kill-whom=main', '--signal=TERM', base);
    await lab.until('inactive', bound);
    const services = [base, bound, idle];
    expect(await verdictOn(bound, services)).toMatchObject({
      severity: HIGH,
      reason: `${bound}.service was stopped because ${base}.service ended; ${base}.service is inactive, and comes first`,
    });
    expect(await verdictOn(idle, services)).toMatchObject({
      severity: LOW,
      reason: `${idle}.service was stopped by a person or a program`,
    });
    await lab.heal({ services });
    await lab.heal({ services });
    const states = await Promise.all(services.map(async (one) => lab.show('ActiveState', one)));
    expect(states).toEqual(['active', 'active', 'inactive']);
  });

  test('names a cause that was healed since, while it is still down', async () => {
    const base = await started('base', `${FOR_GOOD}\nRestart=on-failure\nRestartSec=100ms`);
    const bound = await started('bound', FOR_GOOD, `[Unit]\nBindsTo=${base}.service\nAfter=${base}.service`);
    const [run] = await lab.runs(base);
    await systemctl('kill', '--signal=KILL', base);
    await lab.until('inactive', bound);
    await lab.host.waitFor('the base to run again', async () => (await lab.runs(base))[0] !== run);
    await lab.until('active', base);
    expect(await verdictOn(bound, [bound])).toMatchObject({
      severity: HIGH,
      reason: `${bound}.service was stopped because ${base}.service failed; ${base}.service is active again, and ${bound}.service is still inactive`,
    });
    expect(await lab.healOne(bound)).toMatchObject({ outcome: 'fixed' });
  });

  test('is LOW if an operator stopped it together with the unit that it is bound to', async () => {
    const base = await started('base', JVM);
    const bound = await started('bound', FOR_GOOD, `[Unit]\nBindsTo=${base}.service\nAfter=${base}.service`);
    await systemctl('stop', base);
    await lab.until('inactive', bound);
    const verdicts = await verdictsOf([bound, base]);
    expect(verdicts.map(({ severity }) => severity)).toEqual([LOW, LOW]);
  });

  test('is LOW while a conflicting unit runs', async () => {
    const service = await started('yields', FOR_GOOD);
    const rival = await started('rival', FOR_GOOD, `[Unit]\nConflicts=${service}.service`);
    expect(await verdictOn(service)).toMatchObject({
      severity: LOW,
      reason: `${service}.service gave way to ${rival}.service, which is active: both cannot run`,
    });
  });

  test('names the unit because of which its start failed, listed or wanted by a target', async () => {
    const need = await lab.service(
      'need',
      'Type=oneshot\nRemainAfterExit=yes\nExecStart=test -e /run/test-well',
    );
    const app = await lab.service('app', FOR_GOOD, `[Unit]\nRequires=${need}.service\nAfter=${need}.service`);
    await lab.host.run(['systemctl', 'start', app], { allowFailure: true });
    expect(await lab.show('ActiveState', app)).toBe('inactive');
    const reason = expect.stringMatching(
      `${app}.service was not started because ${need}.service could not be started`,
    ) as string;
    expect(await verdictOn(app)).toMatchObject({ severity: HIGH, reason });
    const [found] = await lab.drive([['inspect']]);
    expect(found.find(({ component }) => component === app)).toMatchObject({ severity: HIGH, reason });
    await lab.host.writeFile('/run/test-well', '');
    await systemctl('start', need);
    expect(await lab.healOne(app)).toMatchObject({ outcome: 'fixed' });
  });

  test('names that unit also without a journal, if the engine was there: signals report it', async () => {
    const need = await lab.service('need', 'Type=oneshot\nExecStart=false');
    const app = await lab.service('app', FOR_GOOD, `[Unit]\nRequires=${need}.service\nAfter=${need}.service`);
    const start = ['/bin/sh', '-c', `/usr/bin/systemctl start ${app}; true`];
    const [, , found] = await lab.drive([['inspect'], ['run', start], ['inspect']], {
      options: { services: [app] },
      env: { PATH: '/nonexistent' },
    });
    expect(found.find(({ component }) => component === app)).toMatchObject({
      severity: HIGH,
      reason: expect.stringContaining(`not started because ${need}.service could not be started`) as string,
      becauseOf: `${need}.service`,
    });
  });

  // B6
  test('neither opens nor closes an issue if it never becomes ready', async () => {
    const service = await lab.service(
      'mute',
      'Type=notify\nExecStart=sleep infinity\nTimeoutStartSec=infinity',
    );
    await lab.start(service);
    await lab.until('activating', service);
    const verdict = await verdictOn(service);
    expect(verdict).toMatchObject({ status: 'ok', transient: true });
    expect(verdict?.reason).toMatch(/is activating \(start\) with a start job for .*: left to systemd/);
  });

  // B7
  test('is a crash loop at a first reading, also after a reset of its counter', async () => {
    const service = await lab.service(
      'loop',
      `ExecStart=sh -c 'exit 3'\nRestart=always\nRestartSec=300ms`,
      '[Unit]\nStartLimitIntervalSec=0',
    );
    await lab.start(service);
    await lab.host.waitFor('three restarts', async () => Number(await lab.show('NRestarts', service)) >= 4);
    expect(await verdictOn(service)).toMatchObject({
      severity: HIGH,
      reason: expect.stringContaining('crash loop') as string,
    });
    const [, , , after] = await lab.drive(
      [['inspect'], ['run', ['systemctl', 'reset-failed', service]], ['sleep', 100], ['inspect']],
      { options: { services: [service] } },
    );
    expect(after).toMatchObject([
      { severity: HIGH, reason: expect.stringContaining('crash loop') as string },
    ]);
  });

  // systemd before 254 does not know RestartMode and says so; the service is restarted all the same.
  test('is a crash loop even if its restarts are not propagated to other units', async () => {
    const lines = 'ExecStart=false\nRestart=always\nRestartSec=200ms\nRestartMode=direct';
    const service = await lab.service('direct', lines, '[Unit]\nStartLimitIntervalSec=0');
    await lab.host.run(['systemctl', 'start', service], { allowFailure: true });
    const restarts = async () => Number(await lab.show('NRestarts', service));
    await lab.host.waitFor('some restarts', async () => (await restarts()) >= 4);
    expect(await verdictOn(service)).toMatchObject({
      severity: HIGH,
      reason: expect.stringContaining('crash loop') as string,
    });
    expect(await lab.healOne(service)).toMatchObject({ outcome: 'skipped', blockedBy: 'in-transition' });
  });

  test('is LOW if it ends well and is restarted repeatedly', async () => {
    const service = await lab.service(
      'again',
      `ExecStart=sh -c 'sleep 0.2; exit 0'\nRestart=always\nRestartSec=200ms`,
      '[Unit]\nStartLimitIntervalSec=0',
    );
    await lab.start(service);
    await lab.host.waitFor('four restarts', async () => Number(await lab.show('NRestarts', service)) >= 4);
    expect(await verdictOn(service)).toMatchObject({
      severity: LOW,
      reason: expect.stringContaining('Result=success') as string,
    });
  });

  // B8
  test('mentions an error in its unit file, and a deleted one', async () => {
    const bad = await started('typo', FOR_GOOD);
    await systemctl('stop', bad);
    await lab.host.writeUnit(`${bad}.service`, '[Service]\nExecStart=not/absolute/and=wrong "\n');
    expect(await lab.show('LoadState', bad)).toBe('bad-setting');
    expect(await verdictOn(bad)).toMatchObject({
      severity: HIGH,
      reason: expect.stringMatching(
        /is inactive, and its unit file has an error: Unit .* has a bad unit file setting/,
      ) as string,
    });
    expect(await lab.healOne(bad)).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable' });
    const gone = await started('van', FOR_GOOD);
    await lab.kill(gone);
    await lab.host.run(['rm', `/etc/systemd/system/${gone}.service`]);
    await systemctl('daemon-reload');
    expect(await verdictOn(gone)).toMatchObject({
      severity: LOW,
      reason: `${gone}.service has failed, and its unit file is gone: it cannot be started again`,
    });
    const [state] = await lab.drive([['inspect']], { options: { enabledChecks: ['system'] } });
    const named = state.find(({ component }) => component === 'system:state');
    expect(named?.reason).toBe(`systemd says that the system is degraded: ${gone}.service failed`);
    const [both] = await lab.drive([['inspect']], { options: { enabledChecks: ['system', 'services'] } });
    expect(both.find(({ component }) => component === 'system:state')?.reason).toBe(
      'systemd says that the system is degraded: each failed unit has its own issue',
    );
  });

  // B9
  test('is that of the members for a oneshot that stands for them, and the bad one is healed', async () => {
    const main = await lab.unit('pg@.service', `[Unit]\nPartOf=test-pg.service\n[Service]\n${FOR_GOOD}\n`);
    const umbrella = await lab.service('pg', 'Type=oneshot\nExecStart=true\nRemainAfterExit=on');
    const member = main.replace('@.service', '@15-main');
    await systemctl('start', umbrella, member);
    await lab.kill(member);
    const verdicts = await verdictsOf([umbrella]);
    expect(verdicts).toMatchObject([
      { component: umbrella, status: 'ok', transient: true },
      { component: member, status: 'bad', severity: HIGH },
    ]);
    const results = await lab.heal({ services: [umbrella] });
    expect(results).toMatchObject([{ issue: { component: member }, outcome: 'fixed' }]);
    expect(commandsOf(results[0]!)).toContain(`systemctl --no-ask-password start -- ${member}.service`);
  });

  test('is given for every failed unit beside a list', async () => {
    const service = await started('stray', FOR_GOOD);
    await lab.kill(service);
    expect(await lab.heal({ services: ['dbus'] })).toMatchObject([
      { issue: { component: service, severity: LOW }, outcome: 'skipped', blockedBy: 'not-allowed' },
    ]);
  });

  // B10
  test('leads to a start with keepRunning, with or without a socket, enabled or disabled', async () => {
    const dock = await lab.service('dock', FOR_GOOD);
    const socket = await lab.unit('dock.socket', '[Socket]\nListenStream=/run/test-dock.sock\n');
    await systemctl('start', socket, dock);
    await systemctl('kill', '--signal=TERM', dock);
    await lab.until('inactive', dock);
    expect(await verdictOn(dock)).toMatchObject({ severity: HIGH });
    await systemctl('disable', '--quiet', dock);
    expect(await verdictOn(dock)).toMatchObject({ status: 'ok' });
    const options = { services: [{ unit: dock, keepRunning: true }] };
    expect(await lab.heal(options)).toMatchObject([{ outcome: 'fixed', issue: { severity: HIGH } }]);
    await systemctl('stop', dock);
    expect(await lab.heal(options)).toMatchObject([{ outcome: 'skipped', blockedBy: 'monitor-only' }]);
  });

  // B11
  test("leads to the start of the socket if the service's own socket failed", async () => {
    const dock = await lab.service(
      'dock',
      `ExecStart=sh -c 'test -e /run/test-well && exec sleep infinity; exit 1'`,
      '[Unit]\nStartLimitIntervalSec=60\nStartLimitBurst=2\n[Install]\nAlias=test-unused.service',
    );
    await systemctl('disable', '--quiet', dock);
    const socket = await lab.unit('dock.socket', '[Socket]\nListenStream=/run/test-dock.sock\n');
    await systemctl('start', socket);
    await lab.host.run(
      [
        '/opt/node/node',
        '-e',
        `for (let n = 0; n < 6; n++) setTimeout(() => require('net').connect('/run/test-dock.sock').on('error', () => {}), n * 200).ref(); setTimeout(() => process.exit(), 2500)`,
      ],
      { allowFailure: true },
    );
    await lab.until('failed', socket);
    await lab.host.writeFile('/run/test-well', '');
    const results = await lab.heal({ services: [{ unit: dock, keepRunning: true }] });
    const own = results.find(({ issue }) => issue.component === dock);
    expect(commandsOf(own!)).toContain(`systemctl --no-ask-password start -- ${socket}`);
    expect(await lab.show('ActiveState', socket)).toBe('active');
    expect(own).toMatchObject({ outcome: 'fixed' });
  });

  test('leads to a start for a listed timer, path, socket, mount and target', async () => {
    await lab.service('job', 'Type=oneshot\nExecStart=true');
    const install = '\n[Install]\nWantedBy=multi-user.target\n';
    const units = [
      await lab.unit('job.timer', `[Timer]\nOnActiveSec=1h${install}`),
      await lab.unit('job.path', `[Path]\nPathExists=/run/test-never${install}`),
      await lab.unit('job.socket', `[Socket]\nListenStream=/run/test-job.sock${install}`),
      await lab.unit('grp.target', install),
    ];
    await systemctl('daemon-reload');
    await systemctl('enable', '--quiet', ...units);
    const results = await lab.heal({ services: units });
    expect(results.map(({ outcome }) => outcome)).toEqual(units.map(() => 'fixed'));
    for (const unit of units) expect(await lab.show('ActiveState', unit)).toBe('active');
  });

  // B12
  test('is given for every loaded instance of a pattern, and no other', async () => {
    await lab.unit('worker@.service', `[Service]\n${FOR_GOOD}\n`);
    const other = await started('workers', FOR_GOOD);
    const workers = ['test-worker@1', 'test-worker@2'];
    await systemctl('start', ...workers);
    for (const unit of [...workers, other]) await lab.kill(unit);
    const results = await lab.heal({ services: ['test-worker@*'] });
    expect(Object.fromEntries(results.map(({ issue, outcome }) => [issue.component, outcome]))).toEqual({
      'test-worker@1': 'fixed',
      'test-worker@2': 'fixed',
      [other]: 'skipped',
    });
  });

  test('mentions a file that changed on disk, in the plan and in the evidence', async () => {
    const service = await started('edited', FOR_GOOD);
    await lab.kill(service);
    await lab.host.run(['sh', '-c', `echo '# changed' >> /etc/systemd/system/${service}.service`]);
    expect((await verdictOn(service))?.evidence).toContainEqual(
      expect.stringContaining('NeedDaemonReload=yes'),
    );
    const [planned] = await lab.drive([['detectAndHeal']], {
      options: { services: [service], dryRun: true },
    });
    expect(planned[0]?.plan?.notes).toContainEqual(
      expect.stringMatching(/unit file of .* changed on disk; systemd starts the loaded version/),
    );
  });

  test('mentions left-over processes of a dead service', async () => {
    const service = await started(
      'leaves',
      `ExecStart=sh -c 'sleep 1000 & exec sleep infinity'\nKillMode=process`,
    );
    await lab.host.run(['systemctl', 'kill', '--kill-who=main', '--signal=KILL', service]);
    await lab.until('failed', service);
    const tasks = Number(await lab.show('TasksCurrent', service));
    const evidence = (await verdictOn(service))?.evidence;
    // Without task accounting nothing is reported.
    if (tasks < 1_000)
      expect(evidence).toContainEqual(expect.stringMatching(/^1 of its processes still run/));
  });

  // B13
  test('considers the drop-ins that systemd reads, in its order', async () => {
    const unit = await lab.unit('a-b@.service', `[Service]\n${FOR_GOOD}\n`);
    const instance = unit.replace('@.', '@x.');
    const folders = dropInFolders(instance);
    const folderOf = (name: string): string => `/etc/systemd/system/${name}.d`;
    for (const [index, folder] of folders.entries()) {
      const files = [
        `${folderOf(folder)}/same-test.conf`,
        `${folderOf(folder)}/${folders.length - index}-test.conf`,
      ];
      for (const file of files) await lab.host.writeFile(file, '[Service]\nNice=1\n');
    }
    await systemctl('daemon-reload');
    const paths = (await lab.show('DropInPaths', instance))
      .split(' ')
      .filter((path) => path.includes('-test.conf'));
    await lab.host.run(['sh', '-c', 'rm -rf /etc/systemd/system/*test*.d /etc/systemd/system/service.d']);
    const own = folders.map((folder, index) => `${folderOf(folder)}/${folders.length - index}-test.conf`);
    expect(paths).toEqual([...own.reverse(), `${folderOf(instance)}/same-test.conf`]);
  });
});
