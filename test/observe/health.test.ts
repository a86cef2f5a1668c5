import { describe, expect, it } from 'vitest';
import type { EngineStatus } from '../../src/report/status.js';
import { healthOf } from '../../src/observe/health.js';
import { NOW } from '../make.js';
import { benchOf } from '../make-engine.js';

const FRESH = benchOf().engine.status();
const statusOf = (overrides: Partial<EngineStatus>): EngineStatus => ({
  ...FRESH,
  monitoring: { intervalMs: 30_000, forMs: 500_000 },
  lastLook: lookedAgo(10_000),
  ...overrides,
});
function lookedAgo(agoMs: number): EngineStatus['lastLook'] {
  return { timestamp: NOW, agoMs, detectionMs: 1 };
}
const reasonsFor = (overrides: Partial<EngineStatus>): readonly string[] =>
  healthOf(statusOf(overrides)).reasons;

describe('/health is ok', () => {
  it.each<[string, Partial<EngineStatus>]>([
    ['while cycles run on time', {}],
    ['three intervals after the last cycle', { lastLook: lookedAgo(90_000) }],
    [
      'before the first cycle, for three intervals',
      { lastLook: undefined, monitoring: { intervalMs: 30_000, forMs: 90_000 } },
    ],
    ['with a short interval and one slow cycle', { monitoring: { intervalMs: 10, forMs: 500_000 } }],
    ['without monitoring, after a recent call', { monitoring: undefined, lastLook: lookedAgo(179_000) }],
    [
      'while paused or in a dry run, which is intended',
      { pauses: [{ reason: 'lunch', forMs: 1 }], dryRun: true },
    ],
  ])('%s', (_when, overrides) => {
    expect(healthOf(statusOf(overrides))).toMatchObject({ status: 'ok', reasons: [] });
  });
});

describe('/health is not ok', () => {
  it.each<[string, Partial<EngineStatus>, string]>([
    [
      'after more than three intervals without a cycle',
      { lastLook: lookedAgo(91_000) },
      'The engine should look every 30 s and has last looked at the host 1 min 31 s ago',
    ],
    [
      'if no cycle ever ran',
      { lastLook: undefined },
      'The engine should look every 30 s and has not looked at the host yet',
    ],
    [
      'without monitoring and without a call',
      { monitoring: undefined, lastLook: undefined },
      'The engine does not monitor and has not looked at the host yet',
    ],
    [
      'after a failed cycle',
      { lastFailure: { error: 'no bus', agoMs: 2_000 } },
      'The last look at the host failed 2 s ago: no bus',
    ],
    ['if another engine has locked the state', { lockedBy: 'Held by process 7' }, 'Held by process 7'],
    ['after close()', { closed: true, monitoring: undefined }, 'The engine has been closed'],
  ])('%s', (_when, overrides, reason) => {
    expect(reasonsFor(overrides)).toEqual([reason]);
  });

  it('for several reasons at once', () => {
    expect(reasonsFor({ lastFailure: { error: 'no bus', agoMs: 1 }, lockedBy: 'Held' })).toHaveLength(2);
  });
});
