import { describe, expect, it, vi } from 'vitest';
import { isSelfHealingError } from '../../src/base/errors.js';
import { failedUnit, unitReading, type FakeHostParts } from '../../src/testing/index.js';
import type { HealingAction } from '../../src/model/plan.js';
import { benchOf, type Bench } from '../make-engine.js';

const cpu = (percent: number): FakeHostParts => ({ cpu: { percent, cpus: 4 } });
/** Heals any issue, by an action that the fake executor executes. */
const resolver = { getAction: () => ({ action: 'heal_it', parameters: {} }) };
const cycles = ({ events }: Bench) => events('cycle:done').length;
const opened = ({ told }: Bench) => told.filter((line) => line.startsWith('issue:'));

/** Waits for everything that takes no time. */
const settle = (bench: Bench) => bench.clock.advance(0);

describe('the interval of start()', () => {
  it.each([0, -1, NaN, Infinity, -Infinity, 2_147_484, 1e300])('refuses %d', async (interval) => {
    const { engine } = benchOf();
    const refused = engine.startMonitoring(interval);
    await expect(refused).rejects.toThrow(
      `Expected \`interval\` to be a number of seconds over 0 and up to 2147483, got \`${interval}\` (number)`,
    );
    await expect(engine.startMonitoring({ interval })).rejects.toSatisfy(isSelfHealingError);
  });

  it.each(['60', null, [60], true])('refuses %j', async (interval) => {
    await expect(benchOf().engine.startMonitoring(interval as never)).rejects.toSatisfy(isSelfHealingError);
    await expect(benchOf().engine.startMonitoring({ interval } as never)).rejects.toSatisfy(
      isSelfHealingError,
    );
  });

  it('suggests the closest option, and refuses an invalid signal', async () => {
    const { engine } = benchOf();
    await expect(engine.startMonitoring({ intervall: 5 } as never)).rejects.toThrow(
      'did you mean `interval`?',
    );
    await expect(engine.startMonitoring({ signal: {} } as never)).rejects.toThrow(
      'Expected `signal` to be an AbortSignal',
    );
  });

  it.each([0.25, 1, 60, 2_147_483])(
    'of %d s is accepted, and is the time from cycle to cycle',
    async (interval) => {
      const bench = benchOf();
      const monitoring = bench.engine.startMonitoring(interval);
      await settle(bench);
      expect(cycles(bench)).toBe(1);
      await bench.clock.advance(interval * 1_000 - 1);
      expect(cycles(bench)).toBe(1);
      await bench.clock.advance(1);
      expect(cycles(bench)).toBe(2);
      await bench.clock.advance(interval * 3_000);
      expect(cycles(bench)).toBe(5);
      await bench.engine.stopMonitoring();
      await monitoring;
    },
  );

  it('is 60 s by default', async () => {
    const bench = benchOf();
    void bench.engine.startMonitoring();
    await bench.clock.advance(59_999);
    expect(cycles(bench)).toBe(1);
    await bench.clock.advance(1);
    expect(cycles(bench)).toBe(2);
    await bench.engine.close();
  });

  it('does not depend on jumps of the wall clock', async () => {
    const bench = benchOf();
    void bench.engine.startMonitoring(10);
    await settle(bench);
    bench.clock.jump(-86_400_000);
    await bench.clock.advance(10_000);
    expect(cycles(bench)).toBe(2);
    await bench.engine.close();
  });
});

