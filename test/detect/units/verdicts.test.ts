import { describe, expect, it } from 'vitest';
import { judgeServices, judgeUnit, type WatchedUnit } from '../../../src/detect/services.js';
import { watchedUnits } from '../../../src/detect/watched.js';
import type { UnitCause } from '../../../src/model/unit-circumstances.js';
import type { UnitReading } from '../../../src/model/unit.js';
import { Severity } from '../../../src/model/issue.js';
import { failedUnit, unitReading } from '../../../src/testing/index.js';

const { LOW, HIGH } = Severity;
const NOW = Date.UTC(2025, 0, 2);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

type Who = 'listed' | 'kept' | 'unlisted' | 'no list';
const WATCHED: Record<Who, WatchedUnit | undefined> = {
  listed: { unit: 'nginx.service' },
  kept: { unit: 'nginx.service', keepRunning: true },
  unlisted: undefined,
  'no list': undefined,
};

/** Returns a verdict as one word: `ok`, `in transition`, `unknown`, or its severity. */
function outcome(unit: UnitReading, who: Who = 'listed'): string {
  const { status, severity, transient } = judgeUnit(unit, WATCHED[who], {
    hasList: who !== 'no list',
    now: NOW,
  });
  if (status === 'bad') return severity === HIGH ? 'HIGH' : severity === LOW ? 'LOW' : 'other';
  return transient ? 'in transition' : status;
}
const reasonOf = (unit: UnitReading, who: Who = 'listed'): string =>
  judgeUnit(unit, WATCHED[who], { hasList: who !== 'no list', now: NOW }).reason;
const inactive = (more: Partial<UnitReading> = {}) =>
  unitReading({ activeState: 'inactive', subState: 'dead', stoppedByJob: false, ...more });
const failed = (more: Partial<UnitReading> = {}) => failedUnit({ stoppedByJob: false, ...more });
const UNREADABLE = { stoppedByJob: { unknown: 'no permission' } };
const DISABLED = { unitFileState: 'disabled' };

describe('a failed unit', () => {
  it.each<[string, Partial<UnitReading>, Who, string]>([
    ['a service that is listed', {}, 'listed', 'HIGH'],
    ['a service where nothing is listed', {}, 'no list', 'HIGH'],
    ['a service that is not listed where others are', {}, 'unlisted', 'LOW'],
    ['the journal cannot be read', UNREADABLE, 'listed', 'HIGH'],
    [
      'a stop job ended it with an exit code, as a JVM with 143',
      { stoppedByJob: true, exitStatus: 143 },
      'listed',
      'LOW',
    ],
    [
      'a stop job ended it by a signal',
      { stoppedByJob: true, exitKind: 'killed', result: 'signal' },
      'listed',
      'LOW',
    ],
    ['a stop job ended it by a timeout', { stoppedByJob: true, result: 'timeout' }, 'no list', 'LOW'],
    ['a stop job ended it, and it is to be kept running', { stoppedByJob: true }, 'kept', 'LOW'],
    ['disabled, and nothing active needs it', DISABLED, 'listed', 'LOW'],
    ['disabled, and nothing active needs it, without a list', DISABLED, 'no list', 'LOW'],
    ['disabled, but something active needs it', { ...DISABLED, neededBy: ['app.service'] }, 'listed', 'HIGH'],
    ['disabled, and to be kept running', DISABLED, 'kept', 'HIGH'],
    ['static', { unitFileState: 'static' }, 'listed', 'HIGH'],
    ['enabled for this boot', { unitFileState: 'enabled-runtime' }, 'listed', 'HIGH'],
    ['after its start limit', { result: 'start-limit-hit' }, 'listed', 'HIGH'],
    ['its start limit, after a stop', { result: 'start-limit-hit', stoppedByJob: true }, 'listed', 'HIGH'],
    [
      'its start limit, after a stop, and disabled',
      { result: 'start-limit-hit', stoppedByJob: true, ...DISABLED },
      'listed',
      'LOW',
    ],
    [
      'killed by the kernel because memory ran out',
      { result: 'oom-kill', exitKind: 'killed' },
      'listed',
      'HIGH',
    ],
    ['its start limit after a crash loop', { recentRestarts: 5 }, 'listed', 'HIGH'],
    ['a stop after a crash loop', { recentRestarts: 5, stoppedByJob: true }, 'listed', 'LOW'],
  ])('has its documented verdict: %s', (_case, more, who, expected) => {
    expect(outcome(failed(more), who)).toBe(expected);
  });

  it.each(['data.mount', 'nightly.timer', 'web.socket', 'in.path', 'grp.target', 'a.swap', 'x.automount'])(
    'of the kind %s is LOW, and HIGH when it is listed',
    (name) => {
      const unit = failed({ name, type: '', result: '' });
      expect([outcome(unit, 'no list'), outcome(unit, 'unlisted'), outcome(unit)]).toEqual([
        'LOW',
        'LOW',
        'HIGH',
      ]);
    },
  );

  it('is reported with the stopped unit and how it ended', () => {
    expect(reasonOf(failed({ stoppedByJob: true, exitStatus: 143 }))).toBe(
      'nginx.service was stopped by a person or a program, and its stop ended with status 143 (exit-code)',
    );
    expect(reasonOf(failed(DISABLED))).toBe(
      'nginx.service has failed (exit-code), but it is disabled, and nothing that is active needs it',
    );
    expect(reasonOf(failed(), 'unlisted')).toBe(
      'nginx.service has failed (exit-code); it is not listed in `services`',
    );
  });
});

