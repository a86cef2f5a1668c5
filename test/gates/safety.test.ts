import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { watchedUnits } from '../../src/detect/watched.js';
import { PROTECTED_UNITS } from '../../src/gates/protected-units.js';
import { judgeSafety, judgeTargets, type Policy } from '../../src/gates/safety.js';
import { BLOCK_REASONS, type Plan, type UnitTarget } from '../../src/model/plan.js';
import { NO_EFFECTS, type TouchedUnit } from '../../src/model/effects.js';
import { planOf, unitTargetOf } from '../make.js';

const ANY: Policy = { services: undefined, protect: [] };
const listing = (...services: string[]): Policy => ({ services: watchedUnits(services), protect: [] });
const judge = (target: Partial<UnitTarget>, policy = ANY, plan: Partial<Plan> = {}) =>
  judgeSafety(planOf({ targets: [unitTargetOf(target)], ...plan }), policy);

describe('without a list, the gate not-allowed', () => {
  it('permits a failed, loaded service that another unit wants', () => {
    expect(judge({})).toBeUndefined();
  });

  it.each([
    ['it is not a service', { id: 'data.mount' }, 'data.mount is not a service'],
    ['it has not failed', { activeState: 'inactive' }, 'nginx.service is inactive, not failed'],
    ['it is running', { activeState: 'active' }, 'nginx.service is active, not failed'],
    ['it is not loaded', { loadState: 'not-found' }, 'nginx.service is not-found, not loaded'],
    ['it is masked', { loadState: 'masked' }, 'nginx.service is masked, not loaded'],
    ['it is transient', { transient: true }, 'nginx.service is transient'],
    ['it is a oneshot', { type: 'oneshot' }, 'nginx.service is a oneshot'],
    ['no unit wants it', { wantedBy: [] }, 'No other unit wants nginx.service'],
  ])('blocks a unit when %s', (_why, target, sentence) => {
    expect(judge(target)).toMatchObject({ reason: 'not-allowed' });
    expect(judge(target)?.sentence).toContain(sentence);
  });
});

describe('without a list, a start that failed because of another unit', () => {
  const held = { activeState: 'inactive', lacksDependency: true, wantedBy: ['multi-user.target'] };

  it('may be repeated if a target wants the service', () => {
    expect(judge(held)).toBeUndefined();
    expect(judge({ ...held, wantedBy: ['other.service', 'multi-user.target'] })).toBeUndefined();
    expect(judge({ ...held, wantedBy: ['other.service'] })).toMatchObject({ reason: 'not-allowed' });
    expect(judge({ ...held, type: 'oneshot' })).toMatchObject({ reason: 'not-allowed' });
  });
});

describe('with a list, the gate not-allowed', () => {
  it('permits exactly the listed units, of any type', () => {
    const all = { type: 'oneshot', wantedBy: [], transient: true, activeState: 'inactive' };
    expect(judge({}, listing('nginx'))).toBeUndefined();
    expect(judge(all, listing('nginx'))).toBeUndefined();
    expect(judge({ id: 'data.mount' }, listing('data.mount'))).toBeUndefined();
    expect(judge({}, listing('redis'))).toEqual({
      reason: 'not-allowed',
      sentence: 'nginx.service is not among the listed services: add it to `services` to allow it',
    });
  });

  it('permits an alias of a listed unit', () => {
    const aliased = { id: 'mariadb.service', names: ['mariadb.service', 'mysql.service'] };
    expect(judge(aliased, listing('mysql'))).toBeUndefined();
  });

  it('permits the matches of a pattern, but never a target', () => {
    expect(judge({ id: 'worker@2.service' }, listing('worker@*'))).toBeUndefined();
    expect(judge({ id: 'workers.service' }, listing('worker@*'))).toMatchObject({ reason: 'not-allowed' });
    expect(judge({ id: 'work.target', names: ['work.target'] }, listing('wor*'))).toMatchObject({
      reason: 'not-allowed',
    });
  });

  it('does not permit a protected unit that a pattern matches', () => {
    expect(judge({ id: 'sshd.service' }, listing('ssh*'))).toMatchObject({ reason: 'protected' });
  });

  it('permits the members of a listed unit, and the socket of a listed service', () => {
    const member = { id: 'postgresql@15-main.service', listedThrough: ['postgresql.service'] };
    expect(judge(member, listing('postgresql'))).toBeUndefined();
    expect(judge(member, listing('mysql'))).toMatchObject({ reason: 'not-allowed' });
    expect(judge({ id: 'dock.socket', listedThrough: ['dock.service'] }, listing('dock'))).toBeUndefined();
  });

  it('permits nothing with an empty list', () => {
    expect(judge({}, listing())).toMatchObject({ reason: 'not-allowed' });
  });
});

