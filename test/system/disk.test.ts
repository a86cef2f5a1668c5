import { expect, test } from 'vitest';
import { commandsOf, describeOnHost, issueWith } from './lab.js';

describeOnHost('a file system that fills up', (lab) => {
  const ONLY_DISKS = { enabledChecks: ['disk'] };
  const troubled = async () => (await lab.heal({ ...ONLY_DISKS, dryRun: true })).map(({ issue }) => issue);

  /** Writes one file that fills the file system to this percentage in `df`. */
  async function fill(path: string, percent: number): Promise<void> {
    await lab.host.run(['rm', '-f', `${path}/filling`]);
    const { stdout } = await lab.host.run(['df', '--block-size=1', '--output=used,avail', path]);
    const [used = 0, available = 0] = stdout.trim().split('\n').at(-1)!.trim().split(/\s+/).map(Number);
    const size = Math.floor((percent / 100) * (used + available)) - used;
    await lab.host.run(['fallocate', '--length', `${size}`, `${path}/filling`]);
  }

  test('is an issue of that mount alone, HIGH above the threshold and CRITICAL above 95 %', async () => {
    await lab.host.mountSmallFileSystem('/srv/data of mine', 64);
    await fill('/srv/data of mine', 85);
    expect(await troubled()).toEqual([]);

    await fill('/srv/data of mine', 92);
    const [high, ...others] = await troubled();
    expect(others).toEqual([]);
    expect(high).toMatchObject({
      type: 'resource',
      component: 'disk:/srv/data of mine',
      severity: 3,
      threshold: 90,
    });
    expect(high?.metricValue).toBeGreaterThan(91.5);
    expect(high?.metricValue).toBeLessThan(92.5);

    await fill('/srv/data of mine', 99);
    expect(await troubled()).toMatchObject([{ component: 'disk:/srv/data of mine', severity: 4 }]);

    await lab.host.run(['rm', '/srv/data of mine/filling']);
    expect(await troubled()).toEqual([]);
  });

  test('is also detected by its inodes while it has space', async () => {
    await lab.host.mountSmallFileSystem('/srv/many', 16, { inodes: 512 });
    await lab.host.run(['sh', '-c', 'for i in $(seq 470); do : > /srv/many/$i; done']);
    const [issue, ...others] = await troubled();
    expect(others).toEqual([]);
    expect(issue).toMatchObject({ component: 'inodes:/srv/many', severity: 3 });
    await lab.host.run(['sh', '-c', 'for i in $(seq 471 495); do : > /srv/many/$i; done']);
    expect(await troubled()).toMatchObject([{ component: 'inodes:/srv/many', severity: 4 }]);
    await lab.host.run(['sh', '-c', 'rm /srv/many/[0-9]*']);
  });

  test('is not cleaned by collecting garbage in a Nix store on another file system', async () => {
    await lab.host.mountSmallFileSystem('/srv/elsewhere', 32);
    await fill('/srv/elsewhere', 97);
    const results = await lab.heal({ ...ONLY_DISKS, dryRun: true });
    expect(results).toMatchObject([
      { outcome: 'skipped', blockedBy: 'unavailable', actionTaken: 'clean_nix_store' },
    ]);
    expect(results[0]?.error).toContain('/srv/elsewhere');
    await lab.host.run(['rm', '/srv/elsewhere/filling']);
  });

  test('is that of the Nix store for the component `disk`, and a dry run shows what would be collected', async () => {
    await lab.host.mountSmallFileSystem('/nix', 64);
    await fill('/nix', 93);
    const jobs = await lab.jobs();
    const bare = issueWith('disk', { type: 'resource', metricValue: 93, threshold: 90 });
    const [found, byHand] = await lab.drive([['detectAndHeal'], ['healIssue', bare]], {
      options: { ...ONLY_DISKS, dryRun: true },
    });
    expect(found).toMatchObject([{ outcome: 'planned', issue: { component: 'disk:/nix' } }]);
    expect(byHand).toMatchObject({
      outcome: 'planned',
      actionTaken: 'clean_nix_store',
      plan: { targets: [{ kind: 'plain', id: 'disk:/nix' }] },
    });
    // Down to five points below the threshold, and no further.
    const [, bytes] = /^nix-store --gc --max-freed (\d+)$/.exec(commandsOf(byHand)[0]!) ?? [];
    const { stdout } = await lab.host.run(['df', '--block-size=1', '--output=used,avail', '/nix']);
    const [used = 0, available = 0] = stdout.trim().split('\n').at(-1)!.trim().split(/\s+/).map(Number);
    expect(Number(bytes)).toBeCloseTo(used - 0.85 * (used + available), -4);
    expect(await lab.jobs()).toBe(jobs);

    await lab.host.run(['rm', '/nix/filling']);
    const [healthy] = await lab.drive([['healIssue', bare]], { options: { ...ONLY_DISKS, dryRun: true } });
    expect(healthy).toMatchObject({ outcome: 'skipped', success: false });
  });
});
