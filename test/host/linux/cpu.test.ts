import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countCpus, CPU_COUNTERS, parseCpuTimes } from '../../../src/host/linux/cpu.js';
import { createLinuxReader } from '../../../src/host/linux/linux-reader.js';
import { isUnknown } from '../../../src/model/reading.js';
import { fixture, handClock, temporaryHost, unknownSaying, textOf } from './odd-hosts.js';
import { readFileSync } from 'node:fs';

const line = (name: string, counters: readonly number[]): string => `${name} ${counters.join(' ')}\n`;
const stat = (counters: readonly number[], cpus = 1): string =>
  line('cpu ', counters) +
  Array.from({ length: cpus }, (_, i) =>
    line(
      `cpu${i}`,
      counters.map((c) => Math.floor(c / cpus)),
    ),
  ).join('') +
  `intr 1 ${'0 '.repeat(50)}\nctxt 5\nprocs_running 1\n`;

/** A host with settable CPU counters and a test clock. */
function cpuHost(first: readonly number[], cpus = 1) {
  const host = temporaryHost({ 'proc/stat': stat(first, cpus) });
  const clock = handClock();
  const reader = createLinuxReader({ root: host.root, monotonic: clock.monotonic });
  const after = (ms: number, counters: readonly number[]) => {
    clock.forward(ms);
    host.put('proc/stat', stat(counters, cpus));
    return reader.cpu();
  };
  return { host, reader, after };
}

