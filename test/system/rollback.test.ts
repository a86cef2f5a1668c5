import type { HealingOptions, HealingResult } from '@luminous-nix/self-healing';
import type { GuardState } from '@luminous-nix/self-healing/testing';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { EngineService, type Told } from './chaos/engine-service.js';
import { commandsOf, describeOnHost, issueWith, type Step } from './lab.js';
import { nginxUnit, StandIn, type SystemParts } from './stand-in.js';

const STATE = '/var/lib/rollback/state.json';

/** Durations of 10 min and an hour are seconds here; nothing else differs. */
const GUARDS: HealingOptions['guards'] = {
  evidence: { healthyMs: 4_000, withinMs: 60_000, lastGoodMs: 6_000 },
  settleMs: { service: 300, system: 1_000 },
  backoff: { firstMs: 20_000, maxMs: 20_000 },
};
const OPTIONS: HealingOptions = {
  services: ['nginx'],
  enabledChecks: ['services', 'system'],
  guards: GUARDS,
  nix: { allowRollback: true },
};

const GOOD = nginxUnit('-g "daemon on; master_process on;"');
const FRAGILE = (version: number): string =>
  GOOD.replace(
    '[Service]',
    `[Service]\nEnvironment=VERSION=${version}\nExecStartPre=/usr/bin/test ! -e /run/nginx-must-not`,
  );
const sleeper = (version: number): string =>
  `[Service]\nEnvironment=VERSION=${version}\nExecStart=sleep infinity\n`;
const BROKEN = nginxUnit('-c /etc/nginx/there-is-no-such-file');

const matching = (words: string | RegExp): string => expect.stringMatching(words) as string;
const containing = (words: string): string => expect.stringContaining(words) as string;

