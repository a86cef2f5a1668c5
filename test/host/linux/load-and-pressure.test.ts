import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLinuxReader } from '../../../src/host/linux/linux-reader.js';
import { noLoad, parseCpuList, parseLoad } from '../../../src/host/linux/load.js';
import { parseStalls } from '../../../src/host/linux/pressure.js';
import { isUnknown } from '../../../src/model/reading.js';
import { fixture, handClock, temporaryHost, unknownSaying, textOf } from './odd-hosts.js';

const load = (text: string | Uint8Array) => parseLoad(textOf(text), 4, noLoad());

describe('the load', () => {
  it('consists of three averages and the number of CPUs', () => {
    const reader = createLinuxReader({ root: fixture('one-cpu') });
    expect(reader.load()).toEqual({ one: 0.2, five: 0.18, fifteen: 0.12, cpus: 1 });
  });

  it('counts the CPUs in /proc/stat if no other file lists them', () => {
    const host = temporaryHost({
      'proc/loadavg': '1.00 2.50 300.75 1/2 3\n',
      'proc/stat': 'cpu  1 2 3 4\ncpu0 1 1 1 1\ncpu1 1 1 1 1\ncpu2 1 1 1 1\nintr 0\n',
    });
    expect(createLinuxReader(host).load()).toEqual({ one: 1, five: 2.5, fifteen: 300.75, cpus: 3 });
  });

  it('is unknown if the CPUs are unknown, or the file cannot be read or parsed', () => {
    const host = temporaryHost({ 'proc/loadavg': '1.00 2.50 3.75 1/2 3\n' });
    const reader = createLinuxReader(host);
    expect(reader.load()).toEqual(unknownSaying('CPUs'));
    host.put('sys/devices/system/cpu/online', '0-7\n');
    expect(reader.load()).toHaveProperty('cpus', 8);
    host.put('proc/loadavg', '1.00 no');
    expect(reader.load()).toHaveProperty('unknown');
  });

  it.each([
    [['/proc/stat'], 'fuse.lxcfs', undefined, 'unknown'],
    [['/proc/meminfo'], 'fuse.lxcfs', undefined, 'known'],
    // lxcfs shows the load of the container with `-l` only; the number of tasks shows which one it is.
    [['/proc/stat', '/proc/loadavg'], 'fuse.lxcfs', '41', 'known'],
    [['/proc/stat', '/proc/loadavg'], 'fuse.lxcfs', '30', 'known'],
    [['/proc/stat', '/proc/loadavg'], 'fuse.lxcfs', '10', 'unknown'],
    [['/proc/stat', '/proc/loadavg'], 'fuse.lxcfs', undefined, 'unknown'],
    [['/proc/stat', '/proc/loadavg'], 'fuse.lxcfs', 'max', 'unknown'],
    [['/proc/loadavg'], 'fuse.lxcfs', undefined, 'known'],
    [['/proc/stat', '/proc/loadavg'], 'tmpfs', undefined, 'known'],
  ])(
    'with mounts on %j by %s and %s tasks is %s: the CPUs and the load must be of one machine',
    (mounts, type, tasks, known) => {
      const line = (path: string) => `2 1 0:50 /proc ${path} rw - ${type} lxcfs rw\n`;
      const host = temporaryHost({
        'proc/self/mountinfo': `1 0 0:9 / / rw - ext4 /dev/sda1 rw\n${mounts.map(line).join('')}`,
        'proc/loadavg': '40.00 2.50 3.75 1/44 3\n',
        'proc/stat': 'cpu  1 2 3 4\ncpu0 1 1 1 1\n',
        ...(tasks === undefined ? {} : { 'sys/fs/cgroup/pids.current': `${tasks}\n` }),
      });
      const reader = createLinuxReader(host);
      const live = createLinuxReader(host).liveGauges(['load']);
      live.read();
      for (const load of [reader.load(), live.load])
        if (known === 'known') expect(load).toMatchObject({ one: 40, cpus: 1 });
        else expect(load).toEqual(unknownSaying('of the whole machine'));
    },
  );

  it('has the same numbers as from a plain parser', () => {
    const check = (text: string): void => {
      const [one, five, fifteen] = text.split(' ').map(Number);
      expect(load(text)).toEqual({ one, five, fifteen, cpus: 4 });
    };
    check(readFileSync(`${fixture('recorded')}/proc/loadavg`, 'utf8'));
    const average = fc.nat({ max: 10_000_000 }).map((hundredths) => (hundredths / 100).toFixed(2));
    fc.assert(
      fc.property(average, average, average, (a, b, c) => check(`${a} ${b} ${c} 1/80 11206\n`)),
      { numRuns: 200 },
    );
  });

  it('is a number or unknown, whatever bytes there are', () => {
    const digits = fc.stringMatching(/^[0-9. ]{0,90}$/);
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), digits), (bytes) => {
        const reading = load(bytes);
        if (isUnknown(reading)) return;
        for (const value of [reading.one, reading.five, reading.fifteen]) {
          expect(Number.isFinite(value) && value >= 0).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('accepts valid lists of CPUs only', () => {
    const count = (text: string) => parseCpuList(textOf(text));
    expect(['0\n', '0-3\n', '0-3,8,10-11\n', '0-255'].map(count)).toEqual([1, 4, 7, 256]);
    expect(['', '\n', '3-1', '0-', '0,', '0-99999999999'].map(count)).toEqual([-1, -1, -1, -1, -1, -1]);
  });
});

describe('the pressure', () => {
  it('is the average of the last ten seconds', () => {
    const host = temporaryHost({
      'proc/pressure/cpu': 'some avg10=2.22 avg60=8.50 avg300=5.18 total=29814452\n',
      'proc/pressure/memory':
        'some avg10=30.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=12.50 avg60=0.00 avg300=0.00 total=0\n',
      'proc/pressure/io':
        'some avg10=100.00 avg60=1.20 avg300=0.91 total=7\nfull avg10=0.26 avg60=0.73 avg300=0.62 total=5\n',
    });
    expect(createLinuxReader(host).pressure()).toEqual({
      cpu: { some: 2.22 },
      memory: { some: 30, full: 12.5 },
      io: { some: 100, full: 0.26 },
    });
  });

  it('is the same as from a plain parser', () => {
    for (const name of ['cpu', 'memory', 'io']) {
      const text = readFileSync(`${fixture('recorded')}/proc/pressure/${name}`, 'utf8');
      const plain = (row: string): number => Number(new RegExp(`^${row} avg10=(\\S+)`, 'm').exec(text)![1]);
      expect(parseStalls(textOf(text))).toEqual({
        some: plain('some'),
        full: plain('full'),
      });
    }
  });

  it('is unknown, with the reason, on a kernel without it', () => {
    const reader = createLinuxReader({ root: fixture('one-cpu') });
    expect(reader.pressure()).toEqual(unknownSaying('(PSI): ENOENT'));
  });

  it('is retried after a while', () => {
    const host = temporaryHost();
    const clock = handClock();
    const reader = createLinuxReader({ root: host.root, monotonic: clock.monotonic, refreshMs: 100 });
    expect(reader.pressure()).toHaveProperty('unknown');
    host.put('proc/pressure/cpu', 'some avg10=1.00 avg60=0.00 avg300=0.00 total=0\n');
    clock.forward(99);
    expect(reader.pressure()).toHaveProperty('unknown');
    clock.forward(1);
    expect(reader.pressure()).toMatchObject({ cpu: { some: 1 }, memory: unknownSaying() });
  });

  it('is a number from 0 to 100 or unknown, whatever bytes there are', () => {
    const text = fc.stringMatching(/^(some|full) avg10=[0-9.]{0,30}$/).map((line) => Buffer.from(line));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), text), (bytes) => {
        const stalls = parseStalls(textOf(bytes));
        if (!isUnknown(stalls)) expect(stalls.some >= 0 && stalls.some <= 100).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