describe('protected units', () => {
  it('are named with the entry that protects them', () => {
    expect(judge({ id: 'sshd.service' })).toEqual({
      reason: 'protected',
      sentence: 'sshd.service is protected (sshd): it is never acted on',
    });
  });

  it('are protected by their id, even if it is not among their names', () => {
    expect(judge({ id: 'sshd.service', names: [] })).toMatchObject({ reason: 'protected' });
  });

  it('are reported as protected by the refusal of a plan, too, before its other blocks', () => {
    const refusal = { reason: 'protected', sentence: 'It would take ssh.service down' } as const;
    expect(judgeSafety(planOf({ refusal, targets: [] }), ANY)).toEqual(refusal);
    expect(judge({}, listing('redis'), { refusal })).toEqual(refusal);
  });

  it('are protected by each of their names', () => {
    expect(judge({ names: ['nginx.service', 'dbus.service'] })).toMatchObject({ reason: 'protected' });
  });

  it('are protected from an action that would stop them as dependents', () => {
    expect(judge({ dragsAlong: ['a.service', 'polkit.service'] })).toEqual({
      reason: 'protected',
      sentence: 'nginx.service would take polkit.service down with it, which is protected (polkit)',
    });
  });

  const affected = (name: string) => ({ id: name, names: [name] });
  const touching = (...touches: TouchedUnit[]) => planOf({ effects: { ...NO_EFFECTS, touches } });
  const stopped = (name: string, names = [name]): TouchedUnit => ({
    ...{ id: name, names, how: 'stopped', refuseManualStart: false },
  });

  it('are protected from every effect on a running unit, by each of its names', () => {
    expect(judgeSafety(touching(stopped('ssh.service')), ANY)).toEqual({
      reason: 'protected',
      sentence: 'ssh.service would be stopped, which is protected (ssh)',
    });
    const aliased = stopped('net.service', ['net.service', 'NetworkManager.service']);
    expect(judgeSafety(touching(aliased), ANY, { approved: true })).toMatchObject({ reason: 'protected' });
    const manual = { ...stopped('local.target'), refuseManualStart: true };
    expect(judgeSafety(touching(manual), ANY, { approved: true })).toEqual({
      reason: 'protected',
      sentence: 'local.target would be stopped, which is protected (RefuseManualStart=yes)',
    });
  });

  it('are protected from being started as a dependency, unless every boot starts them', () => {
    const starting = (atBoot: boolean) => {
      const unit = { ...affected('systemd-fsck@x.service'), atBoot };
      return judgeSafety(planOf({ effects: { ...NO_EFFECTS, starts: [unit] } }), ANY);
    };
    expect(starting(true)).toBeUndefined();
    expect(starting(false)).toMatchObject({ reason: 'protected' });
  });

  it('are not affected as dependents by a plan that names its effects', () => {
    const target = unitTargetOf({ dragsAlong: ['ssh.service'] });
    expect(judgeSafety(planOf({ targets: [target], effects: NO_EFFECTS }), ANY)).toBeUndefined();
  });

  it('do not include other running units, whose effects require approval unless these are listed', () => {
    const plan = touching(stopped('app.service'));
    expect(judgeSafety(plan, ANY)).toEqual({
      reason: 'needs-approval',
      sentence: 'app.service would be stopped and is not listed in `services`',
    });
    expect(judgeSafety(plan, ANY, { approved: true })).toBeUndefined();
    expect(judgeSafety(plan, listing('nginx', 'app'))).toBeUndefined();
  });

  it('do not include emergency actions, which require approval', () => {
    const emergency = ['web.service: SuccessAction=reboot'];
    const plan = planOf({ effects: { ...NO_EFFECTS, emergency } });
    expect(judgeSafety(plan, ANY)).toMatchObject({ reason: 'needs-approval' });
    expect(judgeSafety(plan, ANY, { approved: true })).toBeUndefined();
  });

  it('are protected even when listed, approved, and unreadable', () => {
    const plan = planOf({ targets: [{ kind: 'unreadable', id: 'sshd.service', reason: 'no bus' }] });
    expect(judgeSafety(plan, listing('sshd'), { approved: true })).toMatchObject({ reason: 'protected' });
    expect(judge({ id: 'sshd.service' }, listing('sshd'))).toMatchObject({ reason: 'protected' });
  });

  it('include those of the option `protect`', () => {
    expect(judge({}, { services: undefined, protect: ['nginx'] })).toMatchObject({ reason: 'protected' });
    expect(judge({}, { ...listing('nginx'), protect: ['ngi*'] })).toMatchObject({ reason: 'protected' });
  });

  it('are never permitted, by any name, alias or dependent, beside any other targets', () => {
    const protectedName = fc
      .tuple(
        fc.constantFrom(...PROTECTED_UNITS),
        fc.stringMatching(/^[a-z0-9]{1,8}$/),
        fc.constantFrom('service', 'socket', 'timer'),
      )
      .map(([pattern, rest, kind]) => `${pattern.replace('*', rest)}.${kind}`);
    const free = fc.stringMatching(/^free[a-z]{1,8}$/).map((name) => `${name}.service`);
    const state = fc.constantFrom('failed', 'active', 'inactive', 'activating');
    fc.assert(
      fc.property(
        protectedName,
        fc.array(free, { maxLength: 3 }),
        fc.constantFrom('id', 'names', 'dragsAlong'),
        fc.array(free, { minLength: 1, maxLength: 3 }),
        state,
        fc.boolean(),
        fc.nat(3),
        (name, aliases, where, others, activeState, approved, position) => {
          const id = where === 'id' ? name : 'free.service';
          const guarded = unitTargetOf({
            id,
            names: [id, ...aliases, ...(where === 'names' ? [name] : [])],
            dragsAlong: [...aliases, ...(where === 'dragsAlong' ? [name] : [])],
            activeState,
          });
          const targets = others.map((other) => unitTargetOf({ id: other }));
          targets.splice(position, 0, guarded);
          for (const policy of [ANY, listing('free', name, ...aliases, ...others)]) {
            expect(judgeSafety(planOf({ targets }), policy, { approved })).toMatchObject({
              reason: 'protected',
            });
          }
        },
      ),
    );
  });
});

