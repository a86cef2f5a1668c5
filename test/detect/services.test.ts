import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isUnlisted, judgeServices, judgeUnit, type WatchedUnit } from '../../src/detect/services.js';
import { watchedUnits } from '../../src/detect/watched.js';
import { issueFrom } from '../../src/detect/issue-from.js';
import type { UnitReading } from '../../src/model/unit.js';
import { Severity } from '../../src/model/issue.js';
import { failedUnit, unitReading, unknownUnit } from '../../src/testing/index.js';

const { LOW, HIGH } = Severity;
const LISTED: WatchedUnit = { unit: 'nginx.service' };
const KEPT: WatchedUnit = { unit: 'nginx.service', keepRunning: true };
const inactive = (more: Partial<UnitReading> = {}) =>
  unitReading({ activeState: 'inactive', subState: 'dead', stoppedByJob: false, ...more });

describe('a failed unit', () => {
  it('is HIGH if it is a service, with the value 0 and the threshold 1, listed or not', () => {
    for (const watched of [LISTED, undefined]) {
      expect(judgeUnit(failedUnit(), watched)).toMatchObject({
        status: 'bad',
        severity: HIGH,
        value: 0,
        threshold: 1,
        reason: 'nginx.service has failed (exit-code)',
      });
    }
  });

  it('is LOW if it is not a service', () => {
    for (const name of ['nightly.timer', 'data.mount', 'web.socket', 'swap.swap']) {
      expect(judgeUnit(failedUnit({ name }), undefined)).toMatchObject({ status: 'bad', severity: LOW });
    }
  });

  it('has evidence that an operator can check', () => {
    expect(judgeUnit(failedUnit({ restarts: 4 }), undefined).evidence).toEqual([
      'ActiveState=failed SubState=failed LoadState=loaded',
      'Result=exit-code ExecMainStatus=1',
      'NRestarts=4',
    ]);
  });
});

describe('a unit in transition', () => {
  it.each([
    ['activating', 'start'],
    ['activating', 'auto-restart'],
    ['reloading', 'reload'],
    ['deactivating', 'stop-sigterm'],
  ])('in the state %s (%s) is left to systemd', (activeState, subState) => {
    for (const watched of [LISTED, KEPT, undefined]) {
      expect(judgeUnit(unitReading({ activeState, subState }), watched).status).toBe('ok');
    }
  });

  it('is also left to systemd while a job for it is in progress', () => {
    expect(judgeUnit(inactive({ job: 'start' }), KEPT).status).toBe('ok');
  });

  it('is a crash loop of severity HIGH from 3 restarts within 10 min, whatever its current state is', () => {
    for (const activeState of ['activating', 'active', 'deactivating', 'failed']) {
      const looping = unitReading({ activeState, subState: 'auto-restart', recentRestarts: 3 });
      for (const watched of [LISTED, undefined]) {
        const verdict = judgeUnit(looping, watched);
        expect(verdict).toMatchObject({ status: 'bad', severity: HIGH });
        expect(verdict.reason).toContain('crash loop: systemd restarted it 3 times within 10 min');
      }
    }
    expect(judgeUnit(unitReading({ activeState: 'activating', recentRestarts: 2 }), LISTED).status).toBe(
      'ok',
    );
  });
});

describe('a listed unit that is inactive', () => {
  it.each([
    ['a unit that triggers it is active', { triggeredBy: [{ name: 'nginx.socket', activeState: 'active' }] }],
    ['a condition of its unit file failed', { conditionMet: false }],
    ['it is a oneshot whose last run went well', { type: 'oneshot', result: 'success' }],
  ])('is ok when %s', (_why, more) => {
    expect(judgeUnit(inactive(more), LISTED).status).toBe('ok');
    expect(judgeUnit(inactive({ ...more, stoppedByJob: { unknown: 'no journal' } }), LISTED).status).toBe(
      'ok',
    );
  });

  it.each([
    ['it is masked', { loadState: 'masked', unitFileState: 'masked' }],
    ['it is disabled', { unitFileState: 'disabled' }],
    ['the journal shows that a job stopped it', { stoppedByJob: true }],
    ['the journal cannot be read', { stoppedByJob: { unknown: 'no permission' } }],
  ])('is LOW when %s', (_why, more) => {
    expect(judgeUnit(inactive(more), LISTED)).toMatchObject({
      status: 'bad',
      severity: LOW,
      value: 0,
      threshold: 1,
    });
  });

  it('is HIGH otherwise', () => {
    expect(judgeUnit(inactive(), LISTED)).toMatchObject({
      status: 'bad',
      severity: HIGH,
      value: 0,
      threshold: 1,
    });
    const idle = inactive({ triggeredBy: [{ name: 'nginx.socket', activeState: 'inactive' }] });
    expect(judgeUnit(idle, LISTED)).toMatchObject({ status: 'bad', severity: HIGH });
  });

  it('is HIGH if the journal cannot be read and the unit has keepRunning', () => {
    expect(judgeUnit(inactive({ stoppedByJob: { unknown: 'no permission' } }), KEPT)).toMatchObject({
      severity: HIGH,
    });
  });

  it('is LOW when it is masked, also with keepRunning', () => {
    expect(judgeUnit(inactive({ loadState: 'masked' }), KEPT)).toMatchObject({ severity: LOW });
  });

  it('is reported with the reason for the doubt if it is unknown who stopped it', () => {
    expect(judgeUnit(inactive({ stoppedByJob: { unknown: 'no permission' } }), LISTED).reason).toBe(
      'nginx.service is inactive, and whether a person stopped it is not known: no permission',
    );
  });
});

describe('a unit that is not listed', () => {
  it('is ok when it is inactive', () => {
    expect(judgeUnit(inactive(), undefined).status).toBe('ok');
  });
});

