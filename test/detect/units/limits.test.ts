import { describe, expect, it } from 'vitest';
import { judgeUnit, type WatchedUnit } from '../../../src/detect/services.js';
import { isCrashLooping, judgeDailyRestarts } from '../../../src/detect/units/restarts.js';
import { inTransition } from '../../../src/detect/units/transition.js';
import { bad, isDisabled, isEnabled } from '../../../src/detect/units/unit-verdict.js';
import type { UnitReading } from '../../../src/model/unit.js';
import { Severity, type Verdict } from '../../../src/model/issue.js';
import { failedUnit, unitReading } from '../../../src/testing/index.js';

const { LOW, HIGH } = Severity;
const NOW = Date.UTC(2025, 0, 2);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LISTED: WatchedUnit = { unit: 'nginx.service' };

const verdictOn = (more: Partial<UnitReading>, watched: WatchedUnit | undefined = LISTED): Verdict =>
  judgeUnit(unitReading(more), watched, { hasList: true, now: NOW });
/** Returns the severity of a verdict, or that it passes. */
const outcome = (more: Partial<UnitReading>): number | string => {
  const { status, severity, transient } = verdictOn(more);
  return transient ? 'passing' : status === 'bad' ? severity! : status;
};

describe('the time limit of a unit in transition', () => {
  const starting = { activeState: 'activating', subState: 'start' };
  const stopping = { activeState: 'deactivating', subState: 'stop' };
  const reloading = { activeState: 'reloading', subState: 'reload' };

  it.each<[string, Partial<UnitReading>, number]>([
    ['a start whose own limit is short', starting, 15 * MINUTE],
    ['a start, twice its own limit', { ...starting, startTimeoutMs: 10 * MINUTE }, 20 * MINUTE],
    ['a start, of which the limit of a stop is no part', { ...starting, stopTimeoutMs: HOUR }, 15 * MINUTE],
    ['a start without a limit', { ...starting, startTimeoutMs: Infinity }, 15 * MINUTE],
    ['a stop, twice its own limit', { ...stopping, stopTimeoutMs: 10 * MINUTE }, 20 * MINUTE],
    ['a stop, of which the limit of a start is no part', { ...stopping, startTimeoutMs: HOUR }, 15 * MINUTE],
    ['a stop without a limit', { ...stopping, stopTimeoutMs: Infinity }, 15 * MINUTE],
    ['a reload, as a start', { ...reloading, startTimeoutMs: 10 * MINUTE }, 20 * MINUTE],
    ['a refresh', { activeState: 'refreshing' }, 15 * MINUTE],
    ['a queued job', { job: 'restart' }, 15 * MINUTE],
  ])('is known to the millisecond, for LOW and for HIGH: %s', (_case, more, limit) => {
    const after = (ms: number) => outcome({ ...more, transitionSince: NOW - ms });
    expect([after(limit - 1), after(limit), after(2 * limit - 1), after(2 * limit)]).toEqual([
      'passing',
      LOW,
      LOW,
      HIGH,
    ]);
  });

  it('of a oneshot is a day, and of one that is being stopped that of any unit', () => {
    const oneshot = { ...starting, type: 'oneshot', startTimeoutMs: Infinity };
    expect(outcome({ ...oneshot, transitionSince: NOW - 24 * HOUR + 1 })).toBe('passing');
    expect(outcome({ ...oneshot, transitionSince: NOW - 24 * HOUR })).toBe(LOW);
    expect(outcome({ ...oneshot, ...stopping, transitionSince: NOW - 15 * MINUTE })).toBe(LOW);
    expect(outcome({ ...oneshot, subState: 'auto-restart', transitionSince: NOW - 15 * MINUTE })).toBe(LOW);
  });

  it('has not passed for a transition in the future, whose age is 0', () => {
    expect(verdictOn({ ...starting, transitionSince: NOW + HOUR })).toMatchObject({
      ...{ status: 'ok', transient: true, value: 1, threshold: 1 },
      reason: 'nginx.service is activating (start) for 0 ms: left to systemd',
    });
  });

  it('has not passed where the age is not known, which the reason leaves out', () => {
    expect(verdictOn({ ...starting, job: 'start' }).reason).toBe(
      'nginx.service is activating (start) with a start job: left to systemd',
    );
    expect(verdictOn({ ...starting, type: 'oneshot' }).reason).toBe(
      'nginx.service is a oneshot that is running',
    );
  });

  it('is reported with the time at which the transition began', () => {
    const inactiveSince = NOW - 3 * HOUR;
    const long = { transitionSince: NOW - 2 * HOUR, inactiveSince };
    expect(verdictOn({ ...starting, ...long }).since).toBe(long.transitionSince);
    const yesterday = { transitionSince: NOW - 25 * HOUR, inactiveSince };
    expect(verdictOn({ ...starting, type: 'oneshot', ...yesterday })).toMatchObject({
      since: yesterday.transitionSince,
      reason: 'nginx.service is a oneshot that has been running for 1 d 1 h',
    });
  });

  it.each(['activating', 'deactivating', 'reloading', 'refreshing', 'maintenance'])(
    'applies to a unit that is %s',
    (activeState) => {
      expect(inTransition({ activeState, job: '' })).toBe(true);
    },
  );

  it.each(['active', 'inactive', 'failed'])('applies to a unit that is %s only with a job', (activeState) => {
    expect(inTransition({ activeState, job: '' })).toBe(false);
    expect(inTransition({ activeState, job: 'start' })).toBe(true);
  });
});

