import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Counts } from '../../src/report/counts.js';
import type { HealingResult, Outcome } from '../../src/model/result.js';
import { issueOf, NOW } from '../make.js';

const resultOf = (outcome: Outcome, durationMs = 10) =>
  ({ outcome, durationMs, issue: issueOf() }) as HealingResult;
const OUTCOMES: Outcome[] = [
  ...(['fixed', 'ineffective', 'failed', 'skipped'] as const),
  ...(['planned', 'pending', 'pending-reboot'] as const),
];

describe("the engine's counters", () => {
  it('start at zero, with a success rate of 1', () => {
    expect(new Counts().read()).toEqual({
      issuesDetected: 0,
      issuesResolved: 0,
      issuesFailed: 0,
      issuesRelapsed: 0,
      lastCheck: undefined,
      successRate: 1,
      byType: {
        resource: { detected: 0, resolved: 0, failed: 0 },
        service: { detected: 0, resolved: 0, failed: 0 },
        system: { detected: 0, resolved: 0, failed: 0 },
      },
      detectionTimeMs: { last: 0, mean: 0, max: 0 },
      resolutionTimeMs: { last: 0, mean: 0, max: 0 },
    });
  });

  it('count fixed as resolved, failed and ineffective as failed, and the rest as neither', () => {
    const counts = new Counts();
    for (const outcome of OUTCOMES) counts.healed(resultOf(outcome));
    expect(counts.read()).toMatchObject({
      ...{ issuesResolved: 1, issuesFailed: 2, successRate: 1 / 3 },
      byType: { service: { detected: 0, resolved: 1, failed: 2 }, system: { resolved: 0, failed: 0 } },
    });
  });

  it('have the duration of cycles and repairs: last, mean, max', () => {
    const counts = new Counts();
    for (const ms of [10, 30, 20]) {
      counts.looked(NOW.getTime(), ms);
      counts.healed(resultOf('fixed', ms));
    }
    expect(counts.read()).toMatchObject({
      detectionTimeMs: { last: 20, mean: 20, max: 30 },
      resolutionTimeMs: { last: 20, mean: 20, max: 30 },
    });
  });

  it('have a success rate without the repairs that relapsed, which is never negative', () => {
    const counts = new Counts();
    for (const outcome of ['fixed', 'fixed', 'fixed', 'failed'] as const) counts.healed(resultOf(outcome));
    counts.relapsed();
    expect(counts.read()).toMatchObject({ issuesRelapsed: 1, issuesResolved: 3, successRate: 0.5 });
    for (let more = 0; more < 3; more += 1) counts.relapsed();
    expect(counts.read()).toMatchObject({ issuesRelapsed: 4, successRate: 0 });
  });

  it('have the durations of cycles and of repairs in separate histograms', () => {
    const counts = new Counts();
    counts.looked(NOW.getTime(), 1);
    counts.healed(resultOf('fixed', 20));
    counts.healed(resultOf('failed', 30));
    const { detection, resolution } = counts.distributions();
    expect([detection.count, detection.sum, resolution.count, resolution.sum]).toEqual([1, 1, 2, 50]);
  });

  it('return a new date each time', () => {
    const counts = new Counts();
    counts.looked(NOW.getTime(), 1);
    counts.opened([issueOf(), issueOf({ component: 'redis' })]);
    counts.read().lastCheck?.setFullYear(1999);
    expect(counts.read()).toMatchObject({ lastCheck: NOW, issuesDetected: 2 });
  });

  it('always have a success rate from 0 to 1 that is the ratio of resolved to resolved and failed', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...OUTCOMES)), (outcomes) => {
        const counts = new Counts();
        for (const outcome of outcomes) counts.healed(resultOf(outcome));
        const { issuesResolved, issuesFailed, successRate } = counts.read();
        const tried = issuesResolved + issuesFailed;
        expect(successRate).toBe(tried === 0 ? 1 : issuesResolved / tried);
      }),
    );
  });
});
