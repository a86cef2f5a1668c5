import type { HealingOptions, HealingResult } from '@luminous-nix/self-healing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeOnHost, issueWith, type Step } from './lab.js';
import { StandIn } from './stand-in.js';

const OPTIONS: HealingOptions = {
  services: ['nginx', 'one', 'two'],
  enabledChecks: ['services', 'system'],
  guards: {
    evidence: { healthyMs: 3_000 },
    settleMs: { service: 300, system: 500 },
    backoff: { firstMs: 0 },
    budget: { generationsPerDay: 9 },
  },
  nix: { rebuild: { flake: '/etc/nixos#host', flags: ['--option', 'cores', '2'] } },
};
const FOLDER = '/opt/stand-in';
/** Debian has no `nixos-rebuild`: this script records its call, and behaves as the test prescribes. */
const NIXOS_REBUILD = `#!/bin/sh
printf '%s\\n' "$@" > ${FOLDER}/argv
env > ${FOLDER}/env
cat /proc/self/cgroup > ${FOLDER}/cgroup
echo "building the system configuration..." >&2
. ${FOLDER}/script
`;
const sleeper = (start: string) => `[Service]\nExecStart=${start}\n`;
const GOOD = { 'one.service': sleeper('sleep infinity'), 'two.service': sleeper('sleep infinity') };
const BROKEN = { 'one.service': sleeper('/bin/false'), 'two.service': sleeper('/bin/false') };

const matching = (words: string | RegExp): string => expect.stringMatching(words) as string;
const containing = (words: string): string => expect.stringContaining(words) as string;

describeOnHost('nixos-rebuild, simulated by a stand-in,', (lab) => {
  const nixos = new StandIn(lab);
  let running = '';
  beforeEach(async () => {
    await lab.host.writeFile(`${FOLDER}/nixos-rebuild`, NIXOS_REBUILD, 0o755);
    running = await nixos.build('running', { units: GOOD });
    await nixos.begin(running);
    await lab.host.systemctl('start', 'one', 'two');
  });
  afterEach(() => nixos.tidy());

  const BY_HAND: Step = ['healIssue', issueWith('system', { type: 'system', severity: 4 })];
  const env = { PATH: `${FOLDER}:/usr/sbin:/usr/bin:/sbin:/bin`, NIX_PATH: 'nixpkgs=/etc/nixpkgs' };
  /** A person has approved; the resolver picks the rebuild. Its cause is that nginx is down. */
  async function rebuild(script: string): Promise<HealingResult> {
    await lab.host.writeFile(`${FOLDER}/script`, script);
    await lab.host.systemctl('kill', '--signal=KILL', 'nginx');
    const setup = {
      options: OPTIONS,
      resolve: { action: 'rebuild_system', parameters: {} },
      env,
      timeoutMs: 60_000,
    };
    const [asked, , result] = (await lab.drive(
      [BY_HAND, ['approve'], BY_HAND],
      setup,
    )) as unknown as HealingResult[];
    expect(asked).toMatchObject({ blockedBy: 'needs-approval', error: 'A rebuild changes the whole system' });
    return result!;
  }
  const said = async (file: string) => (await lab.host.readFile(`${FOLDER}/${file}`)).trim().split('\n');

  test('is called with flake and flags, in a separate unit, and verified by the units', async () => {
    const next = await nixos.build('next', {
      units: { ...GOOD, 'three.service': sleeper('sleep infinity') },
    });
    const result = await rebuild(`${nixos.switching(next).at(-1)}; systemctl restart nginx`);
    expect(result).toMatchObject({ outcome: 'fixed', actionTaken: 'rebuild_system' });
    expect(await said('argv')).toEqual(['switch', '--flake', '/etc/nixos#host', '--option', 'cores', '2']);
    expect(await said('env')).toEqual(
      expect.arrayContaining([`PATH=${env.PATH}`, 'HOME=/root', `NIX_PATH=${env.NIX_PATH}`]),
    );
    expect((await said('cgroup')).join()).toContain('/luminous-healing-rebuild-');
    expect((await nixos.now()).running).toBe(next);
  });

  test('is reported with its exit code and last lines if it fails, without a change', async () => {
    const result = await rebuild('echo "error: attribute missing" >&2; sleep 1; exit 1');
    expect(result).toMatchObject({
      outcome: 'failed',
      error: matching(/exited with 1: .*error: attribute missing/),
    });
    expect((await nixos.now()).running).toBe(running);
  });

  test('is a success if it ends with 4 and the issue is gone', async () => {
    const result = await rebuild('systemctl restart nginx; exit 4');
    expect(result.outcome).toBe('fixed');
  });

  test('is undone if it makes the system worse', async () => {
    const worse = await nixos.build('worse', { units: BROKEN });
    const result = await rebuild(`${nixos.switching(worse).at(-1)}`);
    expect(result).toMatchObject({
      outcome: 'ineffective',
      error: matching(/3 units fail .* and 1 did before: one.service, two.service/),
    });
    expect(await nixos.now()).toEqual({ running, profile: running });
    expect(await lab.show('ActiveState', 'one')).toBe('active');
  });

  test('is not waited for if it hangs and the engine is stopped, and is verified at the next start', async () => {
    await lab.host.writeFile(`${FOLDER}/script`, 'sleep 6');
    await lab.host.systemctl('kill', '--signal=KILL', 'nginx');
    const setup = {
      options: { ...OPTIONS, state: '/var/lib/rebuild/state.json' },
      resolve: { action: 'rebuild_system', parameters: {} },
      env,
    };
    await lab.drive([BY_HAND, ['approve']], setup);
    const begun = Date.now();
    const [stopped] = (await lab.drive(
      [['healIssue', BY_HAND[1] as never, 2_000] as unknown as Step],
      setup,
    )) as unknown as HealingResult[];
    expect(Date.now() - begun).toBeLessThan(5_500);
    expect(stopped).toMatchObject({
      outcome: 'failed',
      error: containing('the next cycle verifies the result'),
    });
    const state = JSON.parse(await lab.host.readFile('/var/lib/rebuild/state.json')) as {
      intents: unknown[];
    };
    expect(state.intents).toMatchObject([
      { action: 'rebuild_system', generation: { from: running, to: null } },
    ]);
    expect(
      await lab.host.systemctl('list-units', '--plain', '--no-legend', 'luminous-healing-rebuild-*'),
    ).toContain('running');
    await lab.host.waitFor(
      'the rebuild to end',
      async () =>
        (await lab.host.systemctl('list-units', '--plain', '--no-legend', 'luminous-healing-rebuild-*')) ===
        '',
    );
    await lab.host.run(['rm', '-rf', '/var/lib/rebuild']);
  });
});