describe('a unit in transition', () => {
  const since = (ms: number) => ({ transitionSince: NOW - ms });
  const starting = { activeState: 'activating', subState: 'start' };
  const oneshot = { ...starting, type: 'oneshot', startTimeoutMs: Infinity };

  it.each<[string, Partial<UnitReading>, Who, string]>([
    ['a start', { ...starting, ...since(MINUTE) }, 'listed', 'in transition'],
    ['a start whose age is not known', starting, 'listed', 'in transition'],
    ['a start of 16 min', { ...starting, ...since(16 * MINUTE) }, 'listed', 'LOW'],
    ['a start of 31 min', { ...starting, ...since(31 * MINUTE) }, 'listed', 'HIGH'],
    ['a start of 31 min that is not listed', { ...starting, ...since(31 * MINUTE) }, 'unlisted', 'LOW'],
    [
      'a start of 16 min of 20',
      { ...starting, ...since(16 * MINUTE), startTimeoutMs: 20 * MINUTE },
      'listed',
      'in transition',
    ],
    [
      'a start of 41 min of 20',
      { ...starting, ...since(41 * MINUTE), startTimeoutMs: 20 * MINUTE },
      'listed',
      'LOW',
    ],
    [
      'a start without limit of 16 min',
      { ...starting, ...since(16 * MINUTE), startTimeoutMs: Infinity },
      'listed',
      'LOW',
    ],
    ['a stop of 16 min', { activeState: 'deactivating', ...since(16 * MINUTE) }, 'listed', 'LOW'],
    [
      'a reload of 31 min, its main process dead',
      { activeState: 'reloading', ...since(31 * MINUTE) },
      'listed',
      'HIGH',
    ],
    ['a queued job', { activeState: 'inactive', job: 'start', ...since(MINUTE) }, 'kept', 'in transition'],
    [
      'a queued job of 16 min',
      { activeState: 'inactive', job: 'start', ...since(16 * MINUTE) },
      'listed',
      'LOW',
    ],
    ['a queued stop of an active unit', { job: 'stop', ...since(MINUTE) }, 'listed', 'in transition'],
    [
      'a mount in maintenance',
      { name: 'a.mount', activeState: 'maintenance', type: '' },
      'listed',
      'in transition',
    ],
    ['a oneshot that runs', { ...oneshot, ...since(HOUR) }, 'listed', 'in transition'],
    ['a oneshot that runs since yesterday', { ...oneshot, ...since(25 * HOUR) }, 'listed', 'LOW'],
    [
      'a oneshot that runs since yesterday, not listed',
      { ...oneshot, ...since(25 * HOUR) },
      'no list',
      'in transition',
    ],
    [
      'a oneshot in its ExecStartPre=',
      { ...oneshot, subState: 'start-pre', ...since(HOUR) },
      'listed',
      'in transition',
    ],
    [
      'a wait for the next restart',
      { activeState: 'activating', subState: 'auto-restart', recentRestarts: 2 },
      'listed',
      'in transition',
    ],
  ])('has its documented verdict: %s', (_case, more, who, expected) => {
    expect(outcome(unitReading(more), who)).toBe(expected);
  });

  it('is reported with its age', () => {
    expect(reasonOf(unitReading({ ...oneshot, ...since(HOUR) }))).toBe(
      'nginx.service is a oneshot that is running for 1 h',
    );
    expect(reasonOf(unitReading({ ...starting, ...since(31 * MINUTE) }))).toBe(
      'nginx.service has been activating (start) for 31 min: it should take less than 15 min',
    );
    expect(reasonOf(inactive({ job: 'start', ...since(16 * MINUTE) }))).toBe(
      'nginx.service has been inactive (dead) with a start job for 16 min: it should take less than 15 min',
    );
  });
});

