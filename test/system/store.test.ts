import type { HealingOptions, HealingResult } from '@luminous-nix/self-healing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandsOf, describeOnHost, issueWith, type Setup } from './lab.js';

const MIB = 1024 ** 2;
const PROFILE = '/nix/var/nix/profiles/system';
/** Makes nix-daemon read its configuration again; its socket starts it. */
const AGAIN =
  'systemctl stop nix-daemon.service nix-daemon.socket; systemctl reset-failed nix-daemon.socket nix-daemon.service || true; systemctl start nix-daemon.socket';

describeOnHost('the Nix store on a small file system', (lab) => {
  const shell = async (script: string, user?: string) =>
    (await lab.host.run(['sh', '-ec', script], user === undefined ? {} : { user })).stdout.trim();
  const usage = async () => {
    const [used = 0, available = 0] = (await shell('df --block-size=1 --output=used,avail /nix | tail -1'))
      .split(/\s+/)
      .map(Number);
    return { used, available, percent: (100 * used) / (used + available) };
  };
  /** Nix removes its reserve of 8 MiB while it collects, and creates it again on its next call. */
  const usageWithReserve = async () => {
    await shell('nix-store --dump-db > /dev/null');
    return usage();
  };
  const stored = async () =>
    (await shell('ls /nix/store | grep -v "^\\.links$" || true')).split('\n').filter(Boolean);

  /** Adds an unreferenced path that consists of files of this size. */
  const garbage = (name: string, ...sizes: readonly number[]) =>
    shell(
      [
        `mkdir -p /var/tmp/${name}`,
        ...sizes.map((size, index) => `head -c ${size} /dev/urandom > /var/tmp/${name}/${index}`),
        `nix-store --add /var/tmp/${name}`,
        `rm -r /var/tmp/${name}`,
      ].join('\n'),
    );
  const live = async (name: string, size: number) => {
    const path = await garbage(name, size);
    await shell(`ln -sfn ${path} /nix/var/nix/gcroots/${name}`);
    return path;
  };
  /** Fills the disk up to this percentage, with a file outside of the store. */
  const fillTo = async (percent: number) => {
    const { used, available } = await usageWithReserve();
    await shell(`fallocate --length ${Math.floor((percent / 100) * (used + available)) - used} /nix/filling`);
  };

  const heal = async (options: HealingOptions = {}, setup: Setup = {}): Promise<HealingResult> => {
    const [result, ...others] = await lab.heal({ enabledChecks: ['disk'], ...options }, setup);
    expect(others).toEqual([]);
    if (result === undefined) throw new Error('Expected an issue of the disk');
    return result;
  };

  beforeEach(async () => {
    if ((await shell('findmnt --noheadings --output TARGET --target /nix')) !== '/nix') {
      await lab.host.mountSmallFileSystem('/nix', 96);
      await shell(
        'systemctl restart nix-daemon.socket; useradd --create-home --groups nix-users healer; rm /nix/var/nix/db/reserved',
      );
    }
  });
  afterEach(async () => {
    await shell(
      'rm -rf /nix/filling* /nix/var/nix/gcroots/live-* /nix/var/nix/profiles/system* /run/current-system /run/booted-system',
    );
    await shell('nix-store --gc');
  });

  test('is collected down to the clearing level and no further, without live paths', async () => {
    const kept = [await live('live-one', 4 * MIB), await live('live-two', 3 * MIB)];
    for (let index = 0; index < 12; index += 1) await garbage(`dead-${index}`, 2 * MIB);
    await fillTo(94);
    const before = await usage();

    const result = await heal();
    const { used: usedAfter } = await usage();
    const after = await usageWithReserve();
    expect(result).toMatchObject({ outcome: 'fixed', actionTaken: 'clean_nix_store' });
    expect(after.percent).toBeLessThan(85);
    // It may exceed the level by one path, which is 2 MiB.
    expect(after.used).toBeGreaterThan(0.85 * (after.used + after.available) - 2.2 * MIB);
    const left = await stored();
    expect(left.length).toBeGreaterThan(kept.length);
    for (const path of kept) expect(left).toContain(path.split('/').pop());
    const [, paths = '', mebibytes = '', less = ''] =
      /Nix deleted (\d+) store paths and counts ([\d.]+) MiB as freed; ([\d.]+) MiB less are in use/.exec(
        result.outcome === 'fixed' ? result.proof : '',
      ) ?? [];
    expect(Number(paths)).toBe(14 - left.length);
    expect(Number(mebibytes)).toBeCloseTo(2 * Number(paths), 0);
    expect(Number(less)).toBeCloseTo((before.used - usedAfter) / MIB, 0);
  });

  test('is collected by an unprivileged user through nix-daemon, even where it cannot read its home', async () => {
    for (let index = 0; index < 8; index += 1) await garbage(`dead-${index}`, 2 * MIB);
    await fillTo(93);
    await shell('chmod 0 /home/healer');
    const result = await heal({}, { user: 'healer' });
    expect(result).toMatchObject({
      outcome: 'fixed',
      plan: { steps: [{ env: { NIX_REMOTE: 'daemon', HOME: '/' }, needsRoot: false }] },
    });
    expect((await usage()).percent).toBeLessThan(85);
  });

  test('is not collected by a user without access to nix-daemon, which is reported', async () => {
    await garbage('dead', 2 * MIB);
    await fillTo(93);
    const before = await stored();
    const result = await heal({}, { user: 'nobody', env: { HOME: '/' } });
    expect(result).toMatchObject({ outcome: 'failed' });
    expect(result.error).toMatch(/Needs root/);
    expect(result.plan?.notes.join()).toMatch(/nix-daemon does not accept this user/);
    expect(await stored()).toEqual(before);
  });

  test.each([
    ['is allowed', 'allowed-users = root healer', 'fixed'],
    ['has an allowed group', 'allowed-users = @nix-users', 'fixed'],
    ['is allowed by extra-allowed-users', 'allowed-users = root\nextra-allowed-users = healer', 'fixed'],
    ['is trusted', 'allowed-users = root\ntrusted-users = healer', 'fixed'],
    ['is not allowed', 'allowed-users = root @nobody', 'failed'],
    ['was allowed by an earlier line only', 'allowed-users = healer\nallowed-users = root', 'failed'],
  ])('has a socket that is open to everybody, and a user who %s', async (_, settings, outcome) => {
    const ADDED = '# of the test';
    try {
      await shell(
        [
          `printf '\\n%s\\n%b\\n' '${ADDED}' '${settings.replace(/\n/g, '\\n')}' >> /etc/nix/nix.conf`,
          AGAIN,
          'chmod 755 /nix/var/nix/daemon-socket; chmod 666 /nix/var/nix/daemon-socket/socket',
        ].join('\n'),
      );
      // The daemon itself is the reference.
      const asking = ['env', 'HOME=/', 'NIX_REMOTE=daemon', 'nix-store', '--gc', '--print-dead'];
      const asked = await lab.host.run(asking, { user: 'healer', allowFailure: true });
      expect(asked.exitCode === 0, asked.stderr).toBe(outcome === 'fixed');
      for (let index = 0; index < 8; index += 1) await garbage(`dead-${index}`, 2 * MIB);
      await fillTo(93);
      const result = await heal({}, { user: 'healer', env: { HOME: '/' } });
      expect(result.outcome).toBe(outcome);
      if (outcome === 'fixed')
        expect(result.plan?.steps).toMatchObject([{ env: { NIX_REMOTE: 'daemon' }, needsRoot: false }]);
      else {
        expect(result.error).toMatch(/Needs root/);
        expect(result.plan?.notes.join()).toMatch(/nix-daemon does not accept this user/);
      }
    } finally {
      await shell([`sed -i '/^${ADDED}$/,$d' /etc/nix/nix.conf`, AGAIN].join('\n'));
    }
  });

  test('is collected on a completely full disk', async () => {
    for (let index = 0; index < 8; index += 1) await garbage(`dead-${index}`, 3 * MIB);
    await lab.host.run([
      'sh',
      '-c',
      'for s in 1M 64k 1k; do dd if=/dev/zero of=/nix/filling-$s bs=$s 2>/dev/null; done; :',
    ]);
    expect((await usage()).available).toBe(0);
    const failing = await lab.host.run(['nix-store', '--gc', '--max-freed', '1'], { allowFailure: true });
    expect(failing.stderr).toContain('disk I/O error');

    const result = await heal();
    expect(commandsOf(result)).toEqual([
      expect.stringMatching(/^systemd-run .* -- rm -f -- \/nix\/var\/nix\/db\/reserved$/),
      expect.stringMatching(
        /^systemd-run .* -- nix-store --gc --max-freed \d+ --option gc-reserved-space 0$/,
      ),
    ]);
    expect(result).toMatchObject({ outcome: 'fixed' });
    expect((await usage()).percent).toBeLessThan(85);
    // Nix creates its reserve again, so there must be space for it.
    const after = await usageWithReserve();
    expect(Number(await shell('stat --format=%s /nix/var/nix/db/reserved'))).toBe(8 * MIB);
    expect(after.percent).toBeLessThan(85.1);
    expect(after.used).toBeGreaterThan(0.85 * (after.used + after.available) - 3.2 * MIB);
  });

  test('is read again after a collection of an optimised store until the level is reached', async () => {
    // Two files in each path share their blocks: Nix counts each name of them as freed, and so stops early.
    await shell(
      `for i in $(seq 10); do mkdir -p /var/tmp/d; head -c ${2 * MIB} /dev/urandom > /var/tmp/d/a; cp /var/tmp/d/a /var/tmp/d/b; mv /var/tmp/d /var/tmp/twins-$i; nix-store --add /var/tmp/twins-$i; rm -r /var/tmp/twins-$i; nix-store --optimise; done`,
    );
    const kept = await live('live-shared', 2 * MIB);
    await fillTo(94);
    const result = await heal();
    const after = await usageWithReserve();
    expect(result).toMatchObject({ outcome: 'fixed' });
    expect(after.percent).toBeLessThan(85);
    expect(after.used).toBeGreaterThan(0.85 * (after.used + after.available) - 4.5 * MIB);
    expect(await stored()).toContain(kept.split('/').pop());
    expect(result.plan?.notes.join()).toContain('Looked at again after each run');
  });

  test('is not collected while a build runs', async () => {
    await garbage('dead', 2 * MIB);
    await fillTo(93);
    const before = await stored();
    const expression =
      'derivation { name = "slow"; builder = "/bin/sh"; args = [ "-c" "while :; do :; done" ]; system = builtins.currentSystem; }';
    await shell(
      `systemd-run --quiet --unit=test-build --setenv=HOME=/root -- sh -c 'nix-build --option sandbox false -E "$0"' '${expression}'`,
    );
    try {
      await lab.host.waitFor(
        'the build to begin',
        async () =>
          (await shell('ls /nix/var/nix/userpool 2>/dev/null || true; pgrep -f "while :" || true')) !== '',
      );
      await lab.host.waitFor('the build to be seen', async () => {
        const result = await heal({ dryRun: true });
        return result.blockedBy === 'in-transition';
      });
      expect(await heal()).toMatchObject({ outcome: 'skipped', blockedBy: 'in-transition' });
      expect((await stored()).filter((name) => name.includes('dead'))).toEqual(
        before.filter((name) => name.includes('dead')),
      );
    } finally {
      await shell(
        'systemctl kill --signal=KILL test-build || true; systemctl stop test-build || true; systemctl reset-failed || true',
      );
    }
  });

  /** System generation whose programs record their calls. */
  async function generation(number: number, size: number, daysAgo: number): Promise<string> {
    const path = await shell(
      [
        `mkdir -p /var/tmp/system-${number}/bin`,
        `head -c ${size} /dev/urandom > /var/tmp/system-${number}/data`,
        `printf '#!/bin/sh\\necho "$0" "$@" >> /var/tmp/switches\\n' > /var/tmp/system-${number}/bin/switch-to-configuration`,
        `chmod +x /var/tmp/system-${number}/bin/switch-to-configuration`,
        `nix-store --add /var/tmp/system-${number}`,
        `rm -r /var/tmp/system-${number}`,
      ].join('\n'),
    );
    await shell(`nix-env --profile ${PROFILE} --set ${path}`);
    await shell(`touch --no-dereference --date='${daysAgo} days ago' ${PROFILE}-${number}-link`);
    return path;
  }
  const generations = () => shell(`ls /nix/var/nix/profiles | grep -o 'system-[0-9]*' | sort`);

  test('loses old generations only if that is allowed, and never the running, booted or next one', async () => {
    const paths: string[] = [];
    for (const [index, days] of [90, 80, 70, 60, 50].entries()) {
      paths.push(await generation(index + 1, 3 * MIB, days));
    }
    const [, booted, , running, next] = paths;
    await shell(`ln -sfn ${booted} /run/booted-system; ln -sfn ${running} /run/current-system`);
    await garbage('dead', 1 * MIB);
    await fillTo(99);

    const without = await heal();
    expect(without).toMatchObject({ outcome: 'ineffective' });
    expect(await generations()).toBe('system-1\nsystem-2\nsystem-3\nsystem-4\nsystem-5');

    await usageWithReserve();
    const young = await heal({ nix: { deleteOlderThan: '75d' }, dryRun: true });
    expect(young.plan?.notes.join()).toContain('system generations 1, older than 75d, are deleted');

    const unprivileged = await heal(
      { nix: { deleteOlderThan: '30d' }, dryRun: true },
      { user: 'healer', env: { HOME: '/' } },
    );
    expect(unprivileged.plan?.notes.join()).toContain('the root helper deletes no generations');
    expect(await generations()).toBe('system-1\nsystem-2\nsystem-3\nsystem-4\nsystem-5');

    const result = await heal({ nix: { deleteOlderThan: '30d' } });
    expect(result).toMatchObject({ outcome: 'fixed' });
    expect(result.plan?.notes.join()).toContain('system generations 1, 3, older than 30d, are deleted');
    expect(await generations()).toBe('system-2\nsystem-4\nsystem-5');
    expect(await shell('cat /var/tmp/switches')).toBe(`${PROFILE}/bin/switch-to-configuration boot`);
    const left = await stored();
    for (const path of [booted, running, next]) expect(left).toContain(path!.split('/').pop());
    // Both are garbage now, and are deleted as far as needed.
    const gone = [paths[0], paths[2]].filter((path) => !left.includes(path!.split('/').pop()!));
    expect(gone).not.toEqual([]);
  });
});

