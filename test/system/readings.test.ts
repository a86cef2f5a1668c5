import type { ComponentVerdict, HealingOptions, HealingResult, IssueInput } from '@luminous-nix/self-healing';
import { execFileSync, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { describeOnHost, issueWith, PROGRAMS } from './lab.js';
import { mountSilent } from './silent-mount.js';

type Step = { readonly look: true } | { readonly run: readonly string[] } | { readonly heal: IssueInput };

interface Told {
  readonly verdicts: readonly ComponentVerdict[];
  readonly results: readonly HealingResult[];
  readonly events: readonly string[];
  readonly result: HealingResult;
}

const LOOK = { look: true } as const;
const run = (...argv: readonly string[]): Step => ({ run: argv });

const hasTools = (...names: readonly string[]): boolean =>
  names.every((name) => spawnSync('which', [name]).status === 0);

describeOnHost('a file system on a booted host', (lab) => {
  const outside: ChildProcess[] = [];

  afterEach(async () => {
    await lab.host.run(['sh', '-c', 'umount --lazy /srv/* 2>/dev/null; true'], { allowFailure: true });
    for (const child of outside.splice(0)) child.kill('SIGKILL');
  });

  async function looks(steps: readonly Step[], options: HealingOptions = {}): Promise<Told[]> {
    const engine = { enabledChecks: ['disk'], dryRun: true, ...options };
    const { stdout } = await lab.host.node([`${PROGRAMS}/readings.mjs`], {
      input: JSON.stringify({ engine, steps }),
    });
    return JSON.parse(stdout) as Told[];
  }
  const verdictOn = ({ verdicts }: Told, component: string): ComponentVerdict | undefined =>
    verdicts.find((verdict) => verdict.component === component);
  const status = (told: Told, component: string): string | undefined => verdictOn(told, component)?.status;

  /** The /sys of a container omits the error counts of ext4: they are put where they are on a real machine. */
  async function showErrors(): Promise<void> {
    const steps = [
      'test -d /sys/fs/ext4 && exit',
      'mkdir -p /run/whole-sys && mount -t sysfs sysfs /run/whole-sys',
      'mount -o remount,rw /sys && mkdir /sys/fs/ext4',
      'mount --bind /run/whole-sys/fs/ext4 /sys/fs/ext4',
    ];
    await lab.host.run(['sh', '-c', steps.join('\n')]);
  }

  /** Makes the kernel find an error in an ext4, and waits until it is counted: inside, /sys is read-only. */
  async function findError(device: string): Promise<void> {
    const file = (name: string): string => `/sys/fs/ext4/${basename(device)}/${name}`;
    writeFileSync(file('trigger_fs_error'), 'a test\n');
    const count = (): Promise<boolean> =>
      Promise.resolve(readFileSync(file('errors_count'), 'utf8').trim() !== '0');
    await lab.host.waitFor('the error to be counted', count);
  }

  /** Makes a program inside wait until work outside is done. */
  async function whileItWaits(work: () => Promise<void>): Promise<void> {
    await lab.host.waitFor('the program to wait', async () => {
      const { exitCode } = await lab.host.run(['test', '-e', '/run/test-waits'], { allowFailure: true });
      return exitCode === 0;
    });
    await work();
    await lab.host.run(['rm', '/run/test-waits']);
  }
  const WAIT = run('sh', '-c', ': > /run/test-waits; while test -e /run/test-waits; do sleep 0.1; done');

  const mountSilently = async (type: 'fuse' | 'autofs', path: string): Promise<void> =>
    void outside.push(await mountSilent(lab.host, type, path));

  test('is HIGH and not repaired if its ext4 became read-only, and ok when it is writable again', async () => {
    const { path } = await lab.host.mountSmallFileSystem('/srv/data', 32);
    const component = `readonly:${path}`;
    const [before, after, again] = (await looks([
      ...[LOOK, run('mount', '-o', 'remount,ro', path), LOOK],
      ...[run('mount', '-o', 'remount,rw', path), LOOK],
    ])) as [Told, Told, Told];
    expect(status(before, component)).toBe('ok');
    expect(verdictOn(after, component)).toMatchObject({ status: 'bad', severity: 3, check: 'disk' });
    expect(verdictOn(after, component)?.reason).toContain('became read-only');
    expect(status(after, `disk:${path}`)).toBe('ok');
    expect(after.results).toMatchObject([
      { outcome: 'skipped', blockedBy: 'no-action', actionTaken: 'none' },
    ]);
    expect(after.events).toEqual([`issue:opened ${component}`]);
    expect(again.events).toEqual([`issue:cleared ${component}`]);
  });

  test('is HIGH if its XFS was shut down, though the table of mounts does not show it', async (context) => {
    if (!hasTools('mkfs.xfs', 'xfs_io')) return context.skip('xfsprogs is not installed');
    const { path } = await lab.host.mountSmallFileSystem('/srv/xfs', 320, { type: 'xfs' });
    const component = `readonly:${path}`;
    const looking = looks([LOOK, WAIT, LOOK]);
    const inside = `/proc/${lab.host.pid}/root${path}`;
    await whileItWaits(async () => void execFileSync('xfs_io', ['-x', '-c', 'shutdown', inside]));
    const [before, after] = (await looking) as [Told, Told];
    expect(status(before, component)).toBe('ok');
    expect(verdictOn(after, component)).toMatchObject({ status: 'bad', severity: 3 });
    expect(verdictOn(after, component)?.reason).toContain('the kernel shut it down');
    expect(after.results).toMatchObject([{ outcome: 'skipped', blockedBy: 'no-action' }]);
    // A file system that was shut down before the first reading is bad, too.
    const [later] = (await looks([LOOK])) as [Told];
    expect(status(later, component)).toBe('bad');
  });

  test('is read-only by design if it was at the first reading, or is mounted `ro` by /etc/fstab', async () => {
    const { path } = await lab.host.mountSmallFileSystem('/srv/design', 32);
    const [remount, entry] = ['mount -o remount', `/dev/loop9 ${path} ext4 ro 0 0`];
    const [first, open, shut] = (await looks([
      run('sh', '-c', `${remount},ro ${path}`),
      ...[LOOK, run('sh', '-c', `${remount},rw ${path}`), LOOK],
      ...[run('sh', '-c', `${remount},ro ${path}`), LOOK],
    ])) as [Told, Told, Told];
    expect([first, open, shut].map((told) => status(told, `readonly:${path}`))).toEqual([
      undefined,
      'ok',
      undefined,
    ]);
    expect([first, open, shut].flatMap(({ results }) => results)).toEqual([]);
    const [, listed] = (await looks([
      run('sh', '-c', `${remount},rw ${path} && echo '${entry}' >> /etc/fstab`),
      ...[LOOK, run('sh', '-c', `${remount},ro ${path}`), LOOK],
      run('sh', '-c', "sed -i '/loop9/d' /etc/fstab"),
    ])) as [Told, Told];
    expect(listed.results).toEqual([]);
  });

  test('is an issue after an ext4 error, even if it continues to write', async () => {
    await showErrors();
    const { path, device } = await lab.host.mountSmallFileSystem('/srv/broken', 32);
    const looking = looks([LOOK, WAIT, LOOK]);
    await whileItWaits(() => findError(device));
    const [before, after] = (await looking) as [Told, Told];
    expect(status(before, `readonly:${path}`)).toBe('ok');
    expect(verdictOn(after, `readonly:${path}`)).toMatchObject({ status: 'bad', severity: 3 });
    expect(verdictOn(after, `readonly:${path}`)?.reason).toContain(
      'can still be written, and the kernel has counted',
    );
    // An error from before the first reading raises no issue.
    const [later] = (await looks([LOOK])) as [Told];
    expect(status(later, `readonly:${path}`)).toBe('ok');
  });

  test('is an issue if the kernel stopped its ext4 after an error, in this run and in later ones', async () => {
    await showErrors();
    const { path, device } = await lab.host.mountSmallFileSystem('/srv/stopped', 32);
    await lab.host.run(['mount', '-o', 'remount,errors=remount-ro', path]);
    const looking = looks([LOOK, WAIT, LOOK]);
    await whileItWaits(() => findError(device));
    const [before, after] = (await looking) as [Told, Told];
    expect(status(before, `readonly:${path}`)).toBe('ok');
    expect(status(after, `readonly:${path}`)).toBe('bad');
    const [later] = (await looks([LOOK])) as [Told];
    expect(status(later, `readonly:${path}`)).toBe('bad');
  });

  test('is found at the next reading after a mount, and gone, not cleared, after an unmount', async () => {
    const path = '/srv/short';
    const fill = `mount -t tmpfs -o size=8m tmpfs ${path} && fallocate --length 8100k ${path}/filling`;
    const vanished = issueWith(`disk:${path}`, { type: 'resource', metricValue: 97, threshold: 90 });
    const [before, full, gone, byHand] = (await looks([
      ...[run('mkdir', '-p', path), LOOK, run('sh', '-c', fill), LOOK],
      ...[run('umount', path), LOOK, { heal: vanished }],
    ])) as [Told, Told, Told, Told];
    expect(status(before, `disk:${path}`)).toBeUndefined();
    expect(full.events).toEqual([`issue:opened disk:${path}`]);
    expect(gone.events).toEqual([`issue:gone disk:${path}`]);
    expect(byHand.result).toMatchObject({ outcome: 'skipped', success: false, blockedBy: 'unavailable' });
    expect(byHand.result.error).toContain(`The mount ${path} is gone`);
  });

  test('is an issue if it has its own threshold and is not mounted', async () => {
    const path = '/srv/named';
    const options = { mounts: { levels: { [path]: { percent: 95 } } } };
    const mount = run('mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', path);
    const told = await looks(
      [run('mkdir', '-p', path), LOOK, mount, LOOK, run('umount', path), LOOK],
      options,
    );
    expect(told.map(({ events }) => events)).toEqual([
      [`issue:opened disk:${path}`],
      [`issue:cleared disk:${path}`],
      [`issue:opened disk:${path}`],
    ]);
    expect(verdictOn(told[0]!, `disk:${path}`)).toMatchObject({ severity: 3 });
  });

  test('is unknown if its FUSE does not answer, hides no other one, and lets the program end', async () => {
    await mountSilently('fuse', '/srv/silent');
    const { path } = await lab.host.mountSmallFileSystem('/srv/beside', 32);
    const [first, second] = (await looks([LOOK, run('mount', '-o', 'remount,ro', path), LOOK])) as [
      Told,
      Told,
    ];
    for (const cycle of [first, second]) expect(status(cycle, 'disk:/srv/silent')).toBe('unknown');
    expect(status(first, `readonly:${path}`)).toBe('ok');
    expect(second.events).toEqual([`issue:opened readonly:${path}`]);
  });

  test('is never read if it is an automount point, also if it is named, because reading would mount it', async () => {
    await mountSilently('autofs', '/srv/auto');
    const [told] = (await looks([LOOK], { mounts: { levels: { '/srv/auto': { percent: 95 } } } })) as [Told];
    expect(verdictOn(told, 'disk:/srv/auto')).toMatchObject({
      status: 'unknown',
      reason: 'it is mounted on demand, and is not mounted now',
    });
    expect(status(told, 'disk:/')).toBe('ok');
  });
});