describeOnHost('a rollback of a generation', (lab) => {
  const nixos = new StandIn(lab);
  afterEach(async () => {
    await lab.host.run(['rm', '-rf', '/run/nginx-must-not', '/run/worse', '/var/lib/rollback']);
    await nixos.tidy();
  });

  const page = async () =>
    (await lab.host.run(['curl', '-sS', 'http://localhost/'], { allowFailure: true })).stdout;
  /** Runs this number of cycles, far enough apart that the record is written each time. */
  const watch = (times: number): Step[] =>
    (
      Array.from({ length: times }, () => [['detectAndHeal'], ['sleep', 2_100]] as const).flat() as Step[]
    ).slice(0, -1);
  const heal: Step = ['detectAndHeal'];
  const about = (results: unknown, component: string): HealingResult | undefined =>
    (results as HealingResult[] | null)?.find(({ issue }) => issue.component === component);
  const drive = async (steps: readonly Step[], options: HealingOptions = {}): Promise<unknown[]> =>
    (await lab.drive(steps, { options: { ...OPTIONS, ...options }, timeoutMs: 110_000 })) as unknown[];
  const run = (...argv: string[]): Step => ['run', argv];
  const BY_HAND: Step = ['healIssue', issueWith('system', { type: 'system', severity: 4 })];
  const remembered = async () => JSON.parse(await lab.host.readFile(STATE)) as GuardState;

  /** Two systems of which the first is running, before any cycle. */
  async function twoSystems(
    good: SystemParts = { units: { 'nginx.service': GOOD } },
    bad: SystemParts = { units: { 'nginx.service': BROKEN } },
  ): Promise<{ readonly good: string; readonly bad: string }> {
    const paths = { good: await nixos.build('good', good), bad: await nixos.build('bad', bad) };
    await nixos.begin(paths.good);
    return paths;
  }

  test('is executed with evidence: three generations, the newest breaks nginx, and nginx works again', async () => {
    const first = await nixos.build('first', { units: { 'nginx.service': nginxUnit() } });
    const good = await nixos.build('good', { units: { 'nginx.service': GOOD, 'other.service': 'same' } });
    const bad = await nixos.build('bad', { units: { 'nginx.service': BROKEN, 'other.service': 'same' } });
    await nixos.begin(first);
    await nixos.switchTo(good);
    const answers = await drive([
      ...watch(3),
      ['run', nixos.switching(bad)],
      heal,
      heal,
      ['explain', 'system'],
      heal,
      // It is built again, and boots next: it is not activated unnoticed.
      run('nix-env', '-p', '/nix/var/nix/profiles/system', '--set', bad),
      ['sleep', 2_100],
      heal,
    ]);
    const [restart, rollback, explained, after, , , staged] = answers.slice(-7);
    expect(about(restart, 'nginx')).toMatchObject({ actionTaken: 'restart_service', success: false });
    expect(about(restart, 'system')).toBeUndefined();
    expect(about(rollback, 'system')).toMatchObject({
      outcome: 'fixed',
      actionTaken: 'rollback_generation',
      issue: { severity: 4, type: 'system' },
      plan: { generation: { from: bad, to: good, verb: 'switch', units: ['nginx.service'] } },
    });
    expect(commandsOf(about(rollback, 'system')!)).toEqual([
      `nix-env --profile /nix/var/nix/profiles/system --set ${good}`,
      matching(
        `^systemd-run --collect --wait .* --unit=luminous-healing-switch-\\w{8} .* -- ${good}/bin/switch-to-configuration switch$`,
      ),
      `nix-env --profile /nix/var/nix/profiles/system --set ${bad}`,
      matching(`^systemd-run .* -- ${good}/bin/switch-to-configuration test$`),
    ]);
    expect(about(after, 'nginx')).toBeUndefined();
    expect(await page()).toContain('Welcome to nginx');
    expect(await nixos.now()).toEqual({ running: good, profile: bad });
    expect(await nixos.log()).toEqual(
      ['first', 'good', 'bad', 'good'].map((name) => matching(`^switch .*-${name}$`)),
    );
    // A proved issue is cleared at once.
    expect(explained).toEqual([]);
    const text = about(rollback, 'system')!.issue.evidence!.join('\n');
    expect(text).toMatch(/yes: nginx.service: its definition differs/);
    expect(text).toMatch(/yes: nginx.service: it was active for .* under the previous system/);
    expect(text).toMatch(/yes: nginx.service: it was first read failing .* after the switch/);
    expect(about(staged, 'system')).toMatchObject({
      blockedBy: 'monitor-only',
      issue: {
        severity: 1,
        description: matching('The next boot would enter a system that was left'),
      },
    });
    const transcript = process.env['ROLLBACK_TRANSCRIPT'];
    if (transcript)
      writeFileSync(transcript, `${text}\n${about(staged, 'system')?.issue.description ?? ''}\n`);
  });

  test.each<[string, string, SystemParts, SystemParts]>([
    [
      'a drop-in',
      'nginx',
      { units: { 'nginx.service': GOOD } },
      {
        units: {
          'nginx.service': GOOD,
          'nginx.service.d/overrides.conf': '[Service]\nExecStart=\nExecStart=/bin/false\n',
        },
      },
    ],
    [
      'a template',
      'web@one',
      { units: { 'web@.service': '[Service]\nExecStart=sleep infinity\n' } },
      { units: { 'web@.service': '[Service]\nExecStart=/bin/false\n' } },
    ],
    [
      'every unit, of which one fails',
      'nginx',
      { units: { 'nginx.service': GOOD, 'one.service': sleeper(1), 'two.service': sleeper(1) } },
      { units: { 'nginx.service': BROKEN, 'one.service': sleeper(2), 'two.service': sleeper(2) } },
    ],
  ])('is executed with evidence if the difference is %s', async (_, service, before, after) => {
    const { good, bad } = await twoSystems(before, after);
    await lab.host.systemctl('start', service);
    const answers = await drive(
      [...watch(3), ['run', nixos.switching(bad)], heal, ['sleep', 1_000], heal, heal],
      { services: [service] },
    );
    const system = answers
      .slice(-3)
      .map((results) => about(results, 'system'))
      .find((result) => result?.outcome === 'fixed');
    expect(system).toMatchObject({ issue: { description: containing(service) } });
    expect((await nixos.now()).running).toBe(good);
    expect(await lab.show('ActiveState', service)).toBe('active');
  });

  test('is not executed for a unit that was broken before the switch', async () => {
    const { bad } = await twoSystems(
      { units: { 'nginx.service': FRAGILE(1) } },
      { units: { 'nginx.service': FRAGILE(2) } },
    );
    const answers = await drive([
      ...watch(3),
      run('touch', '/run/nginx-must-not'),
      run('systemctl', 'kill', '--signal=KILL', 'nginx'),
      ['sleep', 500],
      heal,
      ['run', nixos.switching(bad)],
      heal,
      heal,
      BY_HAND,
    ]);
    expect(answers.slice(-3, -1).map((results) => about(results, 'system'))).toEqual([undefined, undefined]);
    expect(answers.at(-1)).toMatchObject({
      blockedBy: 'already-healthy',
      error: containing('it was failing already under the previous system'),
    });
    expect((await nixos.now()).running).toBe(bad);
  });

  test('is not executed for a unit that fails long after the switch, and after a reboot', async () => {
    const { bad: next } = await twoSystems(
      { units: { 'nginx.service': FRAGILE(1) } },
      { units: { 'nginx.service': FRAGILE(2) } },
    );
    const options = {
      state: STATE,
      guards: { ...GUARDS, evidence: { ...GUARDS.evidence, withinMs: 2_000 } },
    };
    await drive([...watch(3), ['run', nixos.switching(next)], ['sleep', 2_500], heal], options);
    await lab.host.reboot();
    expect(await nixos.now()).toEqual({ running: next, profile: next });
    await lab.host.run(['touch', '/run/nginx-must-not']);
    await lab.kill('nginx');
    const answers = await drive([heal, heal, heal, BY_HAND], options);
    expect(answers.slice(0, 3).map((results) => about(results, 'system'))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(answers.at(-1)).toMatchObject({
      blockedBy: 'already-healthy',
      error: containing('later than 2 s'),
    });
    expect((await nixos.now()).running).toBe(next);
  });

  test('requires approval without a record', async () => {
    const { good, bad } = await twoSystems();
    await nixos.switchTo(bad);
    const [, second, asked, approved, done] = await drive([heal, heal, BY_HAND, ['approve'], BY_HAND]);
    expect(about(second, 'system')).toBeUndefined();
    expect(asked).toMatchObject({
      blockedBy: 'needs-approval',
      error: containing('which system ran before this one is not on record'),
      plan: { generation: { from: bad, to: good } },
    });
    // The approval belonged to no open issue, so it alone does nothing: the operator runs it again, and it applies.
    expect(approved).toBeNull();
    expect(done).toMatchObject({ outcome: 'fixed' });
    expect((await nixos.now()).running).toBe(good);
  });

  test('requires approval without `allowRollback`', async () => {
    const { good, bad } = await twoSystems();
    const answers = await drive([...watch(3), ['run', nixos.switching(bad)], heal, heal, ['approve']], {
      nix: {},
    });
    expect(about(answers.at(-2), 'system')).toMatchObject({
      blockedBy: 'needs-approval',
      error: matching(/for a person to decide: `nix.allowRollback` is not set$/),
    });
    expect(answers.at(-1)).toMatchObject({ outcome: 'fixed' });
    expect((await nixos.now()).running).toBe(good);
  });

  test.each<[string, SystemParts, string | undefined]>([
    ['another kernel', { units: { 'nginx.service': GOOD }, kernel: 'two' }, undefined],
    [
      'an inhibitor of 26.05',
      { units: { 'nginx.service': GOOD } },
      'There are changes to critical components of the system:\n\ndbus-implementation : dbus -> broker\n\nSwitching into this system is not recommended.\nYou probably want to run nixos-rebuild boot and reboot your system instead.',
    ],
  ])(
    'is staged for the next boot with approval, and verified after it, with %s',
    async (_, target, refuses) => {
      const first = await nixos.build('first', { units: { 'nginx.service': GOOD } });
      const good = await nixos.build('good', { ...target, units: { ...target.units, 'x.service': 'x' } });
      const bad = await nixos.build('bad', { units: { 'nginx.service': BROKEN } });
      await nixos.begin(first);
      await nixos.switchTo(good);
      const refuse = refuses === undefined ? [] : [run(...nixos.refusing('switchInhibitors', refuses))];
      const answers = await drive(
        [...watch(3), ['run', nixos.switching(bad)], heal, ...refuse, heal, ['approve'], heal],
        { state: STATE },
      );
      const asked = answers.findLast(
        (results) => Array.isArray(results) && about(results, 'system')?.blockedBy === 'needs-approval',
      );
      expect(about(asked, 'system')).toMatchObject({
        error: matching(
          /it takes effect only when the host is restarted: (its kernel is|its own check refuses a switch: `switchInhibitors`: There are changes to critical components of the system: dbus-implementation : dbus -> broker)/,
        ),
        plan: { generation: { to: good, verb: 'boot' } },
      });
      expect(answers.at(-2)).toMatchObject({
        outcome: 'pending-reboot',
        error: containing('restart the host'),
      });
      expect(about(answers.at(-1), 'system')).toMatchObject({ blockedBy: 'in-flight' });
      expect(await nixos.now()).toEqual({ running: bad, profile: good });
      expect((await remembered()).intents).toMatchObject([{ awaitsReboot: true, generation: { to: good } }]);

      await lab.host.reboot();
      await lab.until('active', 'nginx');
      await drive([...watch(4), heal], { state: STATE });
      const { acts, intents, generations } = await remembered();
      expect(intents).toEqual([]);
      expect(acts.at(-1)).toMatchObject({
        outcome: 'fixed',
        words: containing('which was awaited after `rollback_generation`'),
      });
      expect(generations.systems[bad]?.bad).toBeTruthy();
      expect((await nixos.now()).running).toBe(good);
    },
  );

  test('is executed after a boot without a switch, when there is no /run/nixos', async () => {
    const { good, bad } = await twoSystems();
    await drive([...watch(3), ['run', nixos.switching(bad)], heal], { state: STATE });
    await lab.host.run(['rm', '-rf', '/run/nixos']);
    const answers = await drive([heal, ['sleep', 2_100], heal], { state: STATE });
    const system = answers.map((results) => about(results, 'system')).find((one) => one?.outcome === 'fixed');
    expect(system).toMatchObject({ plan: { generation: { verb: 'switch' } } });
    expect(await nixos.now()).toEqual({ running: good, profile: good });
  });

  test('is planned without taking the lock of a switch, and without running any check', async () => {
    const { good, bad } = await twoSystems();
    await drive([...watch(3), ['run', nixos.switching(bad)], heal], { state: STATE });
    await lab.host.run(['rm', '-rf', '/run/nixos']);
    const before = await nixos.asked();
    const [shown] = await drive(
      [['execute', { action: 'rollback_generation', parameters: {}, dryRun: true }]],
      { state: STATE, dryRun: true },
    );
    expect(shown).toMatchObject({ plan: { generation: { to: good } } });
    expect(await nixos.asked()).toEqual(before);
    expect((await lab.host.run(['ls', '/run/nixos'], { allowFailure: true })).exitCode).not.toBe(0);
  });

  test('is blocked by a check named `noBlockedUnits` that refuses, whose reason is reported', async () => {
    const { good, bad } = await twoSystems();
    const answers = await drive([
      ...watch(3),
      ['run', nixos.switching(bad)],
      heal,
      run(...nixos.refusing('noBlockedUnits', 'backup.service must not be locked')),
      heal,
    ]);
    expect(about(answers.at(-1), 'system')).toMatchObject({
      blockedBy: 'needs-approval',
      error: containing(
        'its own check refuses a switch: `noBlockedUnits`: backup.service must not be locked',
      ),
      plan: { generation: { to: good, verb: 'boot' } },
    });
    expect(await nixos.now()).toEqual({ running: bad, profile: bad });
  });

  test('reports a state file on a tmpfs as the reason for the missing record', async () => {
    const { bad } = await twoSystems();
    await nixos.switchTo(bad);
    const asked = (await drive([heal, BY_HAND], { state: '/run/rollback/state.json' })).at(-1);
    expect(asked).toMatchObject({
      blockedBy: 'needs-approval',
      error: containing('the record in /run/rollback/state.json is on a tmpfs, which is empty after a boot'),
    });
  });

  test('keeps the profile that somebody else set during the switch, and requests approval', async () => {
    const { good, bad } = await twoSystems();
    const theirs = await nixos.build('theirs', { units: { 'nginx.service': GOOD, 'their.service': 'x' } });
    const answers = await drive([
      ...watch(3),
      ['run', nixos.switching(bad)],
      heal,
      run('nix-env', '-p', '/nix/var/nix/profiles/system', '--set', theirs),
      ['sleep', 1_100],
      heal,
    ]);
    expect(about(answers.at(-1), 'system')).toMatchObject({
      blockedBy: 'needs-approval',
      error: containing(`what boots next is ${theirs}, which does not run`),
      plan: { generation: { to: good } },
    });
    expect(await nixos.now()).toEqual({ running: bad, profile: theirs });
  });

  test.each([
    ['nh', ['os', 'switch', '/etc/nixos'], /`nh os switch` runs as process/],
    ['activate-rs', ['activate', '/nix/store/x'], /`deploy-rs activate` runs as process/],
    ['colmena', ['apply-local'], /`colmena apply-local` runs as process/],
  ])('is blocked while %s is between copying and switching', async (program, args, words) => {
    const { bad } = await twoSystems();
    await lab.host.writeFile(
      `/opt/deployers/${program}`,
      '#!/bin/sh\nread -r line < /run/test-deployer-waits\n',
      0o755,
    );
    await lab.host.run(['sh', '-c', 'test -e /run/test-deployer-waits || mkfifo /run/test-deployer-waits']);
    await lab.service('deployer', `ExecStart=/opt/deployers/${program} ${args.join(' ')}`);
    const answers = await drive([
      ...watch(3),
      ['run', nixos.switching(bad)],
      heal,
      run('systemctl', 'start', '--no-block', 'test-deployer'),
      ['sleep', 500],
      heal,
    ]);
    expect(about(answers.at(-1), 'system')).toMatchObject({
      blockedBy: 'in-transition',
      error: matching(words),
    });
    expect((await nixos.now()).running).toBe(bad);
  });

  test('whose boot loader fails applies until the next boot, and the profile is unchanged', async () => {
    const { good, bad } = await twoSystems();
    const answers = await drive([
      ...watch(3),
      ['run', nixos.switching(bad)],
      heal,
      run('touch', '/var/lib/stand-in/no-boot-loader'),
      heal,
    ]);
    expect(about(answers.at(-1), 'system')).toMatchObject({ outcome: 'fixed' });
    expect(await nixos.now()).toEqual({ running: good, profile: bad });
    expect((await nixos.log()).at(-1)).toBe(`test ${good}`);
    expect(await page()).toContain('Welcome to nginx');
  });

  test('with a worse result is undone', async () => {
    const frail = (version: number) =>
      `[Service]\nEnvironment=VERSION=${version}\nExecStartPre=/usr/bin/test ${version} = 2 -o ! -e /run/worse\nExecStart=sleep infinity\n`;
    const units = (version: number) => ({ 'one.service': frail(version), 'two.service': frail(version) });
    const { good, bad } = await twoSystems(
      { units: { 'nginx.service': GOOD, ...units(1) } },
      { units: { 'nginx.service': BROKEN, ...units(2) } },
    );
    const answers = await drive([
      ...watch(3),
      ['run', nixos.switching(bad)],
      heal,
      run('touch', '/run/worse'),
      heal,
    ]);
    expect(about(answers.at(-1), 'system')).toMatchObject({
      outcome: 'ineffective',
      error: matching(/2 units fail in .*, and 1 did before: one.service, two.service/),
    });
    expect(await nixos.now()).toEqual({ running: bad, profile: bad });
    expect((await nixos.log()).slice(-2)).toEqual([`switch ${good}`, `switch ${bad}`]);
    await lab.host.run(['rm', '/run/worse']);
  });

  describe('and its engine', () => {
    const engines: EngineService[] = [];
    afterEach(async () => {
      for (const engine of engines.splice(0)) await engine.kill();
    });

    async function watching(): Promise<EngineService> {
      const engine = new EngineService(lab.host);
      engines.push(engine);
      await engine.install({ interval: 0.5, options: { ...OPTIONS, state: STATE } });
      return engine;
    }
    /** By the state on disk. */
    const wasWell = () => {
      try {
        const { generations } = JSON.parse(readFileSync(join(lab.host.root, STATE), 'utf8')) as GuardState;
        return Object.values(generations.systems).some(({ units }) => units['nginx.service']?.healthy);
      } catch {
        return false;
      }
    };
    const isAbout = (event: string, component: string) => (told: readonly Told[]) =>
      told.some((line) => line.event === event && line.component === component);
    const said = (words: RegExp) => (told: readonly Told[]) =>
      told.some(({ message = '' }) => words.test(message));
    const INTERRUPTED =
      /system: the engine was interrupted while `rollback_generation` was running; read again, it is healthy/;

    test('that is killed: the switch continues, and the next engine verifies it', async () => {
      const engine = await watching();
      // The engine's own service is in both, or the rollback would require approval.
      const own = {
        [`${engine.name}.service`]: await lab.host.readFile(`/lib/systemd/system/${engine.name}.service`),
      };
      const { good, bad } = await twoSystems(
        { units: { 'nginx.service': GOOD, ...own }, slow: 3 },
        { units: { 'nginx.service': BROKEN, ...own } },
      );
      await engine.start();
      await engine.until('nginx to be healthy', wasWell, 60_000);
      await nixos.switchTo(bad);
      await engine.until('the rollback to be begun', isAbout('started', 'system'), 30_000);
      await engine.until(
        'its progress to be told',
        said(/^rollback_generation: activating the configuration/),
        30_000,
      );
      await engine.kill();
      expect((await remembered()).intents).toMatchObject([
        { component: 'system', generation: { from: bad, to: good } },
      ]);
      await engine.start();
      await engine.until('the end to be told', said(INTERRUPTED), 75_000);
      expect(await nixos.now()).toEqual({ running: good, profile: good });
      expect(await nixos.log()).toHaveLength(3);
      expect(await remembered()).toMatchObject({
        intents: [],
      });
      const { acts } = await remembered();
      expect(acts.findLast(({ action }) => action === 'rollback_generation')?.outcome).toBe('fixed');
      expect(await page()).toContain('Welcome to nginx');
    });

    test('that the switch restarts: it ends in time, and the next engine verifies the rollback', async () => {
      const engine = await watching();
      const own = await lab.host.readFile(`/lib/systemd/system/${engine.name}.service`);
      const withOwn = (nginx: string, version: number) => ({
        units: {
          'nginx.service': nginx,
          [`${engine.name}.service`]: own.replace('[Service]', `[Service]\nEnvironment=VERSION=${version}`),
        },
      });
      const { good, bad } = await twoSystems(withOwn(GOOD, 1), withOwn(BROKEN, 2));
      await engine.start();
      await engine.until('nginx to be healthy', wasWell, 60_000);
      await nixos.switchTo(bad);
      await engine.until('the end to be told', said(INTERRUPTED), 60_000);
      expect(await nixos.now()).toEqual({ running: good, profile: good });
      expect(await nixos.log()).toHaveLength(3);
      expect((await engine.told()).filter(({ event }) => event === 'begun').length).toBeGreaterThanOrEqual(3);
      expect(await page()).toContain('Welcome to nginx');
    });
  });
});
