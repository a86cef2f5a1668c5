import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeCpu } from '../../../src/detect/cpu.js';
import { MANY_CPUS } from '../../../src/host/linux/idle-bound.js';
import { createLinuxReader } from '../../../src/host/linux/linux-reader.js';
import { isUnknown } from '../../../src/model/reading.js';
import { handClock, temporaryHost, unknownSaying } from './odd-hosts.js';

/** A host whose CPUs are busy and idle for these numbers of seconds, in turn. */
function busyHost(cpus: number, { uptime = true } = {}) {
  const host = temporaryHost({ 'sys/devices/system/cpu/online': `0-${cpus - 1}\n` });
  const clock = handClock();
  const reader = createLinuxReader({ root: host.root, monotonic: clock.monotonic });
  const gauges = reader.liveGauges(['cpu']);
  let [up, idle, busy] = [1_000, 500 * cpus, 500 * cpus];
  const spend = (seconds: number, busyShare: number) => {
    clock.forward(seconds * 1_000);
    up += seconds;
    busy += seconds * cpus * busyShare;
    idle += seconds * cpus * (1 - busyShare);
    const counters = `${Math.round(busy * 100)} 0 0 ${Math.round(idle * 100)} 0 0 0 0 0 0`;
    host.put('proc/stat', `cpu  ${counters}\n${'cpu0 1 1 1 1\n'.repeat(cpus)}intr 1\n`);
    if (uptime) host.put('proc/uptime', `${up.toFixed(2)} ${idle.toFixed(2)}\n`);
  };
  const look = (seconds: number, busyShare: number, under = 75) => {
    spend(seconds, busyShare);
    gauges.read(under);
    return gauges.cpu;
  };
  return { host, reader, look, spend };
}

const exact = (percent: number, cpus: number) => ({ percent: expect.closeTo(percent, 1) as number, cpus });
const atMost = (percent: number, cpus: number) => ({ ...exact(percent, cpus), atMost: true });

describe('CPU usage of a host with many CPUs', () => {
  it('is an upper bound while that is low, without reading /proc/stat', () => {
    const { host, look } = busyHost(256);
    expect(look(1, 0.1)).toEqual(unknownSaying('two readings'));
    host.remove('proc/stat');
    const cpu = look(10, 0.2);
    expect(cpu).toEqual(atMost(20.1, 256));
    expect(judgeCpu(cpu, 80).reason).toMatch(/^CPU use is at most 20\.\d % of 256 CPUs, threshold 80\.0 %$/);
  });

  it('is exact from the second reading on after the bound is no longer low', () => {
    const { look } = busyHost(64);
    look(1, 0.1);
    expect(look(3_600, 0.1)).toHaveProperty('atMost', true);
    expect(look(1, 0.95)).toEqual(unknownSaying('two readings'));
    expect(look(1, 0.95)).toEqual(exact(95, 64));
    expect(look(1, 0.85)).toEqual(exact(85, 64));
    expect(look(1, 0.3)).toEqual(atMost(30.7, 64));
  });

  it('is not averaged over the time of earlier bounds', () => {
    const { reader, look, spend } = busyHost(64);
    look(1, 0.1);
    look(3_600, 0);
    spend(60, 1);
    expect(reader.cpu()).toEqual(unknownSaying('two readings'));
    spend(1, 1);
    expect(reader.cpu()).toEqual(exact(100, 64));
  });

  it('is a bound for two readings in quick succession', () => {
    const { look } = busyHost(64);
    look(1, 0.1);
    look(1, 0.1);
    expect(look(0.01, 0.1)).toHaveProperty('atMost', true);
  });

  it('is exact with few CPUs, without a bound, without a level, and with an invalid bound', () => {
    const second = ({ look }: ReturnType<typeof busyHost>, under?: number) => {
      look(1, 0.1, under);
      return look(1, 0.1, under);
    };
    expect(second(busyHost(MANY_CPUS - 1))).toEqual(exact(10, MANY_CPUS - 1));
    expect(second(busyHost(64, { uptime: false }))).toEqual(exact(10, 64));
    expect(second(busyHost(64), 0)).toEqual(exact(10, 64));
    const contained = busyHost(64, { uptime: false });
    contained.host.put('proc/uptime', '10.00 10.00\n');
    contained.look(1, 0.1);
    contained.host.put('proc/uptime', '11.00 1000.00\n');
    expect(contained.look(1, 0.1)).toEqual(exact(10, 64));
  });

  it('is exact in a reading of the whole host', () => {
    const { look, reader, spend } = busyHost(64);
    look(1, 0.1);
    look(1, 0.1);
    reader.cpu();
    spend(1, 0.4);
    expect(reader.cpu()).toEqual(exact(40, 64));
  });

  it('never exceeds the bound', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const looks = fc.array(fc.tuple(fc.double({ min: 0.2, max: 100, noNaN: true }), share), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(looks, fc.integer({ min: MANY_CPUS, max: 512 }), (list, cpus) => {
        const { look, reader } = busyHost(cpus);
        look(1, 0);
        for (const [seconds, busyShare] of list) {
          const bound = look(Math.round(seconds * 100) / 100, busyShare, 101);
          if (isUnknown(bound)) throw new Error(bound.unknown);
          expect(bound.percent).toBeGreaterThanOrEqual(100 * busyShare - 1e-6);
        }
        reader.close();
      }),
      { numRuns: 60, seed: 20261124 },
    );
  });
});
