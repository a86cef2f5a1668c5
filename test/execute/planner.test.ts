import { describe, expect, it } from 'vitest';
import {
  defineAction,
  verifyByCheck,
  type ActionDefinition,
  type PlanContext,
  type PlanDraft,
} from '../../src/actions/define.js';
import { actionRegistry } from '../../src/actions/registry.js';
import { thresholdValues } from '../../src/detect/thresholds.js';
import { makePlan, readAgain, type PlanSources } from '../../src/execute/planner.js';
import type { Host } from '../../src/host/host.js';
import { NO_HISTORY } from '../../src/memory/generations.js';
import { unknown } from '../../src/model/reading.js';
import type { CommandStep, Target } from '../../src/model/plan.js';
import type { Snapshot } from '../../src/model/snapshot.js';
import type { UnitReading } from '../../src/model/unit.js';
import { failedUnit, fakeHost, unitReading } from '../../src/testing/index.js';
import { planOf, SWITCH_BACK, unitTargetOf } from '../make.js';

const OWN = { action: 'own', parameters: { pool: 'a' } };
const never = new AbortController().signal;
const systemctl = (...words: string[]): CommandStep => ({
  ...{ kind: 'command', argv: ['systemctl', ...words], needsRoot: true, timeoutMs: 5_000 },
  interruptible: true,
});
const RESTART = systemctl('restart', '--', 'nginx.service');
const DRAFT: PlanDraft = { targets: ['the pool'], steps: [], effect: 'The pool is new' };
const BLOCK = { reason: 'no-expected-gain', sentence: 'It is new already' } as const;

/** Plans a custom action that makes this draft. */
const planned = (
  draft: (context: PlanContext) => unknown,
  host: Host = fakeHost(),
  more: Partial<PlanSources> & Partial<Pick<ActionDefinition, 'unavailable'>> = {},
) => {
  const { unavailable, ...sources } = more;
  const own = defineAction({
    ...{ scope: 'process', risk: 'reversible', timeoutMs: 1_000, verify: verifyByCheck },
    parse: (parameters) => parameters,
    plan: (_parameters, context) => draft(context) as PlanDraft,
    ...(unavailable && { unavailable }),
  });
  const given = { host, actions: actionRegistry({ own }), thresholds: thresholdValues(), services: [] };
  return makePlan(OWN, { ...given, ...sources }, never);
};

