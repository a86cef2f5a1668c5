import { describe, expect, it, vi } from 'vitest';
import { createSelfHealingEngine, quickHeal } from '../../src/engine/create.js';
import type { HealingOptions } from '../../src/engine/options.js';
import { unknown } from '../../src/model/reading.js';
import { failedUnit, fakeClock, fakeExecutor, fakeHost } from '../../src/testing/index.js';
import type { Snapshot } from '../../src/model/snapshot.js';
import { whenDone } from '../make-engine.js';

const FAILED = { units: [failedUnit()] };
const heal = async (options: HealingOptions = {}) => {
  const clock = fakeClock();
  const executor = fakeExecutor();
  const host = fakeHost(FAILED);
  const results = await whenDone(quickHeal({ host, clock, executor, ...options }), clock);
  return { results, executor, host, clock };
};

describe('quickHeal', () => {
  it('runs one cycle as a dry run', async () => {
    const { results, executor } = await heal();
    expect(results).toMatchObject([{ outcome: 'planned', success: true, dryRun: true }]);
    expect(executor.executed).toEqual([]);
  });

  it('acts only if `dryRun: false` is given', async () => {
    const { results, executor } = await heal({ dryRun: false });
    expect(results).toMatchObject([{ outcome: 'ineffective', dryRun: false }]);
    expect(executor.executed).toHaveLength(1);
  });

  it('is a dry run also if `dryRun` is undefined', async () => {
    const { results, executor } = await heal({ dryRun: undefined });
    expect(results).toMatchObject([{ dryRun: true }]);
    expect(executor.executed).toEqual([]);
  });

  describe('reads the CPU twice, so that the first cycle has a value', () => {
    const timesOfCpu = async (cpu: Snapshot['cpu'], options: HealingOptions = {}): Promise<number[]> => {
      const clock = fakeClock();
      const times: number[] = [];
      const host = fakeHost({ cpu }, { clock });
      const read = host.read.bind(host);
      vi.spyOn(host, 'read').mockImplementation((request) => {
        if (request?.parts?.includes('cpu') ?? true) times.push(clock.monotonic());
        return read(request);
      });
      await whenDone(quickHeal({ host, clock, thresholds: { cpuPercent: 80 }, ...options }), clock);
      return [...new Set(times)];
    };

    it('100 ms apart where use is under half of the threshold', async () => {
      expect(await timesOfCpu({ percent: 39.9, cpus: 4 })).toEqual([0, 100]);
    });

    it.each([40, 79, 90])('250 ms apart at %s %%, because a burst is no issue', async (percent) => {
      expect(await timesOfCpu({ percent, cpus: 4 })).toEqual([0, 100, 250]);
    });

    it('250 ms apart where use is not known', async () => {
      expect(await timesOfCpu(unknown('a counter went back'))).toEqual([0, 100, 250]);
    });

    it('but not where the check of the CPU is off', async () => {
      expect(await timesOfCpu({ percent: 90, cpus: 4 }, { enabledChecks: ['memory'] })).toEqual([]);
    });
  });

  it('does not close a host that was passed to it, and leaves no timer behind', async () => {
    const { host, clock } = await heal();
    expect(host.closed).toBe(0);
    expect(clock.sleepers).toBe(0);
  });

  it('accepts the same options as the factory, and refuses the same', async () => {
    const wrong = { thresholds: { cpu_percent: 70 } } as HealingOptions;
    const sentence = 'Unknown option `cpu_percent` in `thresholds`: did you mean `cpuPercent`?';
    await expect(quickHeal(wrong)).rejects.toThrow(sentence);
    expect(() => createSelfHealingEngine(wrong)).toThrow(sentence);
  });

  it('works with a custom detector that has issues only', async () => {
    const detector = { detectIssues: () => Promise.resolve([]) };
    expect((await heal({ detector })).results).toEqual([]);
  });
});