describe('the limits of restarts', () => {
  it('are 3 restarts for a crash loop, none of them after success', () => {
    expect(isCrashLooping({ recentRestarts: 2, restartsAfterSuccess: false })).toBe(false);
    expect(isCrashLooping({ recentRestarts: 3, restartsAfterSuccess: false })).toBe(true);
    expect(isCrashLooping({ recentRestarts: 3, restartsAfterSuccess: true })).toBe(false);
  });

  it('are no crash loop after a stop by a person, but are one while a unit is up or the stopper is not known', () => {
    const loop = { recentRestarts: 3 };
    const reason = (more: Partial<UnitReading>) => verdictOn({ ...loop, ...more }).reason;
    expect(reason({ activeState: 'inactive', stoppedByJob: true })).not.toContain('crash loop');
    expect(reason({ activeState: 'failed', stoppedByJob: true })).not.toContain('crash loop');
    expect(reason({ activeState: 'active', stoppedByJob: true })).toContain('crash loop');
    expect(reason({ activeState: 'inactive', stoppedByJob: false })).toContain('crash loop');
    expect(reason({ activeState: 'failed', stoppedByJob: { unknown: 'no permission' } })).toContain(
      'crash loop',
    );
  });

  it('of runs that ended with success are reported as such, but a failed unit is reported as failed', () => {
    const often = { recentRestarts: 3, restartsAfterSuccess: true, restartDelayMs: 5 * MINUTE };
    expect(verdictOn(often)).toMatchObject({
      ...{ status: 'bad', severity: LOW },
      reason:
        'nginx.service ends and is restarted over and over: systemd restarted it 3 times within 20 min, each time after Result=success',
    });
    expect(verdictOn(failedUnit({ ...often, stoppedByJob: false })).reason).toBe(
      'nginx.service has failed (exit-code)',
    );
  });

  it('within a day concern units that are active only', () => {
    const judge = (more: Partial<UnitReading>) =>
      judgeDailyRestarts({
        ...{ watched: LISTED, hasList: true, now: NOW, subject: 'nginx.service' },
        unit: unitReading({ dailyRestarts: 10, ...more }),
      });
    expect(judge({})?.reason).toBe('nginx.service is active, but systemd restarted it 10 times within 24 h');
    expect(judge({ dailyRestarts: 9 })).toBeUndefined();
    expect(judge({ activeState: 'inactive' })).toBeUndefined();
  });

  it('are reported without the time at which the unit was last down', () => {
    const inactiveSince = NOW - HOUR;
    for (const more of [
      { recentRestarts: 3 },
      { recentRestarts: 3, restartsAfterSuccess: true },
      { dailyRestarts: 10 },
    ])
      expect(verdictOn({ ...more, inactiveSince })).not.toHaveProperty('since');
  });
});

describe('a bad verdict on a unit', () => {
  const evidenceOf = (more: Partial<UnitReading>) => bad({ unit: failedUnit(more) }, LOW, 'x').evidence;

  it('has the value 0 of 1, and the time at which the unit went down where that is known', () => {
    expect(bad({ unit: unitReading({ inactiveSince: 5 }) }, LOW, 'It is down')).toEqual({
      ...{ status: 'bad', severity: LOW, value: 0, threshold: 1, reason: 'It is down', since: 5 },
      evidence: ['ActiveState=active SubState=running LoadState=loaded', 'Result=success ExecMainStatus=0'],
    });
    expect(bad({ unit: unitReading({ inactiveSince: 0 }) }, LOW, 'x')).not.toHaveProperty('since');
    expect(bad({ unit: unitReading({ inactiveSince: 5 }) }, LOW, 'x', 1).since).toBe(1);
  });

  it('has one line of evidence for each fact that there is', () => {
    const state = 'ActiveState=failed SubState=failed LoadState=loaded';
    expect(evidenceOf({ result: '' })).toEqual([state]);
    expect(evidenceOf({})).toEqual([state, 'Result=exit-code ExecMainStatus=1']);
    expect(evidenceOf({ exitKind: '', exitStatus: 0, result: 'resources' })).toEqual([
      state,
      'Result=resources ExecMainStatus=0',
    ]);
    expect(evidenceOf({ exitKind: 'killed', exitStatus: 9, result: 'signal' })).toEqual([
      state,
      'Result=signal ExecMainStatus=9 (killed by a signal)',
    ]);
    expect(evidenceOf({ exitKind: 'dumped', exitStatus: 11, result: 'core-dump' })).toEqual([
      state,
      'Result=core-dump ExecMainStatus=11 (dumped core)',
    ]);
    expect(evidenceOf({ result: '', loadError: 'No such file', restarts: 1, leftProcesses: 1 })).toEqual([
      state,
      'LoadError: No such file',
      'NRestarts=1',
      '1 of its processes still run, although the unit is failed',
    ]);
  });
});

describe('the state of a unit file', () => {
  it.each<[string, readonly string[], boolean, boolean]>([
    ['enabled', [], false, true],
    ['enabled-runtime', [], false, true],
    ['disabled', [], true, false],
    ['disabled', ['app.service'], false, false],
    ['static', [], false, false],
    ['', [], false, false],
  ])('%j, needed by %j: disabled %s, enabled %s', (unitFileState, neededBy, disabled, enabled) => {
    const unit = unitReading({ unitFileState, neededBy });
    expect([isDisabled(unit), isEnabled(unit)]).toEqual([disabled, enabled]);
  });
});

describe('a failed unit that is masked', () => {
  it.each([false, true])('is only reported, with keepRunning %s: no repair may start it', (keepRunning) => {
    const verdict = judgeUnit(
      failedUnit({ loadState: 'masked' }),
      { ...LISTED, keepRunning },
      { hasList: true, now: NOW },
    );
    expect(verdict).toMatchObject({
      severity: LOW,
      reason: 'nginx.service has failed (exit-code), and is masked',
    });
  });
});