describe('the restarts of a unit', () => {
  it.each<[string, Partial<UnitReading>, Who, string]>([
    ['3 within its window', { recentRestarts: 3 }, 'listed', 'HIGH'],
    ['3 within its window, without a list', { recentRestarts: 3 }, 'no list', 'HIGH'],
    ['3 within its window, not listed', { recentRestarts: 3 }, 'unlisted', 'LOW'],
    [
      '3 after runs that ended with success',
      { recentRestarts: 3, restartsAfterSuccess: true },
      'listed',
      'LOW',
    ],
    ['3 after success, to be kept running', { recentRestarts: 3, restartsAfterSuccess: true }, 'kept', 'LOW'],
    ['2 within its window', { recentRestarts: 2 }, 'listed', 'ok'],
    ['10 within 24 h', { dailyRestarts: 10 }, 'listed', 'LOW'],
    ['9 within 24 h', { dailyRestarts: 9 }, 'listed', 'ok'],
    [
      '3, and a person stopped it',
      { recentRestarts: 3, activeState: 'inactive', stoppedByJob: true },
      'listed',
      'LOW',
    ],
  ])('have their documented verdict: %s', (_case, more, who, expected) => {
    expect(outcome(unitReading(more), who)).toBe(expected);
  });

  it('are reported with the window of the unit', () => {
    expect(reasonOf(unitReading({ recentRestarts: 3, restartDelayMs: 5 * MINUTE }))).toBe(
      'nginx.service is in a crash loop: systemd restarted it 3 times within 20 min',
    );
  });
});