describeOnHost('dropping caches where /proc/sys is read-only', (lab) => {
  test('is unavailable, with what to do', async () => {
    const memory = issueWith('memory', { type: 'resource', metricValue: 95, threshold: 1 });
    const [result] = await lab.drive([['healIssue', memory]], {
      options: { enabledChecks: ['memory'], thresholds: { memoryPercent: 1 } },
    });
    expect(result.attempts[0]).toMatchObject({ action: 'clear_system_cache', blockedBy: 'unavailable' });
    expect(result.attempts[0]?.error).toMatch(/drop_caches is read-only here.*run this on the host itself/);
  });
});

describeOnHost(
  'dropping caches on a host that permits it',
  (lab) => {
    const OPTIONS: HealingOptions = {
      enabledChecks: ['memory'],
      thresholds: { memoryPercent: 1, loadAverage: 10_000 },
      guards: { settleMs: { memory: 100 } },
    };
    const heal = async (options: HealingOptions) => {
      const [result] = await lab.heal(options);
      if (result === undefined) throw new Error('Expected an issue of memory');
      return result;
    };

    test('is skipped by default, because the kernel counts its cache as available', async () => {
      const { attempts } = await heal(OPTIONS);
      expect(attempts[0]).toMatchObject({ action: 'clear_system_cache', blockedBy: 'no-expected-gain' });
      expect(attempts[0]?.error).toMatch(/would gain .* at most: less than 3 % of memory/);
    });

    test('really drops them, and measures the gain', async () => {
      await lab.host.run([
        'sh',
        '-c',
        'head -c 64M /dev/urandom > /var/tmp/read; sync; cat /var/tmp/read > /dev/null',
      ]);
      const guards = { ...OPTIONS.guards, useless: { gainPercent: 0 } };
      const result = await heal({ ...OPTIONS, guards });
      const [first] = result.attempts;
      // The threshold is 1 %: no action could reach that.
      expect(first).toMatchObject({ action: 'clear_system_cache', outcome: 'ineffective' });
      const [, dropped = ''] =
        /; ([\d.]+ \wiB) were dropped, and .* more are available/.exec(first?.error ?? '') ?? [];
      expect(dropped).toMatch(/MiB|GiB/);
    });
  },
  { apiVfsWritable: true },
);
