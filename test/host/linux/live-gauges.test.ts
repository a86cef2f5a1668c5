import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLinuxReader, type LinuxReader } from '../../../src/host/linux/linux-reader.js';
import { isUnknown } from '../../../src/model/reading.js';
import type { GaugePart, Gauges } from '../../../src/model/snapshot.js';
import { fakeStatFs, fixture, handClock, someStat, temporaryHost, unknownSaying } from './odd-hosts.js';

const ALL: readonly GaugePart[] = ['cpu', 'memory', 'load', 'mounts'];

/** Copies the figures of gauges, or those of a reading that gauges have. */
function said({ cpu, memory, load, mounts }: Gauges): unknown {
  const pick = <T extends object>(reading: T, ...keys: (keyof T)[]) =>
    isUnknown(reading) ? reading : Object.fromEntries(keys.map((key) => [key, reading[key]]));
  return structuredClone({
    cpu,
    memory: pick(memory as never, ...(['scope', 'totalBytes', 'availableBytes', 'usedPercent'] as never[])),
    load: pick(load as never, ...(['one', 'cpus'] as never[])),
    mounts: isUnknown(mounts)
      ? mounts
      : mounts.map(({ mountPoint, space, inodes }) => ({ mountPoint, space, inodes })),
  });
}

const wholeReading = (reader: LinuxReader): unknown =>
  said({
    cpu: reader.cpu(),
    memory: reader.memory(),
    load: reader.load(),
    mounts: reader.mounts() as Gauges['mounts'],
  });

describe('live gauges', () => {
  it.each(readdirSync(fixture('')).filter((name) => name !== 'nfs'))(
    'say of %s what a whole reading says',
    (name) => {
      const { calls } = fakeStatFs();
      const options = { root: fixture(name), statfs: calls, monotonic: () => 1_000 };
      const gauges = createLinuxReader(options).liveGauges(ALL);
      expect(gauges.read()).toBe(true);
      expect(said(gauges)).toEqual(wholeReading(createLinuxReader(options)));
    },
  );

  it('have the same figures as a whole reading, for any sequence of texts', () => {
    const host = temporaryHost({ 'proc/self/mountinfo': '1 0 8:1 / / rw - ext4 /dev/x rw\n' });
    const number = fc.nat(1e6);
    const stat = fc
      .tuple(fc.array(number, { minLength: 3, maxLength: 10 }), fc.integer({ min: 1, max: 9 }))
      .map(([counts, cpus]) => `cpu  ${counts.join(' ')}\n${'cpu1 1 1 1 1\n'.repeat(cpus)}intr 1\n`);
    const meminfo = fc
      .subarray(['MemTotal', 'MemAvailable', 'MemFree', 'Cached', 'SReclaimable'])
      .chain((names) => fc.tuple(...names.map((name) => number.map((kib) => `${name}:   ${kib} kB\n`))))
      .map((lines) => lines.join(''));
    const loadavg = fc
      .tuple(fc.float({ min: 0, max: 99, noNaN: true }), number)
      .map(([one, last]) => `${one.toFixed(2)} 0.10 0.20 1/100 ${last}\n`);
    const odd = fc.constantFrom('', 'nonsense', '\n');
    const texts = fc.record({
      stat: fc.oneof(stat, stat, odd),
      meminfo: fc.oneof(meminfo, meminfo, odd),
      loadavg: fc.oneof(loadavg, loadavg, odd),
      blocks: fc.nat(1_000),
    });
    fc.assert(
      fc.property(fc.array(texts, { minLength: 2, maxLength: 5 }), (looks) => {
        const { calls, answers } = fakeStatFs();
        const clock = handClock();
        const options = { ...host, statfs: calls, monotonic: clock.monotonic, refreshMs: 500 };
        const [one, other] = [createLinuxReader(options), createLinuxReader(options)];
        const gauges = one.liveGauges(ALL);
        for (const { blocks, ...files } of looks) {
          for (const [name, text] of Object.entries(files)) host.put(`proc/${name}`, text);
          answers['/'] = someStat({ bfree: blocks, bavail: Math.max(0, blocks - 20) });
          expect(gauges.read()).toBe(true);
          expect(said(gauges)).toEqual(wholeReading(other));
          clock.forward(110);
        }
        one.close();
        other.close();
      }),
      { numRuns: 150, seed: 20261124 },
    );
  });

  it('reuse their objects, and read the requested parts only', () => {
    const { calls, asked } = fakeStatFs();
    const gauges = createLinuxReader({ root: fixture('one-cpu'), statfs: calls }).liveGauges(['memory']);
    gauges.read();
    const { memory } = gauges;
    gauges.read();
    expect(gauges.memory).toBe(memory);
    expect(gauges.cpu).toEqual(unknownSaying('not asked for'));
    expect(asked).toEqual([]);
  });

  it('return false, without reading, if a remote file system is mounted', () => {
    const { calls, asked, askedAsync } = fakeStatFs();
    const gauges = createLinuxReader({ root: fixture('nfs'), statfs: calls }).liveGauges(ALL);
    expect(gauges.read()).toBe(false);
    expect([...asked, ...askedAsync]).toEqual([]);
  });

  it('include a new mount when the table is read again', () => {
    const row = (id: number, point: string) => `${id} 1 8:${id} / ${point} rw - ext4 /dev/x rw\n`;
    const host = temporaryHost({ 'proc/self/mountinfo': row(1, '/') });
    const clock = handClock();
    const options = { ...host, monotonic: clock.monotonic, statfs: fakeStatFs().calls };
    const gauges = createLinuxReader(options).liveGauges(['mounts']);
    const points = () => {
      gauges.read();
      return isUnknown(gauges.mounts) ? [] : gauges.mounts.map(({ mountPoint }) => mountPoint);
    };
    expect(points()).toEqual(['/']);
    host.put('proc/self/mountinfo', row(1, '/') + row(2, '/new'));
    clock.forward(30_000);
    expect(points()).toEqual(['/', '/new']);
  });
});

describe.skipIf(process.platform !== 'linux')('on this host, gauges', () => {
  it('agree with a whole reading of this host', async () => {
    const reader = createLinuxReader();
    const gauges = reader.liveGauges(['memory', 'load', 'mounts']);
    const mounts = await reader.mounts();
    // With a remote file system only the whole reading is available.
    if (!gauges.read() || isUnknown(mounts) || isUnknown(gauges.mounts)) return reader.close();
    expect(gauges.mounts.map(({ mountPoint }) => mountPoint)).toEqual(
      mounts.map(({ mountPoint }) => mountPoint),
    );
    const [memory, whole] = [gauges.memory, reader.memory()];
    if (isUnknown(memory) || isUnknown(whole)) throw new Error('no memory');
    expect(memory.totalBytes).toBe(whole.totalBytes);
    expect(Math.abs(memory.usedPercent - whole.usedPercent)).toBeLessThan(10);
    reader.close();
  });
});