describe('starting and stopping the monitoring', () => {
  it('refuses a second start, and the first continues', async () => {
    const bench = benchOf();
    const monitoring = bench.engine.startMonitoring(10);
    await expect(bench.engine.startMonitoring(10)).rejects.toMatchObject({
      code: 'already-monitoring',
      message: 'This engine is monitoring already',
    });
    await bench.clock.advance(10_000);
    expect(cycles(bench)).toBe(2);
    await bench.engine.stopMonitoring();
    await monitoring;
  });

  it.each([
    ['stopMonitoring', (bench: Bench) => bench.engine.stopMonitoring()],
    ['close', (bench: Bench) => bench.engine.close()],
    ['the end of its scope', (bench: Bench) => bench.engine[Symbol.asyncDispose]()],
  ])('resolves on %s, and leaves no timer', async (_how, stop) => {
    const bench = benchOf();
    const monitoring = bench.engine.startMonitoring(10);
    await settle(bench);
    await stop(bench);
    await expect(monitoring).resolves.toBeUndefined();
    expect(bench.clock.sleepers).toBe(0);
  });

  it('resolves, and does not reject, when its signal is aborted', async () => {
    const bench = benchOf();
    const controller = new AbortController();
    const monitoring = bench.engine.startMonitoring({ interval: 10, signal: controller.signal });
    await settle(bench);
    controller.abort(new Error('enough'));
    await expect(monitoring).resolves.toBeUndefined();
  });

  it('runs no cycle if its signal was aborted before', async () => {
    const bench = benchOf();
    await bench.engine.startMonitoring({ signal: AbortSignal.abort() });
    expect(bench.host.requests).toEqual([]);
  });

  it('can be repeated', async () => {
    const bench = benchOf();
    for (let i = 1; i <= 3; i += 1) {
      const monitoring = bench.engine.startMonitoring(10);
      await settle(bench);
      await bench.engine.stopMonitoring();
      await monitoring;
      expect(cycles(bench)).toBe(i);
    }
  });

  it('can be stopped when it was never started, and twice', async () => {
    const bench = benchOf();
    await bench.engine.stopMonitoring();
    const monitoring = bench.engine.startMonitoring(10);
    expect(bench.engine.status().monitoring).toMatchObject({ intervalMs: 10_000 });
    await Promise.all([bench.engine.stopMonitoring(), bench.engine.stopMonitoring(), monitoring]);
    expect(bench.engine.status().monitoring).toBeUndefined();
  });

  it('is refused after close', async () => {
    const bench = benchOf();
    await bench.engine.close();
    await expect(bench.engine.startMonitoring(10)).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('in monitoring', () => {
  it('a busy CPU is an issue from the third bad reading in a row, and is healed then', async () => {
    const bench = benchOf(cpu(85), { resolver });
    void bench.engine.startMonitoring(10);
    await settle(bench);
    await bench.clock.advance(10_000);
    expect(opened(bench)).toEqual([]);
    expect(bench.executor.executed).toEqual([]);
    await bench.clock.advance(10_000);
    expect(opened(bench)).toEqual(['issue:opened cpu']);
    await vi.waitFor(() => expect(bench.executor.executed).toHaveLength(1));
    await bench.engine.close();
  });

  it('a failed unit is an issue at once', async () => {
    const bench = benchOf({ units: [failedUnit()] }, { resolver });
    void bench.engine.startMonitoring(10);
    await settle(bench);
    expect(opened(bench)).toEqual(['issue:opened nginx']);
    await bench.engine.close();
  });

  it('an issue is logged once when it opens and once when it clears, 5 points below its threshold', async () => {
    const bench = benchOf(cpu(85), { guards: { lasting: { cpu: 1 } }, dryRun: true });
    void bench.engine.startMonitoring(10);
    await settle(bench);
    for (const percent of [85, 79, 76, 75]) {
      bench.host.set(cpu(percent));
      await bench.clock.advance(10_000);
      expect(opened(bench)).toEqual(['issue:opened cpu']);
    }
    bench.host.set(cpu(74));
    await bench.clock.advance(10_000);
    expect(opened(bench)).toEqual(['issue:opened cpu', 'issue:cleared cpu']);
    await bench.engine.close();
  });

  it('an unknown reading neither opens nor clears', async () => {
    const bench = benchOf({ units: [failedUnit()] }, { dryRun: true, services: ['nginx'] });
    void bench.engine.startMonitoring(10);
    await settle(bench);
    bench.host.set({ units: { unknown: 'the bus is gone' } });
    await bench.clock.advance(30_000);
    expect(opened(bench)).toEqual(['issue:opened nginx']);
    bench.host.set({ units: [unitReading()] });
    await bench.clock.advance(10_000);
    expect(opened(bench)).toEqual(['issue:opened nginx', 'issue:cleared nginx']);
    await bench.engine.close();
  });
});

describe('during a repair', () => {
  it('cycles continue, and no other repair of the same component is started', async () => {
    let release = (): void => undefined;
    const act = () => new Promise<void>((resolve) => (release = resolve));
    const bench = benchOf({ units: [failedUnit()] }, { fake: { act }, resolver });
    void bench.engine.startMonitoring(1);
    await settle(bench);
    await vi.waitFor(() => expect(bench.executor.executed).toHaveLength(1));
    const before = cycles(bench);
    await bench.clock.advance(5_000);
    expect(cycles(bench)).toBe(before + 5);
    expect(bench.executor.executed).toHaveLength(1);
    release();
    await bench.done(bench.engine.close());
  });

  it('stopping aborts the interruptible parts, and waits for its end', async () => {
    let release = (): void => undefined;
    const signals: (AbortSignal | undefined)[] = [];
    const act = (_action: HealingAction, { signal }: { signal?: AbortSignal | undefined }) => {
      signals.push(signal);
      return new Promise<void>((resolve) => (release = resolve));
    };
    const bench = benchOf({ units: [failedUnit()] }, { fake: { act }, resolver });
    const monitoring = bench.engine.startMonitoring(1);
    await settle(bench);
    await vi.waitFor(() => expect(signals).toHaveLength(1));
    let ended = false;
    const stopped = bench.engine.stopMonitoring().then(() => (ended = true));
    await settle(bench);
    expect(signals[0]?.aborted).toBe(true);
    expect(ended).toBe(false);
    release();
    await bench.done(Promise.all([stopped, monitoring]));
  });
});

describe('a cycle that throws', () => {
  it('is reported, and the next cycle tries again', async () => {
    let broken = true;
    const detector = {
      detectIssues: () => (broken ? Promise.reject(new Error('the detector broke')) : Promise.resolve([])),
    };
    const bench = benchOf({}, { detector });
    void bench.engine.startMonitoring(10);
    await settle(bench);
    expect(bench.events('cycle:failed')).toMatchObject([
      { error: { message: 'The detector failed: the detector broke' } },
    ]);
    expect(bench.logger.of('error').join()).toContain('the detector broke');
    broken = false;
    await bench.clock.advance(10_000);
    expect(cycles(bench)).toBe(1);
    await bench.engine.close();
  });

  it('is not caused by a listener that throws', async () => {
    const bench = benchOf();
    bench.engine.on('cycle:done', () => {
      throw new Error('my fault');
    });
    void bench.engine.startMonitoring(10);
    await bench.clock.advance(20_000);
    expect(cycles(bench)).toBe(3);
    expect(bench.events('cycle:failed')).toEqual([]);
    await bench.engine.close();
  });
});
