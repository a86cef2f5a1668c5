import { describe, expect, it } from 'vitest';
import type { PlanContext, PlanDraft } from '../../src/actions/define.js';
import { reloadService } from '../../src/actions/reload-service.js';
import { restartService } from '../../src/actions/restart-service.js';
import type { UnitReading } from '../../src/model/unit.js';
import { failedUnit, fakeHost, unitReading, type FakeHostParts } from '../../src/testing/index.js';
import { planOf, unitTargetOf } from '../make.js';
import { planningOn, verifyingOn } from './contexts.js';

const DOWN = { activeState: 'inactive', subState: 'dead' };

/** Jobs of a plan, such as `start nginx.service`, with the condition of a step. */
const jobsOf = ({ steps }: PlanDraft) =>
  steps.map((step) => {
    const [verb, , unit] = step.kind === 'command' ? step.argv.slice(2) : [];
    return [verb, unit, ...('onlyIf' in step ? [step.onlyIf] : [])].join(' ');
  });
const restart = async (
  units: FakeHostParts['units'],
  service = 'nginx',
  more: Partial<PlanContext> = {},
): Promise<PlanDraft> =>
  restartService.plan(restartService.parse({ service }), planningOn({ units: units ?? [] }, more));

describe('the parameters of restart_service', () => {
  it.each([
    [{ service: 'nginx' }, { unit: 'nginx.service' }],
    [{ service: 'web.socket' }, { unit: 'web.socket' }],
    [{ freeing: 'memory' }, { freeing: 'memory' }],
  ])('%j are accepted', (given, parsed) => {
    expect(restartService.parse(given)).toEqual(parsed);
  });

  it.each([
    [{}, 'Expected `service`'],
    [{ service: 7 }, 'Expected `service` to be a systemd unit name'],
    [{ service: 'a b' }, 'Expected `service` to be'],
    [{ service: 'x.slice' }, 'not a device, slice or scope'],
    [{ service: 'nginx', force: true }, 'Unknown option `force` in `parameters`'],
    [{ freeing: 'disk' }, 'Expected `freeing`'],
    [{ freeing: 'memory', service: 'nginx' }, 'Unknown option `service` in `parameters`'],
  ])('%j are refused', (given, words) => {
    expect(() => restartService.parse(given)).toThrow(words);
  });
});

describe('the plan of restart_service', () => {
  it.each<[string, Partial<UnitReading>, string[]]>([
    ['is running', {}, ['restart nginx.service']],
    [
      'is stopped',
      DOWN,
      [
        'start nginx.service',
        'reset-failed nginx.service start-limit-hit',
        'start nginx.service start-limit-hit',
      ],
    ],
    [
      'is at its start limit',
      { activeState: 'failed', result: 'start-limit-hit' },
      ['reset-failed nginx.service', 'start nginx.service'],
    ],
    ['is transient', { ...DOWN, transient: true }, ['start nginx.service']],
    [
      'is transient and at its start limit',
      { activeState: 'failed', result: 'start-limit-hit', transient: true },
      ['start nginx.service'],
    ],
  ])('for a unit that %s has the smallest jobs that help', async (_, state, jobs) => {
    const draft = await restart([unitReading(state)]);
    expect(jobsOf(draft)).toEqual(jobs);
    expect(draft.targets).toEqual(['nginx.service']);
  });

  it('waits 10 s for the reset of a start counter', async () => {
    const { steps } = await restart([failedUnit({ result: 'start-limit-hit' })]);
    expect(steps[0]?.timeoutMs).toBe(10_000);
  });

  it('says that a start limit is reset first', async () => {
    expect((await restart([failedUnit({ result: 'start-limit-hit' })])).notes).toEqual([
      'nginx.service hit its start limit: its start counter is reset first',
    ]);
  });

  it.each([
    [30_000, 20_000, 60_000],
    [Infinity, 20_000, 300_000],
  ])('with a start of %d ms and a stop of %d ms waits %d ms for a job', async (start, stop, limit) => {
    const draft = await restart([unitReading({ startTimeoutMs: start, stopTimeoutMs: stop })]);
    expect(draft.steps).toEqual([
      {
        kind: 'command',
        argv: ['systemctl', '--no-ask-password', 'restart', '--', 'nginx.service'],
        needsRoot: true,
        timeoutMs: limit,
        interruptible: true,
      },
    ]);
  });

  it.each<[string, FakeHostParts['units'], string]>([
    ['cannot be read', { unknown: 'no bus' }, 'The state of nginx.service is not known: no bus'],
    ['does not exist', [], 'systemd does not know nginx.service'],
    [
      'has a bad unit file',
      [failedUnit({ loadState: 'bad-setting', loadError: 'no ExecStart' })],
      'nginx.service cannot be started: its unit file has an error: no ExecStart',
    ],
    [
      'could not be loaded',
      [failedUnit({ loadState: 'error' })],
      'nginx.service cannot be started: its unit file has an error',
    ],
    ['is masked', [failedUnit({ loadState: 'masked' })], 'nginx.service cannot be started: it is masked'],
  ])('is refused for a unit that %s', async (_, units, sentence) => {
    expect(await restart(units)).toMatchObject({ steps: [], refusal: { reason: 'unavailable', sentence } });
  });

  it.each<[string, string, string | undefined]>([
    ['failed', 'failed', 'nginx.service was stopped because base.service failed'],
    ['failed', 'active', undefined],
    ['conflict', 'active', undefined],
  ])('for a unit stopped by the cause `%s` of a unit that is %s', async (kind, activeState, words) => {
    const cause = { kind, unit: 'base.service', activeState } as NonNullable<UnitReading['cause']>;
    const { refusal } = await restart([unitReading({ ...DOWN, cause })]);
    expect(refusal?.sentence).toBe(words && `${words}: it is started once base.service is active again`);
  });
});