describe('a listed and inactive unit', () => {
  const socket = { triggeredBy: [{ name: 'nginx.socket', activeState: 'active' }] };
  const downSocket = { triggeredBy: [{ name: 'nginx.socket', activeState: 'failed' }] };
  const killed = { exitKind: 'killed', exitStatus: 15 } as const;

  it.each<[string, Partial<UnitReading>, Who, string]>([
    ['nobody stopped it', {}, 'listed', 'HIGH'],
    ['a job stopped it', { stoppedByJob: true }, 'listed', 'LOW'],
    ['a job stopped it, to be kept running', { stoppedByJob: true }, 'kept', 'LOW'],
    ['the journal cannot be read', UNREADABLE, 'listed', 'LOW'],
    ['the journal cannot be read, to be kept running', UNREADABLE, 'kept', 'HIGH'],
    ['masked', { loadState: 'masked' }, 'listed', 'LOW'],
    ['disabled', DISABLED, 'listed', 'LOW'],
    ['disabled, but something active needs it', { ...DISABLED, neededBy: ['app.service'] }, 'listed', 'HIGH'],
    ['disabled, to be kept running', DISABLED, 'kept', 'HIGH'],
    ['a condition did not hold', { conditionMet: false }, 'listed', 'ok'],
    ['a condition did not hold, to be kept running', { conditionMet: false }, 'kept', 'HIGH'],
    ['its socket waits, and it never ran', socket, 'listed', 'ok'],
    ['its socket waits, and it ended with 0', { ...socket, exitKind: 'exited' }, 'listed', 'ok'],
    ['its socket waits, it is enabled and was killed', { ...socket, ...killed }, 'listed', 'HIGH'],
    [
      'its socket waits, it is static and was killed',
      { ...socket, ...killed, unitFileState: 'static' },
      'listed',
      'ok',
    ],
    [
      'its socket waits, it was killed by a stop job',
      { ...socket, ...killed, stoppedByJob: true },
      'listed',
      'ok',
    ],
    [
      'its socket waits, it was killed, and who did is not known',
      { ...socket, ...killed, ...UNREADABLE },
      'listed',
      'LOW',
    ],
    [
      'its socket waits, it ended with a code',
      { ...socket, exitKind: 'exited', exitStatus: 3 },
      'listed',
      'HIGH',
    ],
    [
      'its socket waits, it was killed, to be kept running',
      { ...socket, ...killed, unitFileState: 'static' },
      'kept',
      'HIGH',
    ],
    ['its socket waits, to be kept running', socket, 'kept', 'HIGH'],
    ['its socket failed', downSocket, 'listed', 'HIGH'],
    ['its timer waits', { triggeredBy: [{ name: 'nginx.timer', activeState: 'active' }] }, 'listed', 'ok'],
    ['a oneshot that ended well', { type: 'oneshot' }, 'listed', 'ok'],
    ['a oneshot that ended badly', { type: 'oneshot', result: 'exit-code' }, 'listed', 'HIGH'],
    ['a oneshot that is to remain active', { type: 'oneshot', remainsAfterExit: true }, 'listed', 'HIGH'],
    ['a service that ended well', { type: 'simple', result: 'success' }, 'listed', 'HIGH'],
    [
      'a oneshot that stays active was stopped',
      { type: 'oneshot', remainsAfterExit: true, stoppedByJob: true },
      'listed',
      'LOW',
    ],
    ['a oneshot that stays active is down', { type: 'oneshot', remainsAfterExit: true }, 'listed', 'HIGH'],
    ['nobody listed it', {}, 'no list', 'ok'],
    ['it is not listed where others are', {}, 'unlisted', 'ok'],
  ])('is ok or LOW as documented: %s', (_case, more, who, expected) => {
    expect(outcome(inactive(more), who)).toBe(expected);
  });

  it.each(['web.socket', 'nightly.timer', 'in.path', 'data.mount', 'grp.target'])('is HIGH: %s', (name) => {
    expect(outcome(inactive({ name, type: '', result: '' }))).toBe('HIGH');
  });

  it('is reported with a failed condition of the past, with its time', () => {
    const unit = inactive({ conditionMet: false, conditionAt: Date.UTC(2025, 0, 1, 3, 4, 5) });
    expect(reasonOf(unit)).toBe(
      'nginx.service is inactive: a condition of its unit file did not hold when it was last tried, at 2025-01-01 03:04:05 UTC',
    );
  });
});

