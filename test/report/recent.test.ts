import { describe, expect, it } from 'vitest';
import { RecentActivity } from '../../src/report/recent.js';
import { BOUNDS_MS, Stopwatch } from '../../src/report/counts.js';
import type { Attempt, HealingResult } from '../../src/model/result.js';
import { issueOf, NOW, planOf, verdictOf } from '../make.js';

const base = (component: string, action: string, attempts: Partial<Attempt>[]) => ({
  id: '1',
  issue: issueOf({ component }),
  actionTaken: action,
  durationMs: 1,
  timestamp: NOW,
  dryRun: false,
  attempts: attempts.map((attempt): Attempt => ({ action, outcome: 'failed', durationMs: 1, ...attempt })),
});
const fixed = (component: string, action = 'restart_service'): HealingResult => ({
  ...base(component, action, [{ outcome: 'fixed' }]),
  outcome: 'fixed',
  success: true,
  proof: 'It is well',
});
const skipped = (component: string, error: string, blockedBy = 'backoff' as const): HealingResult => ({
  ...base(component, 'restart_service', [{ outcome: 'skipped', blockedBy, error }]),
  ...{ outcome: 'skipped', success: false, blockedBy, error },
});

describe('the recent results', () => {
  it('count every rung that was tried, and every gate that blocked', () => {
    const recent = new RecentActivity();
    recent.ended(fixed('nginx'));
    recent.ended(skipped('nginx', 'Wait'));
    recent.ended({
      ...base('memory', 'restart_service', [
        { action: 'clear_system_cache', outcome: 'ineffective' },
        { outcome: 'failed' },
      ]),
      ...{ outcome: 'failed', success: false, error: 'No' },
    });
    expect(recent.actions('restart_service', 'fixed')).toBe(1);
    expect(recent.actions('restart_service', 'failed')).toBe(1);
    expect(recent.actions('clear_system_cache', 'ineffective')).toBe(1);
    expect(recent.actions('constructor', 'fixed')).toBe(0);
    expect(recent.blocked('backoff')).toBe(1);
    expect(recent.blocked('storm')).toBe(0);
  });

  it('count actions with ever-changing names as one', () => {
    const recent = new RecentActivity();
    for (let name = 0; name < 1_000; name += 1) recent.ended(fixed('a', `action_${name}`));
    expect(recent.actionNames).toHaveLength(101);
    expect(recent.actions('other', 'fixed')).toBe(900);
  });

  it('keep the latest results, and a repeated one once, in its latest form', () => {
    const recent = new RecentActivity();
    recent.ended(fixed('nginx'));
    for (const left of ['3 s left', '2 s left', '1 s left']) recent.ended(skipped('nginx', left));
    recent.ended({
      ...base('nginx', 'restart_service', [{ outcome: 'planned' }]),
      ...{ outcome: 'planned', success: true, plan: planOf() },
    });
    recent.ended(fixed('nginx'));
    recent.ended(fixed('nginx'));
    const said = recent.results.map(({ outcome, error }) => error ?? outcome);
    expect(said).toEqual(['fixed', '1 s left', 'planned', 'fixed', 'fixed']);
    for (let turn = 0; turn < 500; turn += 1) recent.ended(fixed('nginx'));
    expect(recent.results).toHaveLength(100);
  });

  it('keep a failure until a cycle succeeds', () => {
    const recent = new RecentActivity();
    recent.failed(new Error('no bus'), 5);
    expect(recent.failure).toEqual({ error: 'no bus', at: 5 });
    recent.looked({ timestamp: NOW, verdicts: [], issues: [], detectionMs: 1 }, 9);
    expect(recent).toMatchObject({ failure: undefined, cycles: 1, failedCycles: 1, last: { at: 9 } });
  });
});

describe('the verdicts of the last cycle', () => {
  const report = { timestamp: NOW, verdicts: [verdictOf()], issues: [issueOf()], detectionMs: 1 };
  const well = Object.freeze([verdictOf({ status: 'ok' }), verdictOf({ status: 'ok', component: 'load' })]);

  it('include those of a healthy host', () => {
    const recent = new RecentActivity();
    recent.looked(report, 5);
    recent.failed(new Error('no bus'), 7);
    recent.lookedWell(well, NOW.getTime(), 2, 9);
    expect(recent).toMatchObject({ failure: undefined, cycles: 2, failedCycles: 1 });
    expect(recent.last).toEqual({
      report: { timestamp: NOW, verdicts: well, issues: [], detectionMs: 2 },
      at: 9,
    });
    recent.looked(report, 11);
    expect(recent.last).toEqual({ report, at: 11 });
  });

  it('are updated by a reading of some components, which is no cycle', () => {
    const recent = new RecentActivity();
    recent.lookedAt(new Set(['cpu']), [verdictOf()]);
    expect(recent.last).toBeUndefined();
    recent.lookedWell(well, NOW.getTime(), 2, 9);
    recent.lookedAt(new Set(['cpu']), [verdictOf()]);
    expect(recent.cycles).toBe(1);
    expect(recent.last?.at).toBe(9);
    expect(recent.last?.report.verdicts.map(({ component, status }) => `${component} ${status}`)).toEqual([
      'load ok',
      'cpu bad',
    ]);
  });
});

describe('a duration histogram', () => {
  it('counts a value at the upper bound of a bucket in that bucket', () => {
    const watch = new Stopwatch();
    for (const ms of [0, 0.005, 0.006, 3_600_000, 3_600_001]) watch.add(ms);
    const { bounds, counts, sum, count } = watch.distribution();
    expect(bounds).toBe(BOUNDS_MS);
    expect([counts[0], counts[1], counts.at(-2), counts.at(-1)]).toEqual([2, 1, 1, 1]);
    expect(counts).toHaveLength(bounds.length + 1);
    expect(count).toBe(5);
    expect(sum).toBeCloseTo(7_200_001.011);
  });

  it('has ascending buckets', () => {
    expect([...BOUNDS_MS].sort((a, b) => a - b)).toEqual(BOUNDS_MS);
    expect(new Set(BOUNDS_MS).size).toBe(BOUNDS_MS.length);
  });
});