describe('restart_service of a service whose socket failed', () => {
  const services = [{ unit: 'dock.service' }];
  const dock = (more: Partial<UnitReading>) => {
    const triggeredBy = [
      { name: 'dock.socket', activeState: 'failed' },
      { name: 'spare.socket', activeState: 'active' },
      { name: 'dock.timer', activeState: 'failed' },
    ];
    return restart([unitReading({ name: 'dock', ...DOWN, triggeredBy, wantedBy: [], ...more })], 'dock', {
      services,
    });
  };

  it('starts the failed socket alone, and leaves the service to it', async () => {
    const draft = await dock({});
    expect(jobsOf(draft)).toEqual(['start dock.socket']);
    expect(draft.targets).toEqual(['dock.service', 'dock.socket']);
    expect(draft.effect).toBe('dock.socket starts dock.service on demand again');
    expect(draft.notes).toEqual(['dock.socket failed: it is started first']);
    expect(draft.steps[0]?.timeoutMs).toBe(100_000);
  });

  it.each<[string, Partial<UnitReading>, string[]]>([
    ['wanted by a target', { wantedBy: ['multi-user.target'] }, ['start dock.socket', 'start dock.service']],
    ['failed', { activeState: 'failed' }, ['reset-failed dock.service', 'start dock.socket']],
    ['failed and transient', { activeState: 'failed', transient: true }, ['start dock.socket']],
  ])('has the right jobs in the right order for a service that is %s', async (_, state, jobs) => {
    expect(jobsOf(await dock(state))).toEqual(jobs);
  });

  it('leaves a service to its socket if only another one is listed', async () => {
    const triggeredBy = [{ name: 'dock.socket', activeState: 'failed' }];
    const unit = unitReading({ name: 'dock', ...DOWN, triggeredBy, wantedBy: [] });
    const listed = [{ unit: 'other.service' }];
    expect(jobsOf(await restart([unit], 'dock', { services: listed }))).toEqual(['start dock.socket']);
  });

  it('touches no socket when no services are listed', async () => {
    const triggeredBy = [{ name: 'dock.socket', activeState: 'failed' }];
    const draft = await restart([unitReading({ name: 'dock', ...DOWN, triggeredBy })], 'dock');
    expect(draft.targets).toEqual(['dock.service']);
  });
});

describe('restart_service of a service listed with `keepRunning`', () => {
  it.each([
    [true, ['reset-failed dock.service', 'start dock.socket', 'start dock.service']],
    [false, ['reset-failed dock.service', 'start dock.socket']],
  ])('%s starts it also without a connection: %j', async (keepRunning, jobs) => {
    const triggeredBy = [{ name: 'dock.socket', activeState: 'failed' }];
    const unit = failedUnit({ name: 'dock', triggeredBy, wantedBy: [] });
    const services = [{ unit: 'dock.service', keepRunning }];
    expect(jobsOf(await restart([unit], 'dock', { services }))).toEqual(jobs);
  });
});

describe('the plan of reload_service', () => {
  const reload = async (unit: Partial<UnitReading>): Promise<PlanDraft> =>
    reloadService.plan({ unit: 'nginx.service' }, planningOn({ units: [unitReading(unit)] }));

  it('reloads a running unit within its start timeout and a margin of 10 s', async () => {
    const draft = await reload({});
    expect(jobsOf(draft)).toEqual(['reload nginx.service']);
    expect(draft.steps[0]?.timeoutMs).toBe(100_000);
    expect(draft.targets).toEqual(['nginx.service']);
  });

  it.each<[Partial<UnitReading>, string]>([
    [{ canReload: false }, 'nginx.service cannot reload: it has no ExecReload='],
    [DOWN, 'nginx.service is inactive: only an active unit can reload'],
    [{ loadState: 'not-found' }, 'systemd does not know nginx.service'],
  ])('is refused for a unit with %j', async (unit, sentence) => {
    expect(await reload(unit)).toMatchObject({ steps: [], refusal: { reason: 'unavailable', sentence } });
  });

  it('refuses a unit that is no service, and other parameters', () => {
    expect(reloadService.parse({ service: 'x' })).toEqual({ unit: 'x.service' });
    expect(() => reloadService.parse({ service: 'x.timer' })).toThrow('the name of a service');
    expect(() => reloadService.parse({ service: 'x', now: 1 })).toThrow('Unknown option `now`');
  });
});

