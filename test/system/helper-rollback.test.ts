import type { GuardState } from '@luminous-nix/self-healing/testing';
import { afterEach, expect, test } from 'vitest';
import type { DaemonConfig } from '../../src/service/config/config.js';
import { writePolicy } from './helper-units.js';
import { Installation } from './installation.js';
import { describeOnHost } from './lab.js';
import { nginxUnit, QUICK_DAEMON, StandIn } from './stand-in.js';

const STATE = '/var/lib/luminous-healing/state.json';
const HELPER = 'luminous-healing-helper@.service';
/**
 * Drop-in from docs/systemd.md, for a policy that allows it. On a real host `ProtectSystem=strict` makes /run
 * read-only, too; here, in nspawn with hybrid cgroups, it stays writable unless it is named.
 */
const DROP_IN = `[Service]
ReadWritePaths=/nix/var/nix
CapabilityBoundingSet=CAP_DAC_READ_SEARCH
ReadOnlyPaths=/run
ExecStartPre=/bin/sh -c "grep ' /run ' /proc/self/mountinfo | cut -d' ' -f6 | cut -d, -f1 > /var/lib/luminous-healing-helper/run-is"
`;
const LEAST = { actions: ['rollback_generation'], services: ['nginx'] };
const ALLOWED = { ...LEAST, nix: { allowRollback: true }, record: STATE };

/** Root requires its own 10 min. */
const QUICK: DaemonConfig = { ...QUICK_DAEMON, nix: { allowRollback: true } };

describeOnHost('a rollback of a generation through the root helper', (lab) => {
  const nixos = new StandIn(lab);
  const daemon = new Installation(lab);
  afterEach(async () => {
    await lab.host.systemctl('stop', 'luminous-healing');
    await nixos.tidy();
  });

  const remembered = async () => JSON.parse(await lab.host.readFile(STATE)) as GuardState;
  const wasWell = async () => {
    const { generations } = await remembered().catch(() => ({ generations: { systems: {} } }));
    const systems: GuardState['generations']['systems'] = generations.systems;
    return Object.values(systems).some(({ units }) => units['nginx.service']?.healthy);
  };
  const answered = (words: RegExp) => async () => {
    const { stdout } = await lab.host.run(['journalctl', '--output=cat', '-t', 'luminous-healing-helper']);
    return words.test(stdout);
  };
  const told = (words: RegExp) => async () => (await daemon.journal()).some((line) => words.test(line));

  test('is refused by its policy, refused by contradicting readings of root, and then executed for an unprivileged daemon', async () => {
    await daemon.install(LEAST);
    await lab.host.writeUnit(`${HELPER}.d/rollback.conf`, DROP_IN);
    await lab.host.systemctl('daemon-reload');
    await daemon.configure(QUICK);
    const own = {
      'luminous-healing.service': Installation.unit('luminous-healing.service'),
      [HELPER]: Installation.unit(HELPER),
    };
    const good = await nixos.build('good', {
      units: { 'nginx.service': nginxUnit('-g "daemon on;"'), ...own },
    });
    const bad = await nixos.build('bad', {
      units: { 'nginx.service': nginxUnit('-c /etc/nginx/there-is-no-such-file'), ...own },
    });
    await nixos.begin(good);
    await lab.host.writeUnit(`${HELPER}.d/rollback.conf`, DROP_IN);
    await lab.host.systemctl('daemon-reload');
    await lab.host.systemctl('restart', 'luminous-healing');
    await lab.host.waitFor('nginx to be healthy', wasWell, 60_000);
    await nixos.switchTo(bad);
    // As after a boot without a switch.
    await lab.host.run(['rm', '-rf', '/run/nixos']);
    await lab.host.waitFor('a refusal', told(/`nix.allowRollback` is not set/), 30_000);

    await writePolicy(lab.host, ALLOWED);
    // The daemon reports that nginx was healthy before. Its generation is seconds old, and root requires 10 min.
    await lab.host.waitFor('another refusal', answered(/which is less than 10 min/), 30_000);
    expect(await nixos.now()).toEqual({ running: bad, profile: bad });

    const link = '/nix/var/nix/profiles/system-1-link';
    await lab.host.run(['touch', '--no-dereference', '--date=20 minutes ago', link]);
    await lab.host.waitFor('the rollback', async () => (await nixos.now()).running === good, 60_000);
    await lab.host.waitFor(
      'its proof',
      async () => (await remembered()).acts.some(({ action }) => action === 'rollback_generation'),
      30_000,
    );
    const { acts } = await remembered();
    expect(acts.findLast(({ action }) => action === 'rollback_generation')).toMatchObject({
      outcome: 'fixed',
    });
    expect(await nixos.now()).toEqual({ running: good, profile: good });
    expect((await lab.host.run(['curl', '-sS', 'http://localhost/'])).stdout).toContain('Welcome to nginx');
    expect(await lab.host.readFile('/var/lib/luminous-healing-helper/run-is')).toBe('ro\n');
    const book = JSON.parse(await lab.host.readFile('/var/lib/luminous-healing-helper/acts.json')) as unknown;
    expect(book).toMatchObject({
      acts: [{ action: 'rollback_generation', generation: { from: bad, to: good } }],
    });
  });
});
