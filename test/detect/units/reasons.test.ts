import { describe, expect, it } from 'vitest';
import { judgeUnit, type WatchedUnit } from '../../../src/detect/services.js';
import { causeWords, isOver, isWantedByTarget, judgeCause } from '../../../src/detect/units/cause.js';
import { judgeFailed } from '../../../src/detect/units/failed.js';
import { judgeInactive } from '../../../src/detect/units/inactive.js';
import { judgeLoadState } from '../../../src/detect/units/load-state.js';
import type { UnitRule } from '../../../src/detect/units/unit-verdict.js';
import type { UnitCause } from '../../../src/model/unit-circumstances.js';
import type { UnitReading } from '../../../src/model/unit.js';
import type { Verdict } from '../../../src/model/issue.js';
import { failedUnit, unitReading } from '../../../src/testing/index.js';

const LISTED: WatchedUnit = { unit: 'nginx.service' };
const KEPT: WatchedUnit = { unit: 'nginx.service', keepRunning: true };
const UNREADABLE = { stoppedByJob: { unknown: 'no permission' } };
const BY_PERSON = { stoppedByJob: true };

const inactive = (more: Partial<UnitReading> = {}) =>
  unitReading({ activeState: 'inactive', subState: 'dead', stoppedByJob: false, ...more });
const apply = (rule: UnitRule, unit: UnitReading, watched?: WatchedUnit): Verdict | undefined =>
  rule({ unit, watched, hasList: watched !== undefined, now: 0, subject: unit.name });
const reasonOf = (unit: UnitReading, watched = LISTED) =>
  judgeUnit(unit, watched, { hasList: true, now: 0 }).reason;

describe('the reason for a listed and inactive unit', () => {
  const socket = { triggeredBy: [{ name: 'nginx.socket', activeState: 'active' }] };
  const down = { triggeredBy: [{ name: 'nginx.socket', activeState: 'failed' }] };
  const exited = { exitKind: 'exited', exitStatus: 3 } as const;
  const killed = { exitKind: 'killed', exitStatus: 15 } as const;
  const condition = 'a condition of its unit file did not hold when it was last tried';

  it.each<[string, Partial<UnitReading>, WatchedUnit, string]>([
    ['masked', { loadState: 'masked' }, LISTED, 'is masked'],
    ['masked, to be kept running', { loadState: 'masked' }, KEPT, 'is masked'],
    ['kept', {}, KEPT, 'is inactive and is to be kept running'],
    [
      'kept, with a condition',
      { conditionMet: false },
      KEPT,
      `is inactive and is to be kept running; ${condition}`,
    ],
    ['kept, stopped', BY_PERSON, KEPT, 'was stopped by a person or a program'],
    ['its socket failed', down, LISTED, 'is inactive, and nginx.socket, which starts it, has failed'],
    [
      'one of two sockets failed',
      { triggeredBy: [...down.triggeredBy, { name: 'other.socket', activeState: 'active' }] },
      LISTED,
      'is inactive, and other.socket starts it when it is needed',
    ],
    [
      'its socket is stopped, and so decides nothing',
      { triggeredBy: [{ name: 'nginx.socket', activeState: 'inactive' }] },
      LISTED,
      'is inactive, though nobody stopped it',
    ],
    ['its socket waits', socket, LISTED, 'is inactive, and nginx.socket starts it when it is needed'],
    [
      'its socket waits, and it ended with a status',
      { ...socket, ...exited },
      LISTED,
      'is inactive: it is enabled, and its main process ended with status 3',
    ],
    [
      'its socket waits, and it was killed',
      { ...socket, ...killed },
      LISTED,
      'is inactive: it is enabled, and its main process ended by signal 15',
    ],
    [
      'its socket waits, it was killed, and the journal is closed',
      { ...socket, ...killed, ...UNREADABLE },
      LISTED,
      'is inactive, and whether a person stopped it is not known: no permission',
    ],
    ['a condition', { conditionMet: false }, LISTED, `is inactive: ${condition}`],
    [
      'a condition, in 1970',
      { conditionMet: false, conditionAt: 1_000 },
      LISTED,
      `is inactive: ${condition}, at 1970-01-01 00:00:01 UTC`,
    ],
    ['a oneshot', { type: 'oneshot' }, LISTED, 'is a oneshot that has not failed'],
    ['disabled', { unitFileState: 'disabled' }, LISTED, 'is inactive and disabled'],
    [
      'the journal is closed',
      UNREADABLE,
      LISTED,
      'is inactive, and whether a person stopped it is not known: no permission',
    ],
    ['stopped', BY_PERSON, LISTED, 'was stopped by a person or a program'],
    ['nobody stopped it', {}, LISTED, 'is inactive, though nobody stopped it'],
  ])('is true: %s', (_case, more, watched, words) => {
    expect(reasonOf(inactive(more), watched)).toBe(`nginx.service ${words}`);
  });

  it('does not exist for a unit in another state, and is ok with the value 0 for one that is not listed', () => {
    for (const activeState of ['active', 'failed', 'activating'])
      expect(apply(judgeInactive, unitReading({ activeState }), LISTED)).toBeUndefined();
    expect(apply(judgeInactive, inactive())).toEqual({
      ...{ status: 'ok', value: 0, threshold: 1 },
      reason: 'nginx.service is inactive, and not listed',
    });
  });
});

