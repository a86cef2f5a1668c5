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

describe('an engine is well', () => {
  it.each<[string, Partial<EngineStatus>]>([
    ['while it looks in its rhythm', {}],
    ['three intervals after its last look', { lastLook: lookedAgo(90_000) }],
    [
      'before its first look, for three intervals',
      { lastLook: undefined, monitoring: { intervalMs: 30_000, forMs: 90_000 } },
    ],
    ['with a short rhythm and one slow look', { monitoring: { intervalMs: 10, forMs: 500_000 } }],
    ['when it is called now and then', { monitoring: undefined, lastLook: lookedAgo(179_000) }],
    [
      'when it is paused, or in a dry run: that is how somebody wants it',
      { pauses: [{ reason: 'lunch', forMs: 1 }], dryRun: true },
    ],
  ])('%s', (_when, overrides) => {
    expect(healthOf(statusOf(overrides))).toMatchObject({ status: 'ok', reasons: [] });
  });
});

describe('an engine is not well', () => {
  it.each<[string, Partial<EngineStatus>, string]>([
    [
      'when it has not looked for more than three intervals',
      { lastLook: lookedAgo(91_000) },
      'The engine should look every 30 s and has last looked at the host 1 min 31 s ago',
    ],
    [
      'when it never looks',
      { lastLook: undefined },
      'The engine should look every 30 s and has not looked at the host yet',
    ],
    [
      'when nobody calls it',
      { monitoring: undefined, lastLook: undefined },
      'The engine does not monitor and has not looked at the host yet',
    ],
    [
      'when its last look failed',
      { lastFailure: { error: 'no bus', agoMs: 2_000 } },
      'The last look at the host failed 2 s ago: no bus',
    ],
    ['when another engine holds the state', { lockedBy: 'Held by process 7' }, 'Held by process 7'],
    ['when it is closed', { closed: true, monitoring: undefined }, 'The engine has been closed'],
  ])('%s', (_when, overrides, reason) => {
    expect(reasonsFor(overrides)).toEqual([reason]);
  });

  it('for several reasons at once', () => {
    expect(reasonsFor({ lastFailure: { error: 'no bus', agoMs: 1 }, lockedBy: 'Held' })).toHaveLength(2);
  });
});