describe('an unknown unit state', () => {
  it('is unknown for a unit that systemd does not know', () => {
    expect(judgeUnit(unknownUnit('nope'), LISTED)).toEqual({
      status: 'unknown',
      reason: 'systemd does not know nope.service',
    });
  });

  it('is unknown for a state that this version does not know', () => {
    expect(judgeUnit(unitReading({ activeState: 'levitating' }), LISTED).status).toBe('unknown');
  });

  it('is one unknown verdict without systemd', () => {
    expect(judgeServices({ unknown: 'no systemd' }, undefined)).toEqual([
      { check: 'services', type: 'service', component: 'services', status: 'unknown', reason: 'no systemd' },
    ]);
  });

  it('never becomes bad: a unit is bad only in a state that systemd calls failed, looping or stopped', () => {
    const states = fc.constantFrom(
      'active',
      'activating',
      'reloading',
      'deactivating',
      'inactive',
      'failed',
      'x',
    );
    fc.assert(
      fc.property(
        states,
        fc.boolean(),
        fc.boolean(),
        fc.nat(2),
        (activeState, known, listed, recentRestarts) => {
          const loadState = known ? 'loaded' : 'not-found';
          const unit = unitReading({ activeState, loadState, recentRestarts, stoppedByJob: { unknown: '' } });
          const { status } = judgeUnit(unit, listed ? LISTED : undefined);
          // The unit file of a loaded unit may be missing.
          if (!known) expect(status).toBe(activeState === 'inactive' ? 'unknown' : 'bad');
          if (known && status === 'bad') expect(['failed', 'inactive']).toContain(activeState);
        },
      ),
    );
  });
});

describe('the verdicts on units', () => {
  it('are one for each unit, under the name without .service', () => {
    const watched = watchedUnits(['nginx', 'web.socket']);
    const asked = [unitReading(), unitReading({ name: 'web.socket', type: '' })];
    const troubled = [failedUnit({ name: 'redis.service' }), failedUnit()];
    const verdicts = judgeServices({ asked, troubled }, watched);
    expect(verdicts.map(({ component, status }) => `${component} ${status}`)).toEqual([
      'nginx ok',
      'web.socket ok',
      'redis bad',
    ]);
  });

  it('keep the name that was requested, and an alias is not a second unit', () => {
    const sshd = failedUnit({
      name: 'sshd.service',
      id: 'ssh.service',
      names: ['ssh.service', 'sshd.service'],
    });
    const ssh = failedUnit({ id: 'ssh.service', names: ['ssh.service', 'sshd.service'] });
    const verdicts = judgeServices({ asked: [sshd], troubled: [ssh] }, watchedUnits(['sshd']));
    expect(verdicts.map(({ component }) => component)).toEqual(['sshd']);
  });
});

describe('a unit that is found by a pattern', () => {
  const watched = watchedUnits(['worker@*']);
  const judge = (unit: UnitReading, members: UnitReading[] = []) =>
    judgeServices({ asked: [], matched: [unit], members, troubled: [] }, watched);

  it('is judged as a listed one', () => {
    expect(judge(failedUnit({ name: 'worker@1' }))).toMatchObject([
      { component: 'worker@1', status: 'bad', severity: HIGH },
    ]);
  });

  it('neither opens nor clears an issue while a member of it has failed', () => {
    const group = unitReading({ name: 'worker@1', members: ['a.service'] });
    const member = failedUnit({ name: 'a', memberOf: ['worker@1.service'] });
    const [verdict] = judge(group, [member]);
    expect(verdict).toMatchObject({ component: 'worker@1', status: 'ok', transient: true });
    expect(verdict?.reason).toContain('; a.service has failed');
  });
});

describe('the reason of a verdict on a unit', () => {
  const reasonOf = (members: readonly string[], also: readonly string[] = []) =>
    judgeUnit(unitReading({ members }), LISTED, { also }).reason;

  it('names its members, if it has any, and its other names in the list', () => {
    expect(reasonOf([])).toBe('nginx.service is active (running)');
    expect(reasonOf(['a.service'])).toBe('nginx.service is active (running); it stands for a.service');
    expect(reasonOf(['a.service', 'b.service'])).toBe(
      'nginx.service is active (running); it stands for a.service, b.service',
    );
    expect(reasonOf([], ['nginx.service', 'web.service'])).toBe(
      'nginx.service (also web.service) is active (running)',
    );
  });

  it('ends with the words that it is not listed only if it is bad and others are listed', () => {
    const reasons = [failedUnit(), unitReading()].flatMap((unit) =>
      [true, false].map((hasList) => judgeUnit(unit, undefined, { hasList }).reason),
    );
    expect(reasons).toEqual([
      'nginx.service has failed (exit-code); it is not listed in `services`',
      'nginx.service has failed (exit-code)',
      ...Array<string>(2).fill('nginx.service is active (running)'),
    ]);
  });
});

it('an issue is about an unlisted unit only if the check of units found it, and the unit is not listed', () => {
  const issueOf = (services: string[]) =>
    issueFrom(
      judgeServices({ asked: [], troubled: [failedUnit()] }, watchedUnits(services))[0]!,
      new Date(0),
    );
  expect(isUnlisted(issueOf(['redis']))).toBe(true);
  expect(isUnlisted(issueOf(['nginx']))).toBe(false);
  expect(isUnlisted({ ...issueOf(['redis']), check: 'mine' })).toBe(false);
});

it('an unlisted unit whose unit file has an error is reported as LOW where there is a list', () => {
  const broken = failedUnit({ loadState: 'error' });
  expect(judgeUnit(broken, undefined, { hasList: true }).severity).toBe(LOW);
  expect(judgeUnit(broken, undefined).severity).toBe(HIGH);
});