describe('a unit that is down because of another unit', () => {
  const because = (kind: UnitCause['kind'], activeState: string): Partial<UnitReading> => ({
    cause: { kind, unit: 'base.service', activeState },
    stoppedByJob: true,
  });
  const wanted = { wantedBy: ['multi-user.target'] };

  it.each<[string, Partial<UnitReading>, Who, string]>([
    ['it was stopped as that one failed', because('failed', 'failed'), 'listed', 'HIGH'],
    ['that one is active again', because('failed', 'active'), 'listed', 'HIGH'],
    ['not listed', because('failed', 'active'), 'unlisted', 'LOW'],
    ['without a list', because('failed', 'active'), 'no list', 'LOW'],
    ['that one ended by itself, with success', because('ended', 'active'), 'listed', 'HIGH'],
    ['its device went away', because('vanished', 'inactive'), 'listed', 'HIGH'],
    [
      'its stop ended with an exit code',
      { ...because('failed', 'active'), activeState: 'failed' },
      'listed',
      'HIGH',
    ],
    ['to be kept running', because('failed', 'active'), 'kept', 'HIGH'],
    ['its start lacked that one', because('dependency', 'failed'), 'listed', 'HIGH'],
    [
      'its start lacked that one, and a target wants it',
      { ...because('dependency', 'failed'), ...wanted },
      'no list',
      'HIGH',
    ],
    [
      'its start lacked that one, and no target wants it',
      { ...because('dependency', 'failed'), wantedBy: [] },
      'no list',
      'LOW',
    ],
    [
      'its start lacked that one, and it is not listed',
      { ...because('dependency', 'failed'), ...wanted },
      'unlisted',
      'LOW',
    ],
    [
      'its start lacked that one, and it is disabled',
      { ...because('dependency', 'failed'), ...DISABLED },
      'listed',
      'LOW',
    ],
    [
      'its start lacked that one, it is disabled, and there is no list',
      { ...because('dependency', 'failed'), ...DISABLED, wantedBy: ['app.service'] },
      'no list',
      'ok',
    ],
    ['it gave way to one that is active', because('conflict', 'active'), 'listed', 'LOW'],
    ['it gave way to one that is being started', because('conflict', 'activating'), 'listed', 'LOW'],
    [
      'it gave way to one that has gone',
      { ...because('conflict', 'inactive'), stoppedByJob: false },
      'listed',
      'HIGH',
    ],
    [
      'it gave way to one that has gone, and a job stopped it',
      because('conflict', 'inactive'),
      'listed',
      'LOW',
    ],
  ])('has its documented verdict: %s', (_case, more, who, expected) => {
    expect(outcome(inactive(more), who)).toBe(expected);
  });

  it('is reported with the cause, and whether the cause is over', () => {
    expect(reasonOf(inactive(because('failed', 'failed')))).toBe(
      'nginx.service was stopped because base.service failed; base.service is failed, and comes first',
    );
    expect(reasonOf(inactive(because('failed', 'active')))).toBe(
      'nginx.service was stopped because base.service failed; base.service is active again, and nginx.service is still inactive',
    );
    expect(reasonOf(inactive(because('conflict', 'active')))).toBe(
      'nginx.service gave way to base.service, which is active: both cannot run',
    );
    expect(reasonOf(inactive(because('dependency', 'inactive')))).toMatch(
      /was not started because base.service could not be started/,
    );
  });
});

