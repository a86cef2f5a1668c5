import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createLinuxReader } from '../../../src/host/linux/linux-reader.js';
import { isUnknown, type Reading } from '../../../src/model/reading.js';

function known<T>(reading: Reading<T>): T {
  if (isUnknown(reading)) throw new Error(reading.unknown);
  return reading;
}

const openFiles = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /^\/(?:proc|sys)\/.*(?:stat|meminfo|loadavg|mountinfo|pressure|memory\.|online)/.test(
        readlinkSync(`/proc/self/fd/${fd}`),
      );
    } catch {
      return false;
    }
  }).length;

describe.skipIf(process.platform !== 'linux')('on this host, the reader', () => {
  it('agrees with a plain reading of /proc/meminfo', () => {
    const reader = createLinuxReader();
    const memory = known(reader.memory());
    reader.close();
    const plain = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/meminfo', 'utf8'))![1]) * 1024;
    if (memory.scope === 'cgroup') return;
    expect(memory.totalBytes).toBe(plain('MemTotal'));
    expect(Math.abs(memory.availableBytes - plain('MemAvailable')) / memory.totalBytes).toBeLessThan(0.1);
  });

  it('agrees with /proc/loadavg and with Node on the number of CPUs', () => {
    const reader = createLinuxReader();
    const load = known(reader.load());
    reader.close();
    expect(load.one).toBeGreaterThanOrEqual(0);
    expect(load.cpus).toBeGreaterThanOrEqual(availableParallelism());
  });

  it('agrees with df on every monitored mount', async () => {
    const reader = createLinuxReader();
    const mounts = known(await reader.mounts());
    reader.close();
    expect(mounts.map(({ mountPoint }) => mountPoint)).toContain('/');
    for (const { mountPoint, space } of mounts) {
      const row = execFileSync('df', ['-P', '-B1', mountPoint], { encoding: 'utf8' }).trim().split('\n')[1]!;
      const [, , used, available, percent] = row.split(/\s+/);
      const usage = known(space);
      const size = usage.used + usage.available;
      expect(Math.abs(usage.used - Number(used)) / size).toBeLessThan(0.02);
      expect(Math.abs(usage.available - Number(available)) / size).toBeLessThan(0.02);
      expect(Math.abs(Math.ceil(usage.percent) - parseInt(percent!, 10))).toBeLessThanOrEqual(2);
    }
  });

  it.skipIf(!existsSync('/usr/bin/free'))('agrees with what free and uptime print', () => {
    const reader = createLinuxReader();
    const memory = known(reader.memory());
    const load = known(reader.load());
    reader.close();
    const environment = { ...process.env, LC_ALL: 'C' };
    const print = (program: string, ...args: string[]): string =>
      execFileSync(program, args, { encoding: 'utf8', env: environment });
    const [, total, , , , , available] = /^Mem:.*$/m.exec(print('free', '-b'))![0].split(/\s+/).map(Number);
    if (memory.scope === 'host') {
      expect(memory.totalBytes).toBe(total);
      expect(Math.abs(memory.availableBytes - available!) / memory.totalBytes).toBeLessThan(0.1);
    }
    const [one] = /load averages?: ([\d.]+)/.exec(print('uptime'))!.slice(1).map(Number);
    // The kernel updates it every 5 s, possibly in between.
    expect(Math.abs(load.one - one!)).toBeLessThan(Math.max(1, 0.2 * load.one));
  });

  it('closes all its files, and opens them again for the next reading', async () => {
    const before = openFiles();
    const reader = createLinuxReader();
    const readAll = async () => {
      reader.cpu();
      known(reader.load());
      known(reader.memory());
      reader.pressure();
      known(await reader.mounts());
    };
    await readAll();
    expect(openFiles()).toBeGreaterThan(before);
    reader.close();
    expect(openFiles()).toBe(before);
    await readAll();
    reader.close();
    expect(openFiles()).toBe(before);
  });

  it('opens nothing before the first reading', () => {
    const before = openFiles();
    createLinuxReader();
    expect(openFiles()).toBe(before);
  });
});
