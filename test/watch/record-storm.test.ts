import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import type { Verdict } from '../../src/model/issue.js';
import { failedUnit } from '../../src/testing/index.js';
import { benchOf, type Bench, type BenchOptions } from '../make-engine.js';

const MINUTE = 60_000;
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `unit${index}`);

/** Units that failed this long before the first cycle, in milliseconds. */
function withFailed(agoMs: readonly number[], options: BenchOptions = {}): Bench {
  const bench = benchOf({}, options);
  const now = bench.clock.now();
  bench.host.set({
    units: agoMs.map((ago, index) =>
      failedUnit({ name: `unit${index}.service`, inactiveSince: now - ago, activeSince: now - 86_400_000 }),
    ),
  });
  return bench;
}

async function reasons(bench: Bench): Promise<(string | undefined)[]> {
  const results = await bench.done(bench.engine.detectAndHeal());
  return results.map(({ blockedBy, outcome }) => blockedBy ?? outcome);
}
const all = (count: number, what: string): string[] => names(count).map(() => what);

describe('a storm of listed services', () => {
  const services = names(8);

  it('is detected by a first cycle a minute after it, by the times that systemd reports', async () => {
    const ago = [65_000, 66_000, 67_000, 68_000, 69_000];
    expect(await reasons(withFailed(ago, { services }))).toEqual(all(5, 'storm'));
  });

  it('is not detected if the services failed one after the other, even if they were first read at the same time', async () => {
    const ago = [0, 20_000, 40_000, 60_000, 80_000];
    expect(await reasons(withFailed(ago, { services }))).not.toContain('storm');
  });

  it('is not detected for half of the services, nor for a list of fewer than 6', async () => {
    expect(await reasons(withFailed([1, 2, 3, 4], { services }))).not.toContain('storm');
    expect(await reasons(withFailed([1, 2, 3, 4, 5], { services: names(5) }))).not.toContain('storm');
  });

  it('lasts for 10 min of steady time, however the wall clock jumps', async () => {
    for (const jump of [3_600_000, -3_600_000]) {
      const bench = withFailed([1_000, 1_000, 1_000, 1_000, 1_000], { services });
      expect(await reasons(bench)).toEqual(all(5, 'storm'));
      bench.clock.jump(jump);
      await bench.clock.advance(5 * MINUTE);
      expect(await reasons(bench)).toEqual(all(5, 'storm'));
    }
  });

  it('is reported once, with its components', async () => {
    const bench = withFailed([1_000, 1_000, 1_000, 1_000, 1_000], { services });
    const told: (readonly string[])[] = [];
    bench.engine.on('storm:began', ({ components }) => void told.push(components));
    await reasons(bench);
    await bench.clock.advance(MINUTE);
    await reasons(bench);
    expect(told).toEqual([['unit0', 'unit1', 'unit2', 'unit3', 'unit4']]);
  });

  it('is over after 10 min: repairs run one at a time, and the first ineffective one restarts the calm phase', async () => {
    const bench = withFailed([600_000, 600_000, 600_000, 600_000, 600_000], { services });
    const outcomes = await reasons(bench);
    expect(bench.executor.executed).toHaveLength(1);
    expect(outcomes).toEqual(['ineffective', ...all(4, 'storm')]);
  });
});

describe('a storm of unlisted services', () => {
  it('needs at least 10 of them', async () => {
    const ago = (count: number) => names(count).map(() => 1_000);
    expect(await reasons(withFailed(ago(9)))).not.toContain('storm');
    expect(await reasons(withFailed(ago(10)))).toEqual(all(10, 'storm'));
  });
});

describe('a storm of custom checks', () => {
  const checks = (count: number, type: Check['type']): BenchOptions => ({
    enabledChecks: names(count),
    checks: names(count).map((name) => ({
      ...{ name, component: name, type, parts: [], settleMs: 0 },
      heals: { action: 'mend', parameters: {} },
      run: (): Verdict => ({ status: 'bad', reason: `${name} does not answer` }),
    })),
  });

  it('needs at least 10 of the type service', async () => {
    expect(await reasons(benchOf({}, checks(9, 'service')))).not.toContain('storm');
    expect(await reasons(benchOf({}, checks(10, 'service')))).toEqual(all(10, 'storm'));
    expect(await reasons(benchOf({}, checks(12, 'resource')))).not.toContain('storm');
  });
});
