import { dirname } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Execution } from '@luminous-nix/self-healing';
import { installHelper, MEMBER, POLICY, STRANGER, unitText, writePolicy } from './helper-units.js';
import { commandsOf, describeOnHost, PROGRAMS, type Lab } from './lab.js';

const ALLOWED = {
  actions: ['restart_service'],
  services: ['nginx'],
  limits: { componentPerHour: 1_000, hostPerHour: 1_000 },
};
const UNIT = 'luminous-healing-helper';

/** Command that gets the path of the policy. */
const shell = (script: string) => ['sh', '-ec', script, POLICY];

/** Result of a request: the response, or the system error. */
interface Told {
  readonly said?: string;
  readonly code?: string;
}

const tools = (lab: Lab) => ({
  /** Sends requests to the socket as a user. */
  async ask(
    requests: readonly (object | Uint8Array)[],
    how: { atOnce?: boolean; patient?: boolean; user?: string } = {},
  ): Promise<Told[]> {
    const { user = MEMBER, ...more } = how;
    const lines = requests.map((one) =>
      one instanceof Uint8Array ? one : Buffer.from(`${JSON.stringify(one)}\n`),
    );
    const input = JSON.stringify({
      requests: lines.map((line) => Buffer.from(line).toString('base64')),
      ...more,
    });
    const { stdout } = await lab.host.node([`${PROGRAMS}/ask-helper.mjs`], {
      user,
      input,
      timeoutMs: 900_000,
    });
    return JSON.parse(stdout) as Told[];
  },
  /** Returns the helper instances that systemd has. */
  async instances(): Promise<string[]> {
    const list = await lab.host.systemctl('list-units', '--all', '--plain', '--no-legend', `${UNIT}@*`);
    return list
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ')[0]!);
  },
  async journal(): Promise<string[]> {
    const { stdout } = await lab.host.run(['journalctl', '-t', UNIT, '-o', 'cat', '--no-pager']);
    return stdout.split('\n').filter(Boolean);
  },
  /** Runs the helper with other options until the next test. */
  async dropIn(lines: string): Promise<void> {
    await lab.host.writeUnit(`${UNIT}@.service.d/test.conf`, `[Service]\n${lines}\n`);
  },
  async brokenNginx(): Promise<void> {
    await lab.host.systemctl('reset-failed', 'nginx');
    await lab.host.systemctl('start', 'nginx');
    await lab.kill('nginx');
  },
});

const answerIn = ({ said = '' }: Told): Execution => JSON.parse(said) as Execution;
const restart = (service: string, todo = 'execute') => ({
  version: 1,
  do: todo,
  action: 'restart_service',
  parameters: { service },
});

