import { describe, expect, it } from 'vitest';
import { judgeCpu } from '../../../src/detect/cpu.js';
import { createLinuxReader } from '../../../src/host/linux/linux-reader.js';
import type { Gauges } from '../../../src/model/snapshot.js';
import { handClock, temporaryHost, unknownSaying } from './odd-hosts.js';

const V2 = '2 1 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';
const V1 = '2 1 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n';
const V1_APART =
  '2 1 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n3 1 0:32 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n';

/** A host of 8 CPUs with a busy share, and groups with limits; the clock advances by seconds. */
function limitedHost(mounts: string, own: string, files: Record<string, string>) {
  const host = temporaryHost({
    'proc/self/mountinfo': `1 0 8:1 / / rw - ext4 /dev/x rw\n${mounts}`,
    'proc/self/cgroup': own,
    'proc/meminfo': 'MemTotal: 1000 kB\nMemAvailable: 500 kB\nHugetlb: 0 kB\n',
    'sys/devices/system/cpu/online': '0-7\n',
    ...files,
  });
  const clock = handClock();
  const reader = createLinuxReader({ root: host.root, monotonic: clock.monotonic });
  const gauges = createLinuxReader({ root: host.root, monotonic: clock.monotonic }).liveGauges(['cpu']);
  let [busy, idle] = [1_000, 1_000];
  /** Returns the reading after some seconds, with this busy share and changed files. */
  const after = (seconds: number, share: number, changes: Record<string, string> = {}): Gauges['cpu'] => {
    clock.forward(seconds * 1_000);
    busy += seconds * 8 * 100 * share;
    idle += seconds * 8 * 100 * (1 - share);
    host.put(
      'proc/stat',
      `cpu  ${Math.round(busy)} 0 0 ${Math.round(idle)} 0 0 0 0\n${'cpu0 1 1 1 1\n'.repeat(8)}`,
    );
    for (const [path, text] of Object.entries(changes)) host.put(path, text);
    gauges.read();
    const cpu = reader.cpu();
    expect(structuredClone(gauges.cpu)).toEqual(cpu);
    return cpu;
  };
  return { after, host, clock };
}

const usage = (seconds: number) =>
  `usage_usec ${seconds * 1e6}\nuser_usec 1\nsystem_usec 1\nnr_throttled 5\n`;
const OWN = 'sys/fs/cgroup/docker/abc';
const limitedTo = (quota: string, files: Record<string, string> = {}) =>
  limitedHost(V2, '0::/docker/abc\n', {
    [`${OWN}/cpu.max`]: quota,
    [`${OWN}/cpu.stat`]: usage(10),
    ...files,
  });