describe('the gate in-transition', () => {
  it.each(['activating', 'deactivating', 'reloading'])(
    'leaves a unit that is %s to systemd',
    (activeState) => {
      expect(judge({ activeState }, listing('nginx'))).toMatchObject({ reason: 'in-transition' });
    },
  );

  it('names the state of a unit that has no job', () => {
    const target = { activeState: 'activating', subState: 'start-pre', job: '' };
    expect(judge(target, listing('nginx'))?.sentence).toBe(
      'nginx.service is activating (start-pre): left to systemd',
    );
  });

  it('leaves a unit with a job in progress to systemd', () => {
    const block = judge({ activeState: 'inactive', subState: 'dead', job: 'start' }, listing('nginx'));
    expect(block).toEqual({
      reason: 'in-transition',
      sentence: 'nginx.service is inactive (dead), a start job is in progress: left to systemd',
    });
  });

  it('blocks the restart of a crash loop, listed or not', () => {
    for (const policy of [ANY, listing('nginx')])
      for (const activeState of ['failed', 'active']) {
        const block = judge({ activeState, recentRestarts: 3 }, policy);
        expect(block).toMatchObject({ reason: 'in-transition' });
        expect(block?.sentence).toContain('restarted it 3 times without a long run');
      }
  });
});

describe('the gate unavailable', () => {
  it("gives the plan's own refusal", () => {
    const refusal = { reason: 'unavailable', sentence: 'This machine has no cpufreq' } as const;
    expect(judge({}, ANY, { refusal })).toEqual(refusal);
  });

  it('follows the gate not-allowed if the refusal of the plan has another reason', () => {
    const refusal = { reason: 'needs-approval', sentence: 'It may take long' } as const;
    expect(judge({}, ANY, { refusal })).toEqual(refusal);
    expect(judge({}, listing('redis'), { refusal })).toMatchObject({ reason: 'not-allowed' });
  });

  it('blocks a plan without targets', () => {
    expect(judgeSafety(planOf({ targets: [] }), ANY)).toEqual({
      reason: 'unavailable',
      sentence: 'The plan of `restart_service` names no target',
    });
  });

  it('blocks a plan with an unreadable target', () => {
    const targets = [unitTargetOf(), { kind: 'unreadable', id: 'a.service', reason: 'no bus' } as const];
    expect(judgeSafety(planOf({ targets }), ANY)).toEqual({
      reason: 'unavailable',
      sentence: 'The state of a.service is not known: no bus',
    });
  });
});