describe('the plan of an action', () => {
  it('has the fields of its draft and definition, and no others', async () => {
    expect(await planned(() => DRAFT)).toEqual({
      ...OWN,
      ...{ scope: 'process', risk: 'reversible', effect: 'The pool is new', steps: [], notes: [] },
      targets: [{ kind: 'plain', id: 'the pool' }],
      effects: { touches: [], touchesIfUp: [], starts: [], onFailure: [], onSuccess: [], emergency: [] },
    });
    expect(Object.keys(await planned(() => DRAFT)).sort()).toEqual(
      ['action', 'effect', 'effects', 'notes', 'parameters', 'risk', 'scope', 'steps', 'targets'].sort(),
    );
  });

  it.each<[string, Partial<PlanDraft>]>([
    ['completed parameters', { parameters: { pool: 'a', amount: 5 } }],
    ['a sentence about its undo', { undo: 'Renew it' }],
    ['a switch', { generation: SWITCH_BACK }],
    ['an undo', { restore: { action: 'own', parameters: { pool: 'b' } } }],
    ['measurements', { baseline: { load: 1 } }],
    ['notes', { notes: ['It takes long'] }],
    ['a refusal', { refusal: BLOCK }],
    ['a reason for an approval', { approval: 'It stops mail' }],
  ])('has %s of its draft', async (_what, more) => {
    expect(await planned(() => ({ ...DRAFT, ...more }))).toMatchObject(more);
  });

  it.each<[string, object]>([
    ['is unavailable for its own reason', { reason: 'unavailable', sentence: 'There is no pool' }],
    ['is refused for the reason of its draft first', BLOCK],
  ])('%s', async (_how, refusal) => {
    const draft = refusal === BLOCK ? { ...DRAFT, refusal } : DRAFT;
    const plan = await planned(() => draft, fakeHost(), { unavailable: () => 'There is no pool' });
    expect(plan.refusal).toEqual(refusal);
  });

  it('is not refused by an action that finds out later that it is available', async () => {
    const unavailable = () => Promise.resolve(undefined);
    expect(await planned(() => DRAFT, fakeHost(), { unavailable })).not.toHaveProperty('refusal');
  });

  it.each(['targets', 'steps', 'effect'])('is refused without `%s`', async (key) => {
    await expect(planned(() => ({ ...DRAFT, [key]: undefined }))).rejects.toThrow(
      'The plan of `own` lacks `targets`, `steps` or `effect`: its `plan` must return all three',
    );
  });

  it.each<[string, unknown, string]>([
    ['no draft', undefined, 'The plan of `own` lacks'],
    ['a target that is no text', { ...DRAFT, targets: [1] }, 'Expected `own: targets[0]` to be'],
    ['an invalid step', { ...DRAFT, steps: [RESTART, {}] }, '`own: steps[1].kind`'],
  ])('is refused with %s', async (_what, draft, message) => {
    await expect(planned(() => draft)).rejects.toThrow(message);
  });

  it('limits the time of each step to that of the action', async () => {
    const steps = [RESTART, { ...RESTART, timeoutMs: 10 }];
    const plan = await planned(() => ({ ...DRAFT, steps }), fakeHost({ units: [failedUnit()] }));
    expect(plan.steps.map(({ timeoutMs }) => timeoutMs)).toEqual([1_000, 10]);
  });
});

describe('the effects of a plan', () => {
  const host = fakeHost({
    units: [failedUnit({ dragsAlong: ['app.service'] }), unitReading({ name: 'app.service' })],
    relations: { 'nginx.service': { activeState: 'active', requiredBy: ['app.service'] } },
  });
  const touchedBy = async (draft: Partial<PlanDraft>, more: Partial<PlanSources> = {}) =>
    (await planned(() => ({ ...DRAFT, ...draft }), host, more)).effects?.touches.map(({ id }) => id);
  const call = { kind: 'call', name: 'renew', run: () => 1, timeoutMs: 1, interruptible: true } as const;

  it.each<[string, Partial<PlanDraft>, string[]]>([
    ['follow from its systemctl steps', { steps: [RESTART] }, ['app.service']],
    [
      'follow from a target that any step may restart',
      { targets: ['nginx.service'], steps: [call] },
      ['app.service'],
    ],
    [
      'follow from the step if that names the target',
      { targets: ['nginx.service'], steps: [systemctl('reset-failed', 'nginx.service')] },
      [],
    ],
    ['are none without steps', { targets: ['nginx.service'] }, []],
    ['are none for a switch', { steps: [RESTART], generation: SWITCH_BACK }, []],
  ])('%s', async (_how, draft, expected) => {
    expect(await touchedBy(draft)).toEqual(expected);
  });

  it('are not read if the targets alone refuse the plan', async () => {
    expect(await touchedBy({ steps: [RESTART] }, { isRefused: () => true })).toEqual([]);
  });

  it('need no approval for listed units', async () => {
    const services = [{ unit: 'app.service' }];
    const plan = await planned(() => ({ ...DRAFT, steps: [RESTART] }), host, { services });
    expect(plan.effects?.touches).toHaveLength(1);
    expect(plan).not.toHaveProperty('approval');
  });

  it('add to the notes, and refuse a plan with a unit that refuses a manual start', async () => {
    const relations = { 'nginx.service': { needDaemonReload: true, refuseManualStart: true } };
    const strict = fakeHost({ units: [failedUnit()], relations });
    const plan = await planned(() => ({ ...DRAFT, steps: [RESTART], notes: ['It takes long'] }), strict);
    expect(plan.notes).toEqual(['It takes long', expect.stringContaining('changed on disk')]);
    expect(plan.refusal).toMatchObject({ reason: 'protected' });
  });

  it('add to the reasons for an approval', async () => {
    const plan = await planned(() => ({ ...DRAFT, steps: [RESTART], approval: 'It stops mail' }), host);
    expect(plan.approval).toBe(
      'It stops mail; app.service would be restarted and is not listed in `services`',
    );
  });
});