describe('CPU usage', () => {
  it('is unknown at the first reading, and a share of busy time from the second on', () => {
    const { reader, after } = cpuHost([100, 0, 50, 1000, 10, 0, 0, 0, 0, 0], 2);
    expect(reader.cpu()).toEqual(unknownSaying('two readings'));
    expect(after(1000, [130, 0, 70, 1050, 10, 0, 0, 0, 0, 0])).toEqual({ percent: 50, cpus: 2 });
  });

  it('does not count I/O wait as busy, nor guest time twice', () => {
    const { reader, after } = cpuHost([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    reader.cpu();
    expect(after(1000, [20, 5, 5, 30, 30, 5, 3, 0, 20, 5])).toMatchObject({ cpus: 1, percent: 38 / 0.98 });
  });

  it('treats a counter that goes back by a tick per CPU as unchanged', () => {
    const { reader, after } = cpuHost([100, 0, 100, 1000, 500, 0, 0, 0], 4);
    reader.cpu();
    expect(after(1000, [150, 0, 100, 1050, 496, 0, 0, 0])).toEqual({ percent: 50, cpus: 4 });
  });

  it.each([
    ['idle', 3],
    ['iowait', 4],
    ['steal', 7],
    ['user', 0],
  ])('is unknown if %s goes back further, and known at the next reading', (_, which) => {
    const before = [100, 100, 100, 1000, 500, 100, 100, 100];
    const { reader, after } = cpuHost(before, 4);
    reader.cpu();
    const back = before.map((value, index) => (index === which ? value - 5 : value + 10));
    expect(after(1000, back)).toEqual(unknownSaying('went back'));
    const next = back.map((value, index) => (index === 0 || index === 3 ? value + 10 : value));
    expect(after(1000, next)).toEqual({ percent: 50, cpus: 4 });
  });

  it('is unknown if the counters advanced by more than the elapsed time: steal that wraps', () => {
    const { reader, after } = cpuHost([100, 0, 100, 1000, 0, 0, 0, 0], 2);
    reader.cpu();
    expect(after(1000, [150, 0, 100, 1050, 0, 0, 0, 4_294_967_295])).toEqual(unknownSaying('more than'));
    expect(after(1000, [200, 0, 100, 1100, 0, 0, 0, 4_294_967_295])).toEqual({ percent: 50, cpus: 2 });
  });

  it('includes the share taken by the hypervisor', () => {
    const { reader, after } = cpuHost([0, 0, 0, 0, 0, 0, 0, 0]);
    reader.cpu();
    expect(after(1000, [30, 0, 0, 20, 0, 0, 0, 50])).toEqual({ percent: 80, cpus: 1, stealPercent: 50 });
  });

  it('is unknown if no counter advanced, or all went back, and recovers', () => {
    const { reader, after } = cpuHost([100, 0, 100, 1000, 0, 0, 0, 0]);
    reader.cpu();
    expect(after(1000, [100, 0, 100, 1000, 0, 0, 0, 0])).toHaveProperty('unknown');
    expect(after(1000, [10, 0, 10, 100, 0, 0, 0, 0])).toEqual(unknownSaying('went back'));
    expect(after(1000, [20, 0, 10, 100, 0, 0, 0, 0])).toEqual({ percent: 100, cpus: 1 });
  });

  it('is unknown without an earlier reading at least 100 ms old', () => {
    const { reader, after } = cpuHost([0, 0, 0, 0]);
    reader.cpu();
    expect(after(99, [5, 0, 0, 5])).toEqual(unknownSaying('100 ms'));
    expect(after(1, [6, 0, 0, 6])).toEqual({ percent: 50, cpus: 1 });
  });

  it('compares fresh counters with an older reading in quick succession', () => {
    const { reader, after } = cpuHost([0, 0, 0, 0]);
    reader.cpu();
    expect(after(200, [0, 0, 0, 20])).toEqual({ percent: 0, cpus: 1 });
    expect(after(1, [20, 0, 0, 20])).toEqual({ percent: 50, cpus: 1 });
    expect(after(1, [25, 0, 0, 20])).toEqual({ percent: (100 * 25) / 45, cpus: 1 });
    expect(after(97, [25, 0, 0, 25])).toEqual({ percent: 50, cpus: 1 });
    // The reading after 200 ms is now 100 ms old, and used.
    expect(after(1, [25, 0, 0, 25])).toEqual({ percent: (100 * 25) / 30, cpus: 1 });
  });

  it('is read on a host with 256 CPUs, whose text exceeds the buffer', () => {
    const { reader, after } = cpuHost(
      Array.from({ length: 10 }, () => 256_000_000_000_000),
      256,
    );
    reader.cpu();
    const [before, more] = [256_000_000_000_000, 256_000_000_000_100];
    const now = [more, before, before, more, before, before, before, before];
    expect(after(500, now)).toEqual({ percent: 50, cpus: 256 });
  });

  it('counts the CPUs again every 30 s', () => {
    const host = temporaryHost({ 'proc/stat': stat([0, 0, 0, 10], 4) });
    const clock = handClock();
    const reader = createLinuxReader({ root: host.root, monotonic: clock.monotonic });
    reader.cpu();
    clock.forward(29_999);
    host.put('proc/stat', stat([5, 0, 0, 15], 2));
    expect(reader.cpu()).toEqual({ percent: 50, cpus: 4 });
    clock.forward(1);
    expect(reader.cpu()).toEqual({ percent: 50, cpus: 2 });
  });

  it('is read on a host with one CPU', () => {
    const counters = new Float64Array(CPU_COUNTERS);
    const text = readFileSync(`${fixture('one-cpu')}/proc/stat`);
    expect(parseCpuTimes(textOf(text), counters)).toBe(true);
    expect(countCpus(textOf(text))).toBe(1);
    expect([...counters]).toEqual([10132153, 290696, 3084719, 46828483, 16683, 0, 25195, 0]);
  });

  it('names a missing file in the reason, and reads it once it exists', () => {
    const host = temporaryHost();
    const reader = createLinuxReader({ root: host.root });
    expect(reader.cpu()).toEqual(unknownSaying('ENOENT'));
    host.put('proc/stat', 'nonsense');
    expect(reader.cpu()).toEqual(unknownSaying('could not be parsed'));
    host.put('proc/stat', stat([1, 1, 1, 1]));
    expect(reader.cpu()).toEqual(unknownSaying('two readings'));
  });

  it('is a value from 0 to 100 or unknown, whatever bytes there are', () => {
    const host = temporaryHost();
    const lines = fc.array(fc.array(fc.bigInt({ min: 0n, max: 10n ** 25n }), { maxLength: 12 }), {
      maxLength: 4,
    });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      lines.map((rows) => Buffer.from(rows.map((row, i) => `cpu${i || ' '} ${row.join(' ')}`).join('\n'))),
    );
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 2, maxLength: 4 }), (texts) => {
        const clock = handClock();
        const reader = createLinuxReader({ root: host.root, monotonic: clock.monotonic });
        for (const text of texts) {
          host.put('proc/stat', text);
          const reading = reader.cpu();
          clock.forward(60);
          if (isUnknown(reading)) expect(reading.unknown).not.toBe('');
          else expect(reading.percent >= 0 && reading.percent <= 100 && reading.cpus > 0).toBe(true);
        }
        reader.close();
      }),
      { numRuns: 150 },
    );
  });

  it('has the same counters as from a plain parser', () => {
    const counters = new Float64Array(CPU_COUNTERS);
    const check = (text: string): void => {
      const rows = text.split('\n').filter((row) => row.startsWith('cpu'));
      const plain = rows[0]!.split(/\s+/).slice(1, 9).map(Number);
      expect(parseCpuTimes(textOf(text), counters)).toBe(true);
      expect(countCpus(textOf(text))).toBe(rows.length - 1);
      expect([...counters]).toEqual([...plain, ...Array<number>(CPU_COUNTERS - plain.length).fill(0)]);
    };
    for (const name of ['recorded', 'one-cpu']) check(readFileSync(`${fixture(name)}/proc/stat`, 'utf8'));
    const row = fc.array(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), {
      minLength: 4,
      maxLength: 10,
    });
    fc.assert(
      fc.property(row, fc.integer({ min: 1, max: 40 }), (counts, cpus) => check(stat(counts, cpus))),
      { numRuns: 100 },
    );
  });
});