describe('the reason for a failed unit', () => {
  it.each<[string, UnitReading, WatchedUnit | undefined, string]>([
    ['a service', failedUnit(), undefined, 'nginx.service has failed (exit-code)'],
    ['a service without a result', failedUnit({ result: '' }), LISTED, 'nginx.service has failed (failed)'],
    ['a mount', failedUnit({ name: 'a.mount' }), undefined, 'a.mount has failed'],
    ['a listed mount', failedUnit({ name: 'a.mount' }), LISTED, 'a.mount has failed (exit-code)'],
    [
      'a service whose stop was ended by a signal',
      failedUnit({ ...BY_PERSON, exitKind: 'killed', exitStatus: 9, result: 'signal' }),
      LISTED,
      'nginx.service was stopped by a person or a program, and its stop ended (signal)',
    ],
  ])('is true: %s', (_case, unit, watched, reason) => {
    expect(apply(judgeFailed, unit, watched)?.reason).toBe(reason);
  });

  it('does not exist for a unit that has not failed', () => {
    expect(apply(judgeFailed, inactive(), LISTED)).toBeUndefined();
  });
});

describe('the reason for a unit file that cannot be used', () => {
  const gone = 'and its unit file is gone: it cannot be started again';
  it.each<[string, UnitReading, string]>([
    ['no such unit', inactive({ loadState: 'not-found' }), 'systemd does not know nginx.service'],
    ['gone, failed', failedUnit({ loadState: 'not-found' }), `nginx.service has failed, ${gone}`],
    [
      'gone, running',
      unitReading({ loadState: 'not-found' }),
      `nginx.service is still active (running), ${gone}`,
    ],
    [
      'an error, running',
      unitReading({ loadState: 'error' }),
      'nginx.service is active (running), but its unit file has an error; it could not be started again',
    ],
    [
      'an error, failed',
      failedUnit({ loadState: 'error' }),
      'nginx.service is failed, and its unit file has an error',
    ],
  ])('is true: %s', (_case, unit, reason) => {
    expect(apply(judgeLoadState, unit, LISTED)?.reason).toBe(reason);
  });

  it('does not exist while such a unit starts or stops, and for a file that can be used', () => {
    for (const activeState of ['activating', 'deactivating'])
      expect(apply(judgeLoadState, unitReading({ loadState: 'error', activeState }), LISTED)).toBeUndefined();
    for (const loadState of ['loaded', 'masked'])
      expect(apply(judgeLoadState, failedUnit({ loadState }), LISTED)).toBeUndefined();
  });
});

describe('the cause of a unit that is down', () => {
  const cause = (kind: UnitCause['kind'], activeState = 'failed'): UnitCause => ({
    ...{ kind, unit: 'base.service', activeState },
  });

  it.each<[UnitCause['kind'], string]>([
    ['failed', 'was stopped because base.service failed'],
    ['ended', 'was stopped because base.service ended'],
    ['vanished', 'was stopped because base.service went away'],
    ['dependency', 'was not started because base.service could not be started'],
    ['conflict', 'gave way to base.service'],
  ])('is described: %s', (kind, words) => {
    expect(causeWords(cause(kind))).toBe(words);
  });

  it.each<[string, boolean]>([
    ['active', true],
    ['reloading', true],
    ['refreshing', true],
    ['activating', false],
    ['inactive', false],
    ['failed', false],
    ['', false],
  ])('that is %j is over: %s', (activeState, over) => {
    expect(isOver(cause('failed', activeState))).toBe(over);
  });

  it('is named as the unit to repair first, and as gone where it does not exist any more', () => {
    expect(apply(judgeCause, inactive({ cause: cause('vanished', '') }), LISTED)).toMatchObject({
      becauseOf: 'base.service',
      reason:
        'nginx.service was stopped because base.service went away; base.service is gone, and comes first',
    });
  });

  it('counts for a unit that is inactive or has failed only', () => {
    expect(apply(judgeCause, failedUnit({ cause: cause('failed') }), LISTED)?.status).toBe('bad');
    expect(apply(judgeCause, unitReading({ cause: cause('failed') }), LISTED)).toBeUndefined();
    expect(apply(judgeCause, inactive(), LISTED)).toBeUndefined();
  });

  it('does not start a disabled unit, unless it is to be kept running, or the cause stopped it', () => {
    const disabled = { unitFileState: 'disabled' };
    const judge = (kind: UnitCause['kind'], watched: WatchedUnit) =>
      apply(judgeCause, inactive({ ...disabled, cause: cause(kind) }), watched)?.status;
    expect(judge('dependency', LISTED)).toBeUndefined();
    expect(judge('dependency', KEPT)).toBe('bad');
    expect(judge('failed', LISTED)).toBe('bad');
  });

  it('is of a unit that a target wants', () => {
    expect(isWantedByTarget({ wantedBy: ['app.service', 'multi-user.target'] })).toBe(true);
    expect(isWantedByTarget({ wantedBy: ['app.service'] })).toBe(false);
    expect(isWantedByTarget({ wantedBy: [] })).toBe(false);
  });
});