describe('a target of a plan', () => {
  const targetFrom = async (reading: Partial<UnitReading>, name = 'nginx.service') => {
    const host = fakeHost({ units: [failedUnit({ name, ...reading })] });
    return (await planned(() => ({ ...DRAFT, targets: [name] }), host)).targets[0];
  };

  it('is also a unit that only a step names', async () => {
    const { targets } = await planned(
      () => ({ ...DRAFT, steps: [RESTART] }),
      fakeHost({ units: [failedUnit()] }),
    );
    expect(targets.map(({ kind, id }) => `${kind} ${id}`)).toEqual(['plain the pool', 'unit nginx.service']);
  });

  it('is read also from a host that answers later, or not at all while the action plans', async () => {
    let units: Snapshot['units'] = unknown('no bus');
    const read = async () => ({ ...fakeHost({ units: [failedUnit()] }).read(), units });
    const { targets } = await planned(
      async (context) => {
        await context.read({ parts: ['units'], units: ['nginx.service'] });
        units = { asked: [failedUnit()], troubled: [] };
        return { ...DRAFT, targets: ['nginx.service'] };
      },
      { read },
    );
    expect(targets).toMatchObject([{ kind: 'unit', id: 'nginx.service' }]);
  });

  it('has the facts of its unit', async () => {
    const facts = { wantedBy: ['a.target'], dragsAlong: ['b.service'], needs: ['c.mount'] };
    const target = await targetFrom({ ...facts, recentRestarts: 3 });
    expect(target).toMatchObject({ ...facts, kind: 'unit', id: 'nginx.service', recentRestarts: 3 });
    expect(target).not.toHaveProperty('listedThrough');
    expect(target).not.toHaveProperty('lacksDependency');
  });

  it('has the requested name, also if it is not among those of its unit', async () => {
    const read = () => ({
      ...fakeHost().read(),
      units: { asked: [{ ...failedUnit(), id: 'web.service', names: ['web.service'] }], all: [] },
    });
    const draft = { ...DRAFT, targets: ['nginx.service'] };
    const [target] = (await planned(() => draft, { read: read as never })).targets;
    expect(target).toMatchObject({ id: 'web.service', names: ['web.service', 'nginx.service'] });
  });

  it.each<[string, string, Partial<UnitReading>, string[] | undefined]>([
    ['its group', 'web.service', { memberOf: ['web.target'] }, ['web.target']],
    ['the service of a socket', 'web.socket', { triggers: ['web.service'] }, ['web.service']],
    [
      'both',
      'web.socket',
      { memberOf: ['web.target'], triggers: ['web.service'] },
      ['web.target', 'web.service'],
    ],
    ['nothing that another unit starts', 'web.path', { triggers: ['web.service'] }, undefined],
  ])('is listed through %s', async (_what, name, reading, expected) => {
    expect(
      ((await targetFrom({ id: name, names: [name], ...reading }, name)) as { listedThrough?: unknown })
        .listedThrough,
    ).toEqual(expected);
  });

  it('lacks a dependency if that ended its last start', async () => {
    expect(await targetFrom({ cause: { kind: 'dependency' } as never })).toMatchObject({
      lacksDependency: true,
    });
  });

  it('is unreadable with the reason of the host', async () => {
    const blind = fakeHost({ units: unknown('no bus') });
    const { targets } = await planned(() => ({ ...DRAFT, targets: ['nginx.service'] }), blind);
    expect(targets).toEqual([{ kind: 'unreadable', id: 'nginx.service', reason: 'no bus' }]);
  });

  it('is not read again if the action has read it, and not at all without a unit', async () => {
    const host = fakeHost({ units: [failedUnit(), failedUnit({ name: 'redis' })] });
    const plan = await planned(async ({ read }) => {
      await read({ parts: ['units'], units: ['nginx.service'] });
      return { ...DRAFT, targets: ['nginx.service', 'redis.service'] };
    }, host);
    expect(plan.targets.map(({ kind }) => kind)).toEqual(['unit', 'unit']);
    expect(host.requests.map(({ units }) => units)).toEqual([['nginx.service'], ['redis.service']]);
    const idle = fakeHost();
    await planned(() => DRAFT, idle);
    expect(idle.requests).toEqual([]);
  });
});