describeOnHost('the root helper', (lab) => {
  const { ask, instances, journal, dropIn, brokenNginx } = tools(lab);
  const gone = () =>
    lab.host.waitFor('the helper to be gone', async () => (await instances()).length === 0, 1_000);

  beforeAll(async () => {
    await installHelper(lab.host, ALLOWED);
    await lab.host.systemctl('start', 'nginx');
  });
  beforeEach(async () => {
    await lab.host.run(['rm', '-rf', `/etc/systemd/system/${UNIT}@.service.d`]);
    await lab.host.systemctl('daemon-reload');
    await writePolicy(lab.host, ALLOWED);
  });

  test('lets an unprivileged engine heal a killed nginx, whose dry run shows the same plan', async () => {
    await brokenNginx();
    const dry = await lab.healOne('nginx', { user: MEMBER, options: { dryRun: true } });
    expect(dry).toMatchObject({ outcome: 'planned', success: true });
    expect(dry.plan?.notes.join()).not.toContain('Needs root');
    expect(await lab.show('ActiveState', 'nginx')).toBe('failed');
    const fixed = await lab.healOne('nginx', { user: MEMBER });
    expect(fixed).toMatchObject({ outcome: 'fixed', success: true, actionTaken: 'restart_service' });
    expect(commandsOf(fixed)).toEqual(commandsOf(dry));
    expect((await lab.host.run(['curl', '-sS', 'http://localhost/'])).stdout).toContain('Welcome to nginx');
    await gone();
    expect(
      (await journal()).map((line) =>
        line.replace(/^(request|answer) .*?"(do|outcome)":"(\w+)".*$/, '$1 $3'),
      ),
    ).toEqual([
      'request plan',
      'answer planned',
      'request plan',
      'answer planned',
      'request execute',
      'answer executed',
    ]);
    expect((await journal())[0]).toContain('"uid":1000');
  });

  test('loads no package while it plans and executes', async () => {
    await brokenNginx();
    const log = `/var/lib/${UNIT}/loaded`;
    await dropIn(`Environment=NODE_OPTIONS=--import=${PROGRAMS}/log-loaded.mjs LOADED_LOG=${log}`);
    const [planned, done] = await ask([restart('nginx', 'plan'), restart('nginx')]);
    expect([answerIn(planned!).outcome, answerIn(done!).outcome]).toEqual(['planned', 'executed']);
    const loaded = (await lab.host.readFile(log)).trim().split('\n');
    expect(loaded.filter((line) => line === 'began')).toHaveLength(2);
    expect(loaded.filter((url) => url.endsWith('/dist/service/helper.js'))).toHaveLength(2);
    expect(loaded.filter((url) => url.includes('/node_modules/'))).toEqual([]);
  });

  test('rejects a unit that its policy does not list, whatever the configuration of the engine', async () => {
    const other = await lab.service('other', 'ExecStart=sleep infinity');
    await lab.host.systemctl('start', other);
    await lab.kill(other);
    const [run] = await lab.runs(other);
    const result = await lab.healOne(other, { user: MEMBER });
    expect(result).toMatchObject({ outcome: 'skipped', blockedBy: 'not-allowed' });
    expect(result.error).toBe(
      `By the policy of the root helper: ${other}.service is not among the listed services: add it to \`services\` to allow it`,
    );
    const [told] = await ask([restart(other)]);
    expect(answerIn(told!)).toMatchObject({ outcome: 'skipped', blockedBy: 'not-allowed', steps: [] });
    expect(await lab.runs(other)).toEqual([run]);
  });

  test('does nothing with a policy that others than root could have written', async () => {
    for (const [argv, words] of [
      [['chmod', '666', POLICY], 'can be written by others than root'],
      [['chown', MEMBER, POLICY], 'belongs to the user with uid 1000'],
      [['rm', POLICY], 'ENOENT'],
      [
        shell('mkdir -m 777 /srv/open; ln -s /srv/good.json /srv/open/second; ln -sf /srv/open/second "$0"'),
        '/srv/open can be written',
      ],
      [
        shell('chmod 1777 /srv/open; ln -sf /srv/open/second "$0"'),
        'is a link that others than root can have made',
      ],
      [shell('cp -l /srv/good.json /srv/open/name; ln -sf /srv/open/name "$0"'), 'has 2 names'],
      [
        shell(`chmod 700 /srv/open; chown ${MEMBER} /srv/open; ln -sf /srv/open/name "$0"`),
        'belongs to the user',
      ],
      [shell('rm "$0"; mkfifo -m 600 "$0"'), 'is not a regular file'],
      [
        shell('chgrp luminous-healing $(dirname "$0"); chmod 775 $(dirname "$0")'),
        'can be written by others',
      ],
      [
        shell(
          `chmod 755 $(dirname "$0"); mkdir /srv/theirs; cp "$0" /srv/theirs; chown -R ${MEMBER} /srv/theirs; mount --bind /srv/theirs $(dirname "$0")`,
        ),
        'belongs to the user',
      ],
    ] as const) {
      await writePolicy(lab.host, ALLOWED);
      await lab.host.run(['cp', POLICY, '/srv/good.json']);
      await lab.host.run(argv);
      const [told] = await ask([restart('nginx')]);
      expect(answerIn(told!), words).toMatchObject({
        outcome: 'skipped',
        blockedBy: 'unavailable',
        steps: [],
      });
      expect(answerIn(told!).error).toContain(words);
      await lab.host.run(['rm', '-f', POLICY]);
    }
    await lab.host.run(['umount', dirname(POLICY)]);
  });

  test('is not accessible to a user who is not in the group', async () => {
    await brokenNginx();
    expect(await ask([restart('nginx')], { user: STRANGER })).toEqual([{ code: 'EACCES' }]);
    const result = await lab.healOne('nginx', { user: STRANGER });
    expect(result).toMatchObject({ outcome: 'failed', success: false });
    expect(result.error).toMatch(
      /may not connect to the helper at .*; add its user to the group of that socket/,
    );
    expect(await instances()).toEqual([]);
    await lab.heal({ services: ['nginx'] }, { user: MEMBER });
  });

  test('ends a second after each answer, and leaves no process behind', async () => {
    for (const request of [
      restart('nginx', 'plan'),
      restart('nginx'),
      restart('sshd'),
      Buffer.from('nonsense\n'),
      Buffer.from('{'),
    ]) {
      const [told] = await ask([request]);
      expect(answerIn(told!)).toMatchObject({ version: 1 });
      await gone();
    }
    const { stdout } = await lab.host.run(['ps', '-eo', 'args']);
    expect(stdout).not.toContain('dist/service/helper.js');
    expect(await lab.host.systemctl('--failed', '--plain', '--no-legend')).toBe('');
  });

  test('waits two seconds for a request, and no longer', async () => {
    const [told] = await ask([Buffer.from('{"version":1')]);
    expect(answerIn(told!).error).toContain('the other side closed after 12 bytes');
    const { stdout } = await lab.host.node(
      [
        '-e',
        "require('net').connect('/run/luminous-healing.sock').on('data', (said) => { console.log(String(said)); process.exit(); })",
      ],
      { user: MEMBER },
    );
    expect((JSON.parse(stdout) as Execution).error).toBe('Expected one line: it did not come within 2 s');
  });

  test('gives each of 200 simultaneous requests one answer or one refusal, executes none twice, and continues', async () => {
    await lab.unit(
      'many@.service',
      "[Service]\nExecStartPre=/bin/sh -c 'echo %i >> /run/test-many'\nExecStart=sleep infinity\n",
    );
    const names = Array.from({ length: 200 }, (_none, index) => `test-many@${index}`);
    await writePolicy(lab.host, { ...ALLOWED, services: names });
    const told = await ask(
      names.map((name) => restart(name)),
      { atOnce: true },
    );
    const answered = told.flatMap((one, index) => (one.said ? [[index, answerIn(one)] as const] : []));
    const refused = told.filter(({ code }) => code !== undefined);
    expect(answered.length + refused.length).toBe(200);
    expect([...new Set(refused.map(({ code }) => code))].sort().join()).toMatch(
      /^(EAGAIN,?)?(ECONNRESET,?)?(EPIPE)?$/,
    );
    expect(answered.length).toBeGreaterThan(0);
    for (const [, answer] of answered) expect(answer).toMatchObject({ outcome: 'executed', success: true });
    const started = (await lab.host.readFile('/run/test-many')).trim().split('\n').map(Number);
    expect(started.sort((a, b) => a - b)).toEqual(answered.map(([index]) => index));
    // A client that tries again is answered.
    const later = await ask(
      names.slice(0, 5).map((name) => restart(name)),
      { atOnce: true, patient: true },
    );
    expect(later.map((one) => answerIn(one).outcome)).toEqual(Array(5).fill('executed'));
    expect(await lab.show('ActiveState', `${UNIT}.socket`)).toBe('active');
    await gone();
  });

  test('counts its actions over many short processes', async () => {
    await writePolicy(lab.host, { ...ALLOWED, limits: { componentPerHour: 0 } });
    const [told] = await ask([restart('nginx')]);
    expect(answerIn(told!)).toMatchObject({ outcome: 'skipped', blockedBy: 'budget' });
    expect(answerIn(told!).error).toMatch(
      /^\d+ of 0 acts of the root helper on nginx\.service in the last hour/,
    );
    expect(
      (
        await lab.host.run(['stat', '-c', '%U %a', '/var/lib/luminous-healing-helper/acts.json'])
      ).stdout.trim(),
    ).toBe('root 600');
  });

  test('ends a hanging step at its own time limit, and reports it', async () => {
    await lab.service('hangs', 'Type=notify\nExecStart=sleep infinity\nTimeoutStartSec=60');
    await writePolicy(lab.host, { ...ALLOWED, services: ['test-hangs'] });
    await dropIn('RuntimeMaxSec=2');
    const [told] = await ask([restart('test-hangs')]);
    expect(answerIn(told!)).toMatchObject({ outcome: 'failed', steps: [{ ok: false }] });
    expect(answerIn(told!).error).toContain('was stopped');
    await gone();
  });

  test('is killed at its limit if it hangs; the engine verifies, and it is no issue', async () => {
    await brokenNginx();
    const hang =
      'ExecStart=\nExecStart=/bin/sh -c \'read -r line; case "$line" in *execute*) trap "" TERM; while :; do sleep 1; done;; esac; echo not an answer\' %i\nRuntimeMaxSec=1\nTimeoutStopSec=1';
    await dropIn(hang);
    const [execution] = await lab.drive(
      [['execute', { action: 'restart_service', parameters: { service: 'nginx' } }]],
      {
        user: MEMBER,
        options: { services: ['nginx'] },
      },
    );
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable' });
    const [told] = await ask([restart('nginx')]);
    expect(told).toEqual({ said: '' });
    await gone();
    expect(await lab.host.systemctl('--failed', '--plain', '--no-legend')).toContain('nginx');
    const results = await lab.heal({ dryRun: true });
    expect(results.map(({ issue }) => issue.component)).toEqual(['nginx']);
    await lab.host.systemctl('restart', 'nginx');
  });

  describe('with a lost answer', () => {
    test('was still executed: the engine detects that, and does not repeat the request', async () => {
      await brokenNginx();
      // The real helper answers the first request, the plan, and executes the second, whose response is lost.
      const [, start = ''] = /^ExecStart=(.*) %i$/m.exec(await unitText(`${UNIT}@.service`)) ?? [];
      const script = `if mkdir "$STATE_DIRECTORY/asked"; then exec ${start} "$1"; else exec ${start} "$1" > /dev/null; fi`;
      await lab.host.writeFile('/usr/local/bin/silent-helper', `#!/bin/sh\n${script}\n`, 0o755);
      await dropIn('ExecStart=\nExecStart=/usr/local/bin/silent-helper %i');
      const before = (await journal()).filter((line) => line.includes('"do":"execute"')).length;
      const result = await lab.healOne('nginx', { user: MEMBER });
      expect(result).toMatchObject({ outcome: 'fixed', success: true });
      expect((await journal()).filter((line) => line.includes('"do":"execute"')).length - before).toBe(1);
    });

    test('is not asked again if it was killed during the action, whose result is read instead', async () => {
      const slow = await lab.service(
        'slow',
        "ExecStartPre=/bin/sh -c 'echo x >> /run/test-slow; sleep 3'\nExecStart=sleep infinity",
      );
      await writePolicy(lab.host, { ...ALLOWED, services: [slow] });
      await lab.host.systemctl('start', slow);
      await lab.kill(slow);
      const healed = lab.healOne(slow, { user: MEMBER });
      await lab.until('activating', slow);
      await lab.host.systemctl('kill', '--signal=KILL', `${UNIT}@*`);
      const result = await healed;
      expect(result.outcome).toBe('pending');
      expect(result.error).toMatch(/is still activating .*, with its job under way/);
      await lab.until('active', slow);
      expect(await lab.heal({ services: [slow] }, { user: MEMBER })).toEqual([]);
      expect((await lab.host.readFile('/run/test-slow')).trim().split('\n')).toHaveLength(2);
      expect(await instances()).toEqual([]);
    });
  });

  test('frees space on a full disk, which it may not write to itself', async () => {
    await writePolicy(lab.host, { ...ALLOWED, actions: ['clean_nix_store'] });
    await lab.host.mountSmallFileSystem('/nix', 96);
    await lab.host.systemctl('restart', 'nix-daemon.socket');
    await lab.host.run([
      'sh',
      '-ec',
      'rm -f /nix/var/nix/db/reserved; for i in $(seq 8); do head -c 3M /dev/urandom > /var/tmp/dead-$i; nix-store --add /var/tmp/dead-$i; done; for s in 1M 64k 1k; do dd if=/dev/zero of=/nix/filling-$s bs=$s 2>/dev/null || true; done',
    ]);
    const [result] = await lab.heal({ enabledChecks: ['disk'] }, { user: MEMBER });
    expect(commandsOf(result!).map((line) => line.replace(/^.* -- (?=\S)/, ''))).toEqual([
      '/nix/var/nix/db/reserved',
      expect.stringMatching(/^nix-store --gc --max-freed \d+/),
    ]);
    expect(result, result?.error).toMatchObject({ outcome: 'fixed', actionTaken: 'clean_nix_store' });
  });

  test('has units that systemd-analyze verifies, and is sandboxed', async () => {
    const units = [`${UNIT}@.service`, `${UNIT}.socket`].map((unit) => `/etc/systemd/system/${unit}`);
    const { stdout, stderr } = await lab.host.run(['systemd-analyze', 'verify', ...units]);
    expect(stdout + stderr).toBe('');
    const security = await lab.host.run(['systemd-analyze', 'security', '--no-pager', `${UNIT}@.service`], {
      allowFailure: true,
    });
    const [, score = '10'] = /Overall exposure level for .*: ([\d.]+)/.exec(security.stdout) ?? [];
    console.log(`The helper’s exposure by systemd-analyze security: ${score}`);
    expect(Number(score)).toBeLessThan(1.5);
  });
});