describe('a unit file', () => {
  const loadError = 'Unit nginx.service has a bad unit file setting.';
  it.each<[string, UnitReading, Who, string]>([
    ['with an error, down', inactive({ loadState: 'bad-setting', type: 'oneshot' }), 'listed', 'HIGH'],
    ['with an error, failed', failed({ loadState: 'error' }), 'listed', 'HIGH'],
    ['with an error, down, not listed', failed({ loadState: 'bad-setting' }), 'unlisted', 'LOW'],
    ['with an error, down, without a list', failed({ loadState: 'bad-setting' }), 'no list', 'HIGH'],
    ['with an error, still running', unitReading({ loadState: 'bad-setting' }), 'listed', 'ok'],
    ['that is gone, failed', failed({ loadState: 'not-found' }), 'listed', 'LOW'],
    ['that is gone, still running', unitReading({ loadState: 'not-found' }), 'listed', 'LOW'],
    ['that never was', inactive({ loadState: 'not-found' }), 'listed', 'unknown'],
  ])('has its documented verdict: %s', (_case, unit, who, expected) => {
    expect(outcome(unit, who)).toBe(expected);
  });

  it('with an error is reported in the words of systemd', () => {
    expect(reasonOf(inactive({ loadState: 'bad-setting', loadError }))).toBe(
      `nginx.service is inactive, and its unit file has an error: ${loadError}`,
    );
    expect(reasonOf(unitReading({ loadState: 'error', loadError }))).toContain(
      `but its unit file has an error: ${loadError}`,
    );
  });

  it('that changed on disk, and left-over processes, are in the evidence', () => {
    const { evidence } = judgeUnit(failed({ needsReload: true, leftProcesses: 2 }), WATCHED.listed);
    expect(evidence).toContainEqual(expect.stringContaining('NeedDaemonReload=yes'));
    expect(evidence).toContain('2 of its processes still run, although the unit is failed');
  });
});

describe('a oneshot that stands for its members', () => {
  const umbrella = unitReading({
    ...{ name: 'postgresql', type: 'oneshot', subState: 'exited', remainsAfterExit: true },
    members: ['postgresql@13-old.service', 'postgresql@15-main.service'],
  });
  const member = (version: string, make = unitReading) =>
    make({ name: `postgresql@${version}.service`, memberOf: ['postgresql.service'] });
  const judge = (members: readonly UnitReading[], services: unknown[] = ['postgresql']) =>
    judgeServices({ asked: [umbrella], members, troubled: [] }, watchedUnits(services), NOW);
  const words = (members: readonly UnitReading[], services?: unknown[]) =>
    judge(members, services).map(({ component, status, severity }) =>
      `${component} ${status} ${severity ?? ''}`.trim(),
    );

  it('is ok while its members are, and names them', () => {
    const members = [member('13-old'), member('15-main')];
    expect(words(members)).toEqual(['postgresql ok', 'postgresql@13-old ok', 'postgresql@15-main ok']);
    expect(judge(members)[0]!.reason).toContain(
      'it stands for postgresql@13-old.service, postgresql@15-main.service',
    );
  });

  it('has no separate verdict while a member is bad, which is judged under its own name as listed', () => {
    const members = [member('13-old'), member('15-main', failed)];
    expect(words(members)).toEqual([
      'postgresql ok',
      'postgresql@13-old ok',
      `postgresql@15-main bad ${HIGH}`,
    ]);
    expect(judge(members)[0]).toMatchObject({
      transient: true,
      reason: expect.stringContaining('15-main.service has failed') as string,
    });
  });

  it('passes its options to its members', () => {
    const stopped = { ...member('15-main', inactive), ...UNREADABLE };
    expect(words([stopped])).toContain(`postgresql@15-main bad ${LOW}`);
    expect(words([stopped], [{ unit: 'postgresql', keepRunning: true }])).toContain(
      `postgresql@15-main bad ${HIGH}`,
    );
  });
});

describe('two names of one unit', () => {
  const names = ['ssh.service', 'sshd.service'];
  const asked = names.map((name) => failed({ name, id: 'ssh.service', names }));

  it('are one verdict with both names and the options of both', () => {
    const watched = watchedUnits([{ unit: 'sshd', keepRunning: true }, 'ssh']);
    const down = asked.map((unit) => ({
      ...unit,
      ...inactive(UNREADABLE),
      name: unit.name,
      id: 'ssh.service',
      names,
    }));
    const verdicts = judgeServices({ asked: [down[1]!, down[0]!], troubled: [] }, watched, NOW);
    expect(verdicts).toMatchObject([{ component: 'sshd', severity: HIGH }]);
    expect(verdicts[0]!.reason).toBe('sshd.service (also ssh.service) is inactive and is to be kept running');
  });
});