describe('the context of an action', () => {
  /** Calls a function with the context that an action gets on a host with only these methods. */
  const asked = async <T>(ask: (context: PlanContext) => T, more: Partial<Host> = {}, sources = {}) => {
    let answer: Awaited<T> | undefined;
    const host: Host = { read: fakeHost().read, ...more };
    await planned(async (context) => ((answer = await ask(context)), DRAFT), host, sources);
    return answer;
  };
  const UNSUPPORTED = unknown('this host cannot read it');
  const methods = {
    unitMemory: (context: PlanContext) => context.unitMemory('a.service'),
    unitChanges: (context: PlanContext) => context.unitChanges('/a', '/b'),
    systemIdentity: (context: PlanContext) => context.systemIdentity('/a'),
    preSwitchCheck: (context: PlanContext) => context.preSwitchCheck('/a'),
    nixActivity: (context: PlanContext) => context.nixActivity(),
  };

  it.each<[string, (context: PlanContext) => Promise<unknown>]>(Object.entries(methods))(
    'answers `%s` by the host, and unknown if it cannot',
    async (name, ask) => {
      const given: unknown[] = [];
      const answer = unknown('asked');
      const host = { [name]: (...words: unknown[]) => (given.push(...words), Promise.resolve(answer)) };
      expect(await asked(ask, host)).toBe(answer);
      expect(given.at(-1)).toBe(never);
      expect(await asked(ask)).toEqual(UNSUPPORTED);
      expect(await asked(ask, { [name]: () => Promise.resolve(undefined) })).toEqual(UNSUPPORTED);
    },
  );

  it('knows no refusal if the check of a system refuses nothing', async () => {
    const host = { preSwitchCheck: () => Promise.resolve(null) };
    expect(await asked(methods.preSwitchCheck, host)).toBeNull();
    expect(await asked(methods.preSwitchCheck, host, { refusalOf: () => undefined })).toBeNull();
  });

  it('repeats an earlier refusal of a system, without its check', async () => {
    const host = { preSwitchCheck: () => Promise.reject(new Error('It was run')) };
    const refusalOf = (system: string) => `${system} refused it`;
    expect(await asked(methods.preSwitchCheck, host, { refusalOf })).toBe('/a refused it');
  });

  it('has an empty history unless there is one', async () => {
    expect(await asked(({ history }) => history)).toBe(NO_HISTORY);
    const history = { ...NO_HISTORY };
    expect(await asked((context) => context.history, {}, { history })).toBe(history);
  });
});

describe('a plan that is read again', () => {
  it('has its units as they are now, and its other targets as they were', async () => {
    const plain: Target = { kind: 'plain', id: 'web.service' };
    const plan = planOf({ targets: [unitTargetOf(), plain] });
    const host = fakeHost({ units: [failedUnit({ recentRestarts: 4 })] });
    const again = await readAgain(plan, host, never);
    expect(again.targets).toEqual([
      expect.objectContaining({ id: 'nginx.service', recentRestarts: 4 }),
      plain,
    ]);
    expect(host.requests.map(({ units }) => units)).toEqual([['nginx.service']]);
    expect(again).not.toHaveProperty('refusal');
  });
});
