import type {
  NixActivity,
  NixosReading,
  SystemIdentity,
  SystemReading,
} from '@luminous-nix/self-healing/testing';
import { beforeAll, expect, test } from 'vitest';
import { describeOnHost, PROGRAMS } from './lab.js';

/** Output of `look.mjs`; no value is unknown unless a test expects it. */
interface Told {
  readonly system: Omit<SystemReading, 'nixos'> & { readonly nixos: NixosReading };
  readonly activity: NixActivity;
  readonly identity: SystemIdentity;
  readonly changes: readonly string[];
}

const PROFILE = '/nix/var/nix/profiles/system';
const STC_LOCK = '/run/nixos/switch-to-configuration.lock';

describeOnHost('the NixOS reader on a booted host', (lab) => {
  /** Reads, as an unprivileged user, the systems, the differences between two systems, and the activity of Nix. */
  async function look(...systems: readonly string[]): Promise<Told> {
    const { stdout } = await lab.host.node([`${PROGRAMS}/look.mjs`, ...systems], { user: 'nobody' });
    return JSON.parse(stdout) as Told;
  }
  const nix = async (...argv: string[]): Promise<string> => (await lab.host.run(argv)).stdout.trim();

  /** Creates a system in the real store, with units by name below `etc/systemd/system`. */
  async function build(name: string, units: Readonly<Record<string, string>>): Promise<string> {
    const folder = `/root/${name}`;
    const kernel = await nix('nix-store', '--add', '/root/kernel');
    await lab.host.run(['mkdir', '-p', `${folder}/etc/systemd/system`]);
    await lab.host.run(['ln', '-sfn', `${kernel}/bzImage`, `${folder}/kernel`]);
    await lab.host.run(['ln', '-sfn', `${kernel}/modules`, `${folder}/kernel-modules`]);
    for (const [unit, text] of Object.entries(units))
      await lab.host.writeFile(`${folder}/etc/systemd/system/${unit}`, text);
    return nix('nix-store', '--add', folder);
  }
  const generation = (path: string) => nix('nix-env', '-p', PROFILE, '--set', path);

  /** Starts a process that runs until the test is over. */
  async function background(name: string, ...argv: string[]): Promise<void> {
    const unit = lab.takeBack(`test-${name}.service`);
    await lab.host.run(['systemd-run', '--quiet', `--unit=${unit}`, '--setenv=HOME=/root', ...argv]);
  }
  const until = (what: string, holds: (activity: NixActivity) => boolean) =>
    lab.host.waitFor(what, async () => holds((await look()).activity), 30_000);
  const untilQuiet = () =>
    until('nothing to be under way', ({ switching, building }) => switching === null && building === null);

  beforeAll(async () => {
    await lab.host.writeFile('/root/kernel/bzImage', 'a kernel');
    await lab.host.writeFile('/root/kernel/modules/modules.dep', '');
  });

  test('reads nothing on Debian except out-of-memory kills and locks', async () => {
    const { system, activity } = await look();
    expect(system.nixos).toEqual({ unknown: 'this host does not run NixOS' });
    expect(system.state).toBe('running');
    expect(system.oomKills).toBeGreaterThanOrEqual(0);
    expect(activity).toEqual({ switching: null, building: null });
  });

  test('reads the generations as Nix itself lists them, and the running and booted one', async () => {
    const unit = (program: string) => `[Service]\nExecStart=${program}\n`;
    const a = await build('a', { 'web.service': unit('/bin/1'), 'db.service': unit('/bin/db') });
    const b = await build('b', { 'web.service': unit('/bin/2'), 'db.service': unit('/bin/db') });
    const c = await build('c', {
      'web.service': unit('/bin/2'),
      'db.service': unit('/bin/db'),
      'db.service.d/overrides.conf': '[Service]\nMemoryMax=1G\n',
    });
    for (const path of [a, b, a, c]) await generation(path);
    await lab.host.run(['ln', '-sfn', b, '/run/current-system']);
    await lab.host.run(['ln', '-sfn', a, '/run/booted-system']);

    const { system, changes, identity } = await look(a, b);
    const { nixos } = system;
    expect(nixos).toMatchObject({
      running: { path: b },
      booted: { path: a, kernel: expect.stringMatching(/^\/nix\/store\/.*-kernel\/bzImage$/) as string },
      profile: { number: 4, path: c },
      specialisation: null,
    });
    expect(nixos.generations).toMatchObject([
      { number: 1, path: a },
      { number: 2, path: b },
      { number: 3, path: a },
      { number: 4, path: c },
    ]);
    const listed = await nix('nix-env', '-p', PROFILE, '--list-generations');
    expect(listed.split('\n').map((line) => Number(/\d+/.exec(line)?.[0]))).toEqual([1, 2, 3, 4]);
    const seconds = await nix('stat', '--format=%Y', '/run/current-system');
    expect(Math.floor((nixos.switchedAt as number) / 1000)).toBe(Number(seconds));
    expect(identity).toEqual(nixos.booted);
    expect(changes).toEqual(['web.service']);
    expect((await look(b, c)).changes, 'a drop-in alone').toEqual(['db.service']);

    // A rollback of the profile is detected, and does not change the times of the generations.
    await nix('nix-env', '-p', PROFILE, '--switch-generation', '2');
    await nix('nix-env', '-p', PROFILE, '--delete-generations', '1');
    const after = (await look()).system.nixos;
    expect(after.profile).toEqual({ number: 2, path: b });
    expect(after.generations).toEqual((nixos.generations as readonly unknown[]).slice(1));
    await lab.host.run(['rm', '/run/current-system', '/run/booted-system']);
  });

  test('reports a switch while a process of another user holds its lock, and not after its end', async () => {
    await lab.host.run(['mkdir', '-p', '/run/nixos']);
    await background('switch', 'flock', STC_LOCK, 'sleep', '60');
    await until('the switch to be seen', ({ switching }) => switching?.includes(STC_LOCK) ?? false);
    await lab.host.systemctl('kill', '--signal=KILL', 'test-switch');
    await untilQuiet();
    await lab.host.run(['touch', '/run/nixos/start-list']);
    await untilQuiet();
    await lab.host.run(['rm', STC_LOCK]);
    await until('the list to be seen', ({ switching }) => switching?.includes('start-list') ?? false);
    await lab.host.run(['rm', '-r', '/run/nixos']);
  });

  test('reports a build while one runs, as root or through the daemon, and not while a client is merely connected', async () => {
    const derivation = `derivation {
      name = "slow"; system = builtins.currentSystem; builder = "/bin/sh";
      args = [ "-c" "sleep 60; echo > $out" ]; PATH = "/usr/bin:/bin";
    }`;
    await lab.host.writeFile('/root/slow.nix', derivation);
    const slow = ['nix-build', '--option', 'substitute', 'false', '--no-out-link', '/root/slow.nix'];
    await background('connected', 'sh', '-c', 'sleep 60 | nix-store --serve');
    await lab.host.waitFor('the store to be open', async () => {
      const { stdout } = await lab.host.run(['cat', '/proc/locks']);
      return /FLOCK +ADVISORY +READ/.test(stdout);
    });
    expect((await look()).activity).toEqual({ switching: null, building: null });

    await background('build', ...slow);
    await until('the build to be seen', ({ building }) => building !== null);
    await lab.tidy();
    await untilQuiet();

    await lab.host.systemctl('start', 'nix-daemon.socket');
    await background('daemon-build', '--setenv=NIX_REMOTE=daemon', ...slow);
    await until('the build of the daemon to be seen', ({ building }) => building !== null);
    expect((await look()).activity.building).toContain('build user');
    await lab.host.systemctl('stop', 'nix-daemon.service');
    await lab.tidy();
    await untilQuiet();
  });

  test('reports a garbage collection while one runs', async () => {
    // It blocks at its first line of output, because the pipe is full and has no reader.
    const collect = [
      'import os, subprocess',
      'r, w = os.pipe()',
      'os.set_blocking(w, False)',
      'try:',
      '  while True: os.write(w, b"x")',
      'except BlockingIOError: os.set_blocking(w, True)',
      'subprocess.run(["nix-store", "--gc"], stderr=w)',
    ];
    await lab.host.writeFile('/root/collect.py', collect.join('\n'));
    await background('collect', 'python3', '/root/collect.py');
    await until('the collection to be seen', ({ building }) => building?.startsWith('Garbage') ?? false);
    await lab.tidy();
    await untilQuiet();
  });
});
