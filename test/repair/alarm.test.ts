import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import type { Verdict } from '../../src/model/issue.js';
import { SimpleResolver } from '../../src/resolve/resolver.js';
import { failedUnit, unitReading } from '../../src/testing/index.js';
import { benchOf, type Bench } from '../make-engine.js';

const bad: Verdict = { status: 'bad', reason: 'GET / answered 502' };
const ok: Verdict = { status: 'ok', reason: 'GET / answered 200' };

/** A running nginx whose check has a given result: `answer` gets the seconds since the last restart, -1 before one. */
function nginxThatAnswers(answer: (secondsUp: number) => Verdict, more: Partial<Check> = {}) {
  let startedAt: number | undefined;
  const asked: number[] = [];
  const check: Check = {
    name: 'nginx-http',
    component: 'nginx-http',
    type: 'service',
    parts: [],
    heals: 'nginx',
    run: () => {
      const up = startedAt === undefined ? -1 : (bench.clock.monotonic() - startedAt) / 1_000;
      asked.push(up);
      return answer(up);
    },
    ...more,
  };
  const bench: Bench = benchOf(
    { units: [unitReading({ name: 'nginx.service' })] },
    {
      services: ['nginx'],
      checks: [check],
      enabledChecks: ['services', 'nginx-http'],
      fake: { act: () => void (startedAt = bench.clock.monotonic()) },
    },
  );
  return { bench, asked };
}

const outcomes = (bench: Bench) => bench.events('heal:done').map(({ result }) => result.outcome);

/** Monitors for this time, and stops. */
async function watch({ engine, clock }: Bench, ms: number): Promise<void> {
  const monitoring = engine.startMonitoring(60);
  await clock.advance(ms);
  await engine.close();
  await monitoring;
}

const MINUTE = 60_000;

describe('a check that detects a fault that systemd cannot', () => {
  it('prevents that a repair is reported as fixed while it reads bad', async () => {
    const { bench } = nginxThatAnswers(() => bad);
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'ineffective', success: false });
    expect(result?.error).toContain('GET / answered 502');
    expect(bench.told).not.toContain('issue:cleared nginx-http');
  });

  it('opens the breaker after three ineffective restarts, in a day of 502', async () => {
    const { bench } = nginxThatAnswers(() => bad);
    await watch(bench, 50 * MINUTE);
    expect(outcomes(bench)).toEqual(['ineffective', 'ineffective', 'ineffective']);
    expect(bench.events('issue:opened')).toHaveLength(1);
    expect(bench.engine.getMetrics()).toMatchObject({ issuesResolved: 0, successRate: 0 });
  });

  it('proves a repair that works after 2 s with two ok answers in a row, and restarts once', async () => {
    const { bench, asked } = nginxThatAnswers((up) => (up >= 2 ? ok : bad));
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'fixed', success: true });
    expect(bench.executor.executed).toHaveLength(1);
    expect(asked.filter((up) => up >= 2).length).toBeGreaterThanOrEqual(2);
    expect(bench.told.slice(-3)).toEqual(['heal:done nginx-http', 'issue:cleared nginx-http', 'cycle:done']);
  });

  it('is not evaluated, and the service is not restarted again, before its settle time is over', async () => {
    const { bench } = nginxThatAnswers((up) => (up >= 50 ? ok : bad));
    await watch(bench, 3 * MINUTE);
    expect(outcomes(bench)).toEqual(['fixed']);
    expect(bench.executor.executed).toHaveLength(1);
  });

  it('that needs longer than its settle time makes the repair ineffective', async () => {
    const { bench } = nginxThatAnswers((up) => (up >= 50 ? ok : bad), { settleMs: 10_000 });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result?.outcome).toBe('ineffective');
  });

  it('does not accept one ok answer between bad ones as a proof', async () => {
    const { bench } = nginxThatAnswers((up) => (up >= 4 && up < 5 ? ok : bad));
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result?.outcome).toBe('ineffective');
  });

  it('that is unknown after the repair leaves it unproven', async () => {
    const { bench } = nginxThatAnswers((up) => (up >= 0 ? { status: 'unknown', reason: 'no route' } : bad));
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'failed' });
    expect(result?.error).toContain('no route');
  });

  it('verifies a repair that a resolver mapped to a unit of another name', async () => {
    class ByName extends SimpleResolver {
      override getAction() {
        return { action: 'restart_service', parameters: { service: 'nginx' } };
      }
    }
    const { bench } = nginxThatAnswers(() => bad, { heals: undefined } as never);
    bench.engine.resolver = new ByName();
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result?.outcome).toBe('ineffective');
  });

  it('is run beside the check of a unit of the same component, because the unit alone proves nothing', async () => {
    const { bench } = nginxThatAnswers(() => bad, { component: 'nginx' });
    bench.host.setUnit('nginx', failedUnit({ name: 'nginx.service' }));
    const results = await bench.done(bench.engine.detectAndHeal());
    expect(results.map(({ outcome }) => outcome)).not.toContain('fixed');
  });
});

describe('a manually created issue', () => {
  it('is proved by the checks of its component if there are any', async () => {
    const bench = benchOf({ units: [failedUnit()] }, { services: ['nginx'] });
    const issue = { type: 'service', severity: 3, description: 'It is down', component: 'nginx' } as const;
    const result = await bench.done(bench.engine.healIssue({ ...issue, metricValue: 0, threshold: 1 }));
    expect(result.outcome).toBe('ineffective');
  });
});