describe('the situation of a plan', () => {
  it.each([
    [{ inFlight: 'rebuild_system' }, 'in-flight', 'rebuild_system'],
    [{ lockedBy: 'Another engine holds the state' }, 'locked', 'Another engine holds the state'],
  ])('%o blocks', (situation, reason, words) => {
    const block = judgeSafety(planOf(), ANY, situation);
    expect(block).toMatchObject({ reason });
    expect(block?.sentence).toContain(words);
  });

  it('requires the approval that the plan needs', () => {
    const plan = planOf({ approval: 'A rebuild changes the whole system' });
    expect(judgeSafety(plan, ANY)).toEqual({
      reason: 'needs-approval',
      sentence: 'A rebuild changes the whole system',
    });
    expect(judgeSafety(plan, ANY, { approved: false })).toMatchObject({ reason: 'needs-approval' });
    expect(judgeSafety(plan, ANY, { approved: true })).toBeUndefined();
  });

  it('stays blocked by another gate after an approval', () => {
    const plan = planOf({ approval: 'Ask', targets: [unitTargetOf({ transient: true })] });
    expect(judgeSafety(plan, ANY, { approved: true })).toMatchObject({ reason: 'not-allowed' });
  });
});

describe('targets other than units', () => {
  it.each(['memory', 'sshd'])('are not judged as units: %s', (id) => {
    expect(judgeSafety(planOf({ targets: [{ kind: 'plain', id }] }), listing())).toBeUndefined();
  });
});

describe('targets without the effects of a plan', () => {
  it('are blocked if one is protected, or a unit is not listed', () => {
    const plain = { kind: 'plain', id: 'memory' } as const;
    expect(judgeTargets([plain, unitTargetOf()], listing('nginx'))).toBeUndefined();
    expect(judgeTargets([plain, unitTargetOf()], listing('redis'))).toMatchObject({ reason: 'not-allowed' });
    const ssh = unitTargetOf({ id: 'sshd.service' });
    expect(judgeTargets([unitTargetOf(), ssh], listing('nginx', 'sshd'))).toMatchObject({
      reason: 'protected',
    });
  });

  it('are judged without the units that would stop with them', () => {
    expect(judgeTargets([unitTargetOf({ dragsAlong: ['sshd.service'] })], listing('nginx'))).toBeUndefined();
  });
});

describe('the order of the safety gates', () => {
  it('contains every reason once, in the documented order', () => {
    expect(new Set(BLOCK_REASONS).size).toBe(BLOCK_REASONS.length);
    expect([...BLOCK_REASONS].sort()).toEqual(
      [
        ...[
          'not-allowed',
          'protected',
          'in-transition',
          'unavailable',
          'needs-approval',
          'in-flight',
          'locked',
        ],
        ...[
          'healing-disabled',
          'monitor-only',
          'resources-busy',
          'reading-unknown',
          'no-action',
          'already-healthy',
        ],
        ...['no-expected-gain', 'backoff', 'breaker-open', 'needs-human', 'budget', 'storm', 'paused'],
      ].sort(),
    );
  });

  it('decides which of several gates is reported', () => {
    const target = fc.record({
      id: fc.constantFrom('nginx.service', 'sshd.service', 'a.mount'),
      activeState: fc.constantFrom('failed', 'active', 'activating'),
      recentRestarts: fc.constantFrom(0, 3),
      transient: fc.boolean(),
    });
    const situation = fc.record({
      inFlight: fc.constantFrom(undefined, 'x'),
      lockedBy: fc.constantFrom(undefined, 'y'),
    });
    const alone = (plan: Plan, one: object) => judgeSafety(plan, ANY, { approved: true, ...one });
    fc.assert(
      fc.property(
        fc.array(target, { minLength: 1, maxLength: 3 }),
        situation,
        fc.boolean(),
        (targets, moment, asks) => {
          const units = targets.map((more) => unitTargetOf(more));
          const plan = planOf({ targets: units, ...(asks ? { approval: 'Ask' } : {}) });
          const whole = judgeSafety(plan, ANY, moment);
          const parts = [
            ...units.map((unit) => judgeSafety(planOf({ targets: [unit] }), ANY)),
            alone(planOf(), { inFlight: moment.inFlight }),
            alone(planOf(), { lockedBy: moment.lockedBy }),
            asks ? judgeSafety(planOf({ approval: 'Ask' }), ANY) : undefined,
          ].flatMap((block) => (block ? [block.reason] : []));
          const first = BLOCK_REASONS.find((reason) => parts.includes(reason));
          expect(whole?.reason).toBe(first);
        },
      ),
    );
  });
});
