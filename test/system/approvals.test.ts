import type { EngineStatus, Execution } from '@luminous-nix/self-healing';
import type { GuardState } from '@luminous-nix/self-healing/testing';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../../src/memory/approvals.js';
import { Installation } from './installation.js';
import { describeOnHost, PROGRAMS } from './lab.js';
import { nginxUnit, QUICK_DAEMON, StandIn } from './stand-in.js';

const STATE = '/var/lib/luminous-healing/state.json';
const BOOK = '/var/lib/luminous-healing-helper/acts.json';
const APPROVALS = '/var/lib/luminous-healing-helper/approvals';
/** The daemon may approve, but not a change of the generation. */
const POLICY = {
  actions: ['rollback_generation'],
  services: ['nginx'],
  allowApprovals: true,
  limits: { generationsPerDay: 10 },
};
/** Drop-in from docs/systemd.md, for a policy that allows a rollback. */
const DROP_IN = '[Service]\nReadWritePaths=/nix/var/nix\n';
const DAEMON = 'luminous-healing';

describeOnHost('a repair that only a person may approve', (lab) => {
  const nixos = new StandIn(lab);
  const daemon = new Installation(lab);
  let good: string;
  let bad: string;

  /** Sends one request to a socket as a user. */
  async function ask(
    user: string,
    request: object,
    socket = 'luminous-healing',
  ): Promise<Partial<Execution>> {
    const line = Buffer.from(`${JSON.stringify({ version: 1, ...request })}\n`).toString('base64');
    const input = JSON.stringify({ requests: [line], patient: true, path: `/run/${socket}.sock` });
    const { stdout } = await lab.host.node([`${PROGRAMS}/ask-helper.mjs`], { user, input });
    const [{ said, code }] = JSON.parse(stdout) as [{ said?: string; code?: string }];
    return said === undefined ? { error: code ?? '' } : (JSON.parse(said) as Execution);
  }
  const rollback = (todo: string, more: object = {}) => ({
    ...{ do: todo, action: 'rollback_generation', parameters: {} },
    ...more,
  });
  const approve = (user: string, digest: string) =>
    ask(user, rollback('approve', { digest }), 'luminous-healing-approve');
  const uidOf = async (user: string) => Number((await lab.host.run(['id', '-u', user])).stdout);
  const isStillBad = async () => expect(await nixos.now()).toEqual({ running: bad, profile: bad });

  beforeAll(async () => {
    await daemon.install(POLICY);
    for (const unit of ['helper', 'approve'])
      await lab.host.writeUnit(`luminous-healing-${unit}@.service.d/rollback.conf`, DROP_IN);
    await lab.host.systemctl('daemon-reload');
    await lab.host.run(['useradd', '--create-home', '--groups=luminous-healing-control', 'alice']);
    await lab.host.run(['useradd', '--create-home', 'mallory']);
    await lab.host.run([
      'useradd',
      '--create-home',
      '--groups=luminous-healing,luminous-healing-control',
      'both',
    ]);
    good = await nixos.build('good', { units: { 'nginx.service': nginxUnit('-g "daemon on;"') } });
    bad = await nixos.build('bad', { units: { 'nginx.service': nginxUnit('-c /etc/nginx/no-such-file') } });
  });
  afterEach(async () => {
    await lab.host.systemctl('stop', 'luminous-healing');
    await nixos.tidy();
    await lab.host.run(['rm', '-rf', APPROVALS]);
  });

  test('is not executed with the approval of the daemon, and once with the approval of a person', async () => {
    await nixos.begin(good);
    await nixos.switchTo(bad);
    const planned = await ask(DAEMON, rollback('plan'));
    expect(planned).toMatchObject({ outcome: 'skipped', blockedBy: 'needs-approval' });
    expect(planned.plan).toMatchObject({ approvedBy: 'person', generation: { from: bad, to: good } });
    const digest = digestOf(planned.plan!);
    const run = rollback('execute', { approved: true, digest });

    // A compromised daemon claims that a person approved.
    const claimed = await ask(DAEMON, run);
    expect(claimed).toMatchObject({ outcome: 'skipped', blockedBy: 'needs-approval', steps: [] });
    expect(claimed.error).toContain(`luminous-healing approve ${digest.slice(0, 8)}`);
    // The daemon may not approve by itself, nor may any user who can request repairs.
    for (const user of [DAEMON, 'both'])
      expect(await approve(user, digest)).toMatchObject({
        blockedBy: 'not-allowed',
        error: expect.stringContaining('may ask the root helper for repairs') as string,
      });
    expect(await approve('mallory', digest)).toEqual({ error: 'EACCES' });
    // The other socket accepts no approvals, and this one executes nothing.
    expect((await ask(DAEMON, rollback('approve', { digest }))).error).toContain('Unknown word `approve`');
    expect((await ask('alice', run, 'luminous-healing-approve')).error).toContain('Unknown word `execute`');
    expect(await approve('alice', 'f'.repeat(64))).toMatchObject({
      blockedBy: 'unavailable',
      error: expect.stringContaining('would do something else') as string,
    });
    expect(await ask(DAEMON, run)).toMatchObject({ blockedBy: 'needs-approval' });
    await isStillBad();

    expect(await approve('alice', digest)).toMatchObject({ outcome: 'planned' });
    const file = `${APPROVALS}/${digest}.json`;
    const record = JSON.parse(await lab.host.readFile(file)) as { upMs: number };
    expect(record).toMatchObject({ digest, uid: await uidOf('alice') });
    expect((await lab.host.run(['stat', '-c', '%U %a', file])).stdout).toBe('root 600\n');
    expect(await ask(DAEMON, { ...run, digest: 'f'.repeat(64) })).toMatchObject({ blockedBy: 'unavailable' });
    // 15 min later the approval has expired.
    const old = { ...record, upMs: record.upMs - 15 * 60_000 };
    await lab.host.writeFile(file, JSON.stringify(old));
    expect(await ask(DAEMON, run)).toMatchObject({ blockedBy: 'needs-approval' });
    await isStillBad();

    expect(await approve('alice', digest)).toMatchObject({ outcome: 'planned' });
    expect(await ask(DAEMON, run)).toMatchObject({ outcome: 'executed' });
    expect(await nixos.now()).toEqual({ running: good, profile: good });
    expect(JSON.parse(await lab.host.readFile(BOOK))).toMatchObject({
      acts: [{ action: 'rollback_generation', approvedBy: await uidOf('alice') }],
    });

    // The same plan again needs another approval.
    await nixos.switchTo(bad);
    expect(digestOf((await ask(DAEMON, rollback('plan'))).plan!)).toBe(digest);
    expect(await ask(DAEMON, run)).toMatchObject({ blockedBy: 'needs-approval', steps: [] });
    await isStillBad();
    // Root may approve, too.
    expect(await approve('root', digest)).toMatchObject({ outcome: 'planned' });
    expect(JSON.parse(await lab.host.readFile(file))).toMatchObject({ uid: 0 });
  });

  test('uses units that systemd-analyze verifies, and that are sandboxed', async () => {
    const units = ['luminous-healing-approve.socket', 'luminous-healing-approve@.service'];
    const verify = await lab.host.run(['systemd-analyze', 'verify', ...units]);
    expect(verify.stdout + verify.stderr).toBe('');
    const { stdout } = await lab.host.run(['systemd-analyze', 'security', '--no-pager', units[1]!], {
      allowFailure: true,
    });
    const [, score = '10'] = /Overall exposure level for .*: ([\d.]+)/.exec(stdout) ?? [];
    console.log(`Exposure of the helper that takes approvals: ${score}`);
    expect(Number(score)).toBeLessThan(1.5);
  });

  test('is approved by `luminous-healing approve ID`, which shows the plan of the root helper', async () => {
    await daemon.configure(QUICK_DAEMON);
    await nixos.begin(good);
    await lab.host.systemctl('start', 'luminous-healing');
    const state = async () => JSON.parse(await lab.host.readFile(STATE)) as GuardState;
    const wasWell = async () => {
      const systems = (await state().catch(() => undefined))?.generations.systems ?? {};
      return Object.values(systems).some(({ units }) => units['nginx.service']?.healthy);
    };
    await lab.host.waitFor('nginx to be healthy', wasWell, 60_000);
    await nixos.switchTo(bad);
    const asked = async () => (await daemon.ask<EngineStatus>('status')).approvals[0];
    await lab.host.waitFor('a request', async () => (await asked())?.plan !== undefined, 60_000);
    const { id, plan, digest } = (await asked())!;
    expect(plan).toMatchObject({ approvedBy: 'person' });
    expect(digest.slice(0, 8)).toBe(id);
    const { stdout: explained } = await daemon.control(['explain', 'system']);
    expect(explained).toContain(`luminous-healing approve ${id}`);

    const refused = await daemon.control(['approve', id], { user: 'mallory' });
    expect(refused).toMatchObject({ exitCode: 4 });
    await isStillBad();
    const { exitCode, stdout, stderr } = await daemon.control(['approve', id], { user: 'alice' });
    expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0 });
    expect(stderr).toContain('rollback_generation, as the root helper plans it now: ');
    expect(stderr).toContain(`--set ${good}`);
    // A cycle that is running at this moment executes it.
    expect(stdout).toMatch(/fixed|is already being repaired/);
    await lab.host.waitFor('the rollback', async () => (await nixos.now()).running === good, 60_000);
    const fixed = async () => (await state()).acts.some(({ outcome }) => outcome === 'fixed');
    await lab.host.waitFor('its proof', fixed, 30_000);
    expect(JSON.parse(await lab.host.readFile(BOOK))).toMatchObject({
      acts: expect.arrayContaining([
        expect.objectContaining({ approvedBy: await uidOf('alice'), generation: { from: bad, to: good } }),
      ]) as unknown,
    });
    expect(await lab.host.run(['ls', APPROVALS])).toMatchObject({ stdout: '' });
  });
});