it.each([restartService, reloadService])(
  'an action on a service is unavailable without systemd',
  async (one) => {
    const answer = async (parts: FakeHostParts) => one.unavailable?.(planningOn(parts));
    expect(await answer({ units: { unknown: 'no bus' } })).toBe('No unit can be read: no bus');
    expect(await answer({})).toBeUndefined();
    const host = fakeHost();
    await one.unavailable?.({ ...planningOn(), read: async (request) => host.read(request) });
    expect(host.requests).toMatchObject([{ parts: ['units'], units: ['init.scope'] }]);
  },
);

describe('the proof of restart_service', () => {
  const nginx = (first: Partial<UnitReading>, second = first, targets = [unitTargetOf()]) =>
    restartService.verify(
      { unit: 'nginx.service' },
      verifyingOn(
        { units: [unitReading(first)] },
        { plan: planOf({ targets }), later: { units: [unitReading(second)] } },
      ),
    );
  const ONESHOT = { type: 'oneshot', ...DOWN };
  const FAILED = { activeState: 'failed', subState: 'failed', result: 'exit-code' };
  const SOCKET = { ...DOWN, triggeredBy: [{ name: 'nginx.socket', activeState: 'active' }] };

  it.each<[string, string, Partial<UnitReading>, Partial<UnitReading>?]>([
    ['fixed', 'nginx.service is active, and in the same run', {}],
    ['fixed', 'active, and in the same run', {}, { recentRestarts: 2 }],
    ['ineffective', 'in a crash loop all the same', {}, { recentRestarts: 3 }],
    // The check reports such a service too, as LOW.
    ['ineffective', 'nginx.service is active', {}, { recentRestarts: 3, restartsAfterSuccess: true }],
    ['ineffective', 'died and was started again', {}, { invocationId: 'f'.repeat(32) }],
    ['ineffective', 'became active, and was failed (exit-code) when read again', {}, FAILED],
    ['ineffective', 'became active, and was inactive (dead) when read again', {}, DOWN],
    ['ineffective', 'nginx.service is failed (exit-code)', FAILED],
    ['ineffective', 'nginx.service is inactive (dead)', DOWN],
    ['unknown', 'systemd does not know nginx.service', { loadState: 'not-found' }],
    ['unknown', 'systemd does not know nginx.service', {}, { loadState: 'not-found' }],
    ['pending', 'still activating (start)', { activeState: 'activating', subState: 'start' }],
    ['pending', 'still active (running)', { job: 'restart' }],
    ['ineffective', 'is activating (auto-restart)', { activeState: 'activating', subState: 'auto-restart' }],
    ['fixed', 'its last start: success', ONESHOT],
    ['ineffective', 'its last start: exit-code', { ...ONESHOT, result: 'exit-code' }],
    ['ineffective', 'its last start: success', { ...ONESHOT, remainsAfterExit: true }],
    ['fixed', 'its last start: success', { type: 'oneshot', remainsAfterExit: true }],
    ['ineffective', 'its last start: success', { ...ONESHOT, activeState: 'failed' }],
    ['ineffective', 'its last start', { ...ONESHOT, activeState: 'activating', subState: 'auto-restart' }],
  ])('is %s: %s', async (status, words, first, second) => {
    const seen = await nginx(first, second);
    expect(seen).toMatchObject({ status, reason: expect.stringContaining(words) as string });
  });

  it.each<[string, Partial<UnitReading>, string, string]>([
    ['a socket of the plan listens', SOCKET, 'nginx.socket', 'fixed'],
    ['the socket that listens is not of the plan', SOCKET, 'other.socket', 'ineffective'],
    ['the service failed again', { ...SOCKET, ...FAILED }, 'nginx.socket', 'ineffective'],
    [
      'the socket is down',
      { ...DOWN, triggeredBy: [{ name: 'nginx.socket', activeState: 'failed' }] },
      'nginx.socket',
      'ineffective',
    ],
  ])('of a service left to its socket, when %s', async (_, state, id, status) => {
    const targets = [unitTargetOf(), unitTargetOf({ id })];
    expect(await nginx(state, state, targets)).toMatchObject({ status });
  });

  it('for memory needs both the service in the same run and the check of memory', async () => {
    const proof = () => Promise.resolve({ status: 'ineffective', reason: 'memory is still full' } as const);
    const freed = (parts: FakeHostParts) =>
      restartService.verify({ freeing: 'memory' }, verifyingOn(parts, { proof }));
    expect(await freed({ units: [unitReading()] })).toMatchObject({ reason: 'memory is still full' });
    expect(await freed({ units: [failedUnit()] })).toMatchObject({
      reason: expect.stringContaining('failed') as string,
    });
    const host = fakeHost({ units: [unitReading()] });
    const well = verifyingOn(
      {},
      {
        read: (request) => Promise.resolve(host.read(request)),
        proof: () => Promise.resolve({ status: 'fixed', reason: 'memory is ok' }),
      },
    );
    expect(await restartService.verify({ freeing: 'memory' }, well)).toEqual({
      status: 'fixed',
      reason: 'memory is ok',
    });
  });
});