describe('the CPU limit of a control group', () => {
  it('is reported, with the group, if the group is nearer to its limit than the host', () => {
    const { after } = limitedTo('50000 100000\n');
    expect(after(1, 0.1)).toEqual(unknownSaying('two readings'));
    const cpu = after(10, 0.1, { [`${OWN}/cpu.stat`]: usage(14.8) });
    expect(cpu).toEqual({ percent: expect.closeTo(96, 5) as number, cpus: 8, limitCpus: 0.5 });
    expect(judgeCpu(cpu, 80)).toMatchObject({
      status: 'bad',
      severity: 3,
      reason: "CPU use of this process's control group is 96.0 % of its limit of 0.5 CPUs, threshold 80.0 %",
    });
    expect(after(10, 0.1, { [`${OWN}/cpu.stat`]: usage(14.9) })).toMatchObject({ percent: 10 });
    expect(after(10, 0.1)).not.toHaveProperty('limitCpus', 0.5);
  });

  it('is not reported if the host is nearer to its limit', () => {
    const { after } = limitedTo('200000 100000\n');
    after(1, 0.9);
    const cpu = after(10, 0.9, { [`${OWN}/cpu.stat`]: usage(11) });
    expect(judgeCpu(cpu, 80).reason).toBe('CPU use is 90.0 % of 8 CPUs, threshold 80.0 %');
  });

  it.each([
    ['max 100000\n', 'no limit'],
    ['800000 100000\n', 'a limit of all CPUs of the host'],
    ['6400000 100000\n', 'a limit of more CPUs than there are'],
    ['', 'an empty file'],
    ['50000 0\n', 'a period of nothing'],
  ])('is ignored with %j: %s', (quota) => {
    const { after } = limitedTo(quota);
    after(1, 0.1);
    expect(after(10, 0.1, { [`${OWN}/cpu.stat`]: usage(99) })).toEqual({ percent: 10, cpus: 8 });
  });

  it('is that of the fullest group, ancestors included', () => {
    const { after } = limitedTo('100000 100000\n', {
      'sys/fs/cgroup/docker/cpu.max': '200000 100000\n',
      'sys/fs/cgroup/docker/cpu.stat': usage(100),
    });
    after(1, 0.1);
    const cpu = after(10, 0.1, {
      [`${OWN}/cpu.stat`]: usage(11),
      'sys/fs/cgroup/docker/cpu.stat': usage(118),
    });
    expect(cpu).toMatchObject({ percent: 90, limitCpus: 2 });
  });

  it.each([
    [
      'cpu and cpuacct together',
      V1,
      'sys/fs/cgroup/cpu,cpuacct',
      'sys/fs/cgroup/cpu,cpuacct',
      '3:cpu,cpuacct:/docker/abc\n',
    ],
    [
      'cpu and cpuacct apart',
      V1_APART,
      'sys/fs/cgroup/cpu',
      'sys/fs/cgroup/cpuacct',
      '3:cpu:/docker/abc\n2:cpuacct:/docker/abc\n',
    ],
  ])('is read from version 1 with %s', (_, mounts, cpu, cpuacct, own) => {
    const used = (seconds: number) => ({ [`${cpuacct}/docker/abc/cpuacct.usage`]: `${seconds * 1e9}\n` });
    const { after } = limitedHost(mounts, own, {
      [`${cpu}/cpu.cfs_quota_us`]: '-1\n',
      [`${cpu}/cpu.cfs_period_us`]: '100000\n',
      [`${cpu}/docker/abc/cpu.cfs_quota_us`]: '150000\n',
      [`${cpu}/docker/abc/cpu.cfs_period_us`]: '100000\n',
      ...used(10),
    });
    after(1, 0.1);
    expect(after(10, 0.1, used(23.5))).toMatchObject({ percent: 90, limitCpus: 1.5 });
  });

  it.each([
    ['goes back', usage(5)],
    ['leaps', usage(500)],
  ])('is skipped for a window in which its counter %s', (_, stat) => {
    const { after } = limitedTo('50000 100000\n');
    after(1, 0.1);
    expect(after(10, 0.1, { [`${OWN}/cpu.stat`]: stat })).toEqual({ percent: 10, cpus: 8 });
  });

  it('makes the reading unknown if the usage of the limited group is unknown', () => {
    const { after, host } = limitedTo('50000 100000\n');
    after(1, 0.1);
    host.put(`${OWN}/cpu.stat`, 'nr_periods 5\n');
    expect(after(10, 0.1)).toEqual(unknownSaying('the CPU usage of the control group is unknown'));
  });

  it('is looked up again, so that a limit that is set or lifted later is found', () => {
    const { after } = limitedTo('max 100000\n');
    after(1, 0.1);
    after(31, 0.1, { [`${OWN}/cpu.max`]: '50000 100000\n' });
    expect(after(10, 0.1, { [`${OWN}/cpu.stat`]: usage(14.5) })).toMatchObject({ percent: 90 });
    expect(after(10, 0.1, { [`${OWN}/cpu.max`]: 'max 100000\n' })).toEqual({ percent: 10, cpus: 8 });
  });

  it('never exceeds 100 %, also in a burst', () => {
    const { after } = limitedTo('50000 100000\n');
    after(1, 0.1);
    expect(after(10, 0.1, { [`${OWN}/cpu.stat`]: usage(19) })).toMatchObject({ percent: 100 });
  });
});
