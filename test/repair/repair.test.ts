import { describe, expect, it } from 'vitest';
import { defineAction, type ActionDefinition, type Verification } from '../../src/actions/define.js';
import type { ActionRegistry } from '../../src/actions/registry.js';
import type { Detector } from '../../src/detect/detector.js';
import { digestOf } from '../../src/memory/approvals.js';
import { executionOf, type Execution, type StepReport } from '../../src/model/execution.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { Severity, type ComponentVerdict, type Issue } from '../../src/model/issue.js';
import type { Block, HealingAction, Plan } from '../../src/model/plan.js';
import type { Choice } from '../../src/repair/choose.js';
import type { Judge } from '../../src/repair/judge.js';
import type { Recorder } from '../../src/repair/record.js';
import { repair, type RepairSources } from '../../src/repair/repair.js';
import { fakeClock, fakeExecutor, fakeHost, recordingLogger } from '../../src/testing/index.js';
import { whenDone } from '../make-engine.js';
import { issueOf, planOf, SWITCH_BACK, verdictOf } from '../make.js';

const ACTION: HealingAction = { action: 'restart_service', parameters: { service: 'nginx' } };
const blockOf = (reason: Block['reason']): Block => ({ reason, sentence: `blocked by ${reason}` });
const step = (more: Partial<StepReport> = {}): StepReport => ({
  step: 'start',
  ok: true,
  durationMs: 1,
  ...more,
});

interface Scene {
  readonly choice?: Partial<Choice>;
  /** Answer of the executor, or a function that throws. */
  readonly executes?: (abort: () => void) => Partial<Execution> | Error;
  readonly verifies?: (run: number, abort: () => void) => Verification;
  readonly looks?: (abort: () => void) => readonly ComponentVerdict[];
  readonly lookMs?: number;
  readonly plan?: (action: HealingAction) => Plan;
  readonly ladder?: (rung: number) => HealingAction;
  readonly block?: Block;
  readonly late?: Block;
  readonly unwritten?: Block;
  readonly misfire?: { outcome: 'skipped'; block: Block };
  readonly approved?: boolean;
  readonly dryRun?: boolean;
  readonly startMs?: number;
  readonly undo?: ActionDefinition['undo'];
  readonly isAborted?: boolean;
}

/** Repairs nginx, and logs in order what the ports of the engine were asked for. */
async function repaired(scene: Scene = {}) {
  const { choice = {}, lookMs = 0, dryRun = false, startMs = 1_000 } = scene;
  const clock = fakeClock();
  await clock.advance(startMs);
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (scene.isAborted) abort();
  const log: string[] = [];
  const busyOf: Severity[] = [];
  const ends: unknown[] = [];
  const given: unknown[] = [];
  const moments: unknown[] = [];
  const detector: Detector = {
    detectIssues: async () => [],
    inspect: async () => {
      log.push('look');
      if (lookMs > 0 && log.length === 1) await clock.sleep(lookMs);
      const status = log.some((line) => line.startsWith('execute')) ? 'ok' : 'bad';
      return scene.looks?.(abort) ?? [verdictOf({ component: 'nginx', status, severity: Severity.MEDIUM })];
    },
  };
  const executor = {
    ...fakeExecutor(),
    plan: async (action: HealingAction) => {
      log.push(`plan ${action.action}`);
      return scene.plan?.(action) ?? planOf(action);
    },
    execute: async (action: HealingAction, options: unknown) => {
      log.push(`execute ${action.action}`);
      given.push(options);
      const answer = scene.executes?.(abort) ?? {};
      if (answer instanceof Error) throw answer;
      const plan = (options as { plan: Plan }).plan;
      return { ...executionOf(action.action, { outcome: 'executed', steps: [step()], plan }), ...answer };
    },
  };
  const later = async (line: string): Promise<void> => {
    await new Promise((done) => setImmediate(done));
    log.push(line);
  };
  const recorder = {
    intent: async () => {
      await later('intent');
      return scene.unwritten;
    },
    end: async (_repair: unknown, ending: { outcome: string }, details?: { worse?: boolean }) => {
      await later(`end ${ending.outcome}`);
      ends.push({ ending, worse: details?.worse });
    },
    leaveOpen: ({ component }: Issue) => void log.push(`leave open ${component}`),
    misfire: async (_choice: unknown, error: string) => {
      log.push(`misfire ${error}`);
      return scene.misfire;
    },
  };
  const judge = {
    early: () => undefined,
    all: (_issue: Issue, _planned: unknown, moment: unknown = {}) => {
      moments.push(moment);
      return scene.block;
    },
    late: () => scene.late,
    isApproved: () => scene.approved ?? false,
    rehearse: (_issue: Issue, plan: Plan) => void log.push(`rehearse ${plan.action}`),
  };
  let verified = 0;
  const definition = defineAction({
    parse: (parameters: Readonly<Record<string, unknown>>) => parameters,
    plan: () => ({ targets: [], steps: [], effect: 'x' }),
    verify: () => {
      log.push('verify');
      return scene.verifies?.((verified += 1), abort) ?? { status: 'fixed', reason: 'it runs' };
    },
    ...{ scope: 'host', risk: 'disruptive', timeoutMs: 1_000, settleMs: 0 },
    ...(scene.undo && { undo: scene.undo }),
  });
  const sources: RepairSources = {
    ...{
      detector,
      clock,
      dryRun,
      executor,
      host: fakeHost(),
      guards: DEFAULT_GUARDS,
      logger: recordingLogger(),
    },
    resolver: { getAction: ({ attempt = 0 }) => scene.ladder?.(attempt) ?? ACTION },
    judge: judge as unknown as Judge,
    recorder: recorder as unknown as Recorder,
    actions: { find: async () => definition } as unknown as ActionRegistry,
    emit: (name, event) =>
      void log.push(`${name.replace('heal:', '')} ${(event as { plan: Plan }).plan.action}`),
    started: () => undefined,
    signal: controller.signal,
    nextId: () => '7',
    openChecks: () => [],
  };
  const plan = planOf(ACTION);
  const whole: Choice = {
    ...{ issue: issueOf(), action: ACTION, rung: 0, attempts: [], plan, digest: digestOf(plan), ...choice },
  };
  const busy = async (severity: Severity) => {
    busyOf.push(severity);
    return 'db is worse';
  };
  const result = await whenDone(repair(whole, sources, busy), clock);
  return { result, log, busyOf, ends, given, moments };
}
const DONE = [
  'look',
  'planned restart_service',
  'intent',
  'started restart_service',
  'execute restart_service',
  'verify',
];

describe('a repair', () => {
  it('is recorded before it is announced as started, and its result after its proof', async () => {
    const { result, log, ends } = await repaired();
    expect(log).toEqual([...DONE, 'look', 'end fixed']);
    expect(result).toMatchObject({ id: '7', outcome: 'fixed', success: true, dryRun: false });
    expect(ends).toEqual([
      { ending: { outcome: 'fixed', proof: expect.stringContaining('it runs') as string }, worse: false },
    ]);
  });

  it.each([true, false])('is carried out as approved: %s, as it was', async (approved) => {
    const { given } = await repaired({ approved });
    expect(given).toMatchObject([{ approved, dryRun: false }]);
  });

  it('is judged with the reading just before it, by the severity of that reading', async () => {
    const { busyOf, moments } = await repaired({ block: blockOf('budget') });
    expect(busyOf).toEqual([Severity.MEDIUM]);
    expect(moments).toMatchObject([{ before: { severity: Severity.MEDIUM }, busy: 'db is worse' }]);
  });

  it.each([
    ['nobody reads it', []],
    ['the reading has no severity', [verdictOf({ component: 'nginx', status: 'unknown' })]],
  ])('is judged by the severity of its issue when %s', async (_which, verdicts) => {
    const { busyOf } = await repaired({ block: blockOf('budget'), looks: () => verdicts });
    expect(busyOf).toEqual([Severity.HIGH]);
  });

  it('has the duration of the whole', async () => {
    const { result } = await repaired({ lookMs: 2_000, startMs: 5_000 });
    expect(result.durationMs).toBe(2_000);
  });
});

describe('a repair that is not begun', () => {
  it.each<[string, Scene, string[], object]>([
    ['is blocked', { choice: { block: blockOf('budget') } }, [], { blockedBy: 'budget' }],
    [
      'is blocked by its last reading',
      { block: blockOf('monitor-only') },
      ['look'],
      { blockedBy: 'monitor-only' },
    ],
    ['is stopped before', { isAborted: true }, [], { blockedBy: 'paused' }],
    [
      'is stopped while it is read',
      { looks: (abort) => (abort(), []) },
      ['look'],
      { blockedBy: 'paused', error: 'The engine was stopped before this repair started' },
    ],
    [
      'cannot be recorded',
      { unwritten: blockOf('unavailable') },
      ['look', 'planned restart_service', 'intent'],
      { blockedBy: 'unavailable' },
    ],
    [
      'is blocked while it is recorded',
      { late: blockOf('paused') },
      ['look', 'planned restart_service', 'intent', 'end skipped'],
      { blockedBy: 'paused', error: 'blocked by paused' },
    ],
  ])('because it %s is skipped', async (_why, scene, log, expected) => {
    const found = await repaired(scene);
    expect(found.log).toEqual(log);
    expect(found.result).toMatchObject({ outcome: 'skipped', success: false, ...expected });
  });

  it('because it is a dry run is planned, and counted', async () => {
    const { result, log } = await repaired({ dryRun: true });
    expect(log).toEqual(['look', 'planned restart_service', 'rehearse restart_service']);
    expect(result).toMatchObject({ outcome: 'planned', dryRun: true });
  });

  it.each<[string, Partial<Choice>]>([
    ['no plan', { plan: undefined } as never],
    ['no digest', { digest: undefined } as never],
  ])('because there is %s and no reason has failed', async (_what, choice) => {
    const { result, log } = await repaired({ choice });
    expect(result).toMatchObject({ outcome: 'failed', error: 'No plan was made for nginx' });
    expect(log).toEqual(['look']);
  });

  it('because it could not be planned is recorded as a failed attempt', async () => {
    const { result, log } = await repaired({ choice: { error: 'no bus' } });
    expect(log).toEqual(['misfire no bus']);
    expect(result).toMatchObject({ outcome: 'failed', error: 'no bus' });
  });

  it('because it could not be planned is skipped while a gate blocks the attempt', async () => {
    const misfire = { outcome: 'skipped', block: blockOf('backoff') } as const;
    const { result } = await repaired({ choice: { error: 'no bus' }, misfire });
    expect(result).toMatchObject({ outcome: 'skipped', blockedBy: 'backoff' });
  });

  it('because it could not be planned in a dry run is not recorded', async () => {
    const { result, log } = await repaired({ choice: { error: 'no bus' }, dryRun: true });
    expect(log).toEqual([]);
    expect(result).toMatchObject({ outcome: 'failed', error: 'no bus' });
  });
});

describe('a plan', () => {
  it.each([
    [250, false],
    [251, true],
  ])('that is %i ms old is made again: %s', async (lookMs, isAgain) => {
    const { log } = await repaired({ lookMs });
    expect(log.includes('plan restart_service')).toBe(isAgain);
  });

  it('that cannot be made again is a failed attempt', async () => {
    const plan = () => {
      throw new Error('no bus');
    };
    const { result, log } = await repaired({ lookMs: 1_000, plan });
    expect(log).toEqual(['look', 'plan restart_service', 'misfire no bus']);
    expect(result.outcome).toBe('failed');
  });

  it('that was made again is the one that is carried out', async () => {
    const { given } = await repaired({
      lookMs: 1_000,
      plan: (action) => planOf({ ...action, effect: 'newer' }),
    });
    expect(given).toMatchObject([{ plan: { effect: 'newer' } }]);
  });
});

describe('an act that the executor', () => {
  it.each<[string, Partial<Execution>, object]>([
    [
      'skips',
      { outcome: 'skipped', success: false, blockedBy: 'in-flight', error: 'busy' },
      { blockedBy: 'in-flight', error: 'busy' },
    ],
    [
      'skips without a reason',
      { outcome: 'skipped', success: false, error: undefined as never },
      { blockedBy: 'unavailable', error: 'The executor did not act' },
    ],
  ])('%s is skipped, and its record says so before the result', async (_what, answer, expected) => {
    const { result, log } = await repaired({ executes: () => answer });
    expect(log.slice(-2)).toEqual(['execute restart_service', 'end skipped']);
    expect(result).toMatchObject({ outcome: 'skipped', ...expected });
  });

  it.each<[string, Partial<Execution>, string]>([
    ['did not begin', { outcome: 'failed', success: false, steps: [], error: 'no polkit' }, 'no polkit'],
    [
      'did not begin, without a reason',
      { outcome: 'failed', success: false, steps: [], error: undefined as never },
      'The executor returned no reason',
    ],
  ])('%s is failed, and not verified', async (_what, answer, error) => {
    const { result, log } = await repaired({ executes: () => answer });
    expect(log.slice(-2)).toEqual(['execute restart_service', 'end failed']);
    expect(result).toMatchObject({ outcome: 'failed', error });
  });

  it.each<[string, Partial<Execution>]>([
    [
      'began and failed',
      { outcome: 'failed', success: false, steps: [step({ ok: false })], error: 'exit 1' },
    ],
    ['says it executed without steps', { outcome: 'executed', steps: [] }],
  ])('%s is verified by readings, which decide', async (_what, answer) => {
    const { result, log } = await repaired({ executes: () => answer });
    expect(log).toContain('verify');
    expect(result.outcome).toBe('fixed');
  });
});

describe('the outcome of a repair', () => {
  const failed = {
    outcome: 'failed',
    success: false,
    steps: [step({ ok: false })],
    error: 'exit 1',
  } as const;
  const other = planOf({ parameters: { service: 'db' } });
  it.each<[string, Scene, object]>([
    [
      'pending',
      { verifies: () => ({ status: 'pending', reason: 'a job runs' }) },
      { outcome: 'pending', error: 'a job runs' },
    ],
    [
      'pending until a reboot',
      { verifies: () => ({ status: 'pending-reboot', reason: 'boot it' }) },
      { outcome: 'pending-reboot', error: 'boot it' },
    ],
    [
      'ineffective',
      { verifies: () => ({ status: 'ineffective', reason: 'it is down' }) },
      { outcome: 'ineffective', error: 'The repair did not help: it is down' },
    ],
    [
      'failed when it cannot be verified',
      { verifies: () => ({ status: 'unknown', reason: 'no bus' }) },
      { outcome: 'failed', error: 'The repair could not be verified: no bus' },
    ],
    [
      'failed with the error of the act, when its verification is not fixed',
      { verifies: () => ({ status: 'ineffective', reason: 'it is down' }), executes: () => failed },
      { outcome: 'failed', error: 'exit 1' },
    ],
    [
      'failed with the reading, when the act has no error',
      {
        verifies: () => ({ status: 'ineffective', reason: 'it is down' }),
        executes: () => ({ ...failed, error: undefined as never }),
      },
      { outcome: 'failed', error: 'it is down' },
    ],
    [
      'failed when another plan was carried out, although it runs',
      { executes: () => ({ plan: other }) },
      { outcome: 'failed', error: 'The executor carried out another plan than the one that was announced' },
    ],
  ])('is %s', async (_which, scene, expected) => {
    expect((await repaired(scene)).result).toMatchObject({ success: false, ...expected });
  });

  it('of a switch that is running when the engine stops is left to the next cycle', async () => {
    const plan = planOf({ ...ACTION, generation: SWITCH_BACK });
    const { result, log } = await repaired({
      choice: { plan, digest: digestOf(plan) },
      verifies: (_run, abort) => (abort(), { status: 'ineffective', reason: 'x' }),
    });
    expect(log.at(-1)).toBe('leave open nginx');
    expect(result).toMatchObject({
      ...{ outcome: 'failed' },
      error: 'The engine was stopped while `restart_service` was running; the next cycle verifies the result',
    });
  });

  it('of another act that is running when the engine stops is recorded', async () => {
    const { log } = await repaired({
      verifies: (_run, abort) => (abort(), { status: 'pending', reason: 'x' }),
    });
    expect(log.at(-1)).toBe('end pending');
  });
});

describe('a repair that made it worse', () => {
  const worse: Verification = { status: 'ineffective', reason: 'db fails now', worse: true };
  const firstIsWorse = (run: number): Verification =>
    run === 1 ? worse : { status: 'fixed', reason: 'it runs' };
  const ladder = (rung: number): HealingAction => ({ action: `rung_${rung}`, parameters: {} });

  it('is undone to the end before the next rung is planned', async () => {
    const order: string[] = [];
    await repaired({
      ...{ verifies: firstIsWorse, ladder },
      undo: async () => {
        await new Promise((done) => setImmediate(done));
        order.push('undone');
      },
      plan: (action) => (order.push(`plan ${action.action}`), planOf(action)),
    });
    expect(order).toEqual(['undone', 'plan rung_1']);
  });

  it('is recorded as such, undone, and followed by the next rung at once', async () => {
    const undone: string[] = [];
    const { result, log, ends } = await repaired({
      ...{ verifies: firstIsWorse, ladder, startMs: 5_000, lookMs: 1_000 },
      undo: async () => {
        await new Promise((done) => setImmediate(done));
        undone.push('undone');
      },
    });
    expect(undone).toEqual(['undone']);
    expect(ends[0]).toEqual({
      ending: { outcome: 'ineffective', error: 'The repair made it worse: db fails now' },
      worse: true,
    });
    expect(log.slice(log.indexOf('end ineffective'))).toEqual([
      ...[
        'end ineffective',
        'plan rung_1',
        'look',
        'planned rung_1',
        'intent',
        'started rung_1',
        'execute rung_1',
      ],
      ...['verify', 'look', 'end fixed'],
    ]);
    expect(result).toMatchObject({ outcome: 'fixed', actionTaken: 'rung_1' });
    expect(result.attempts).toMatchObject([
      { action: 'restart_service', outcome: 'ineffective', durationMs: 1_000 },
      { action: 'rung_1', outcome: 'fixed' },
    ]);
  });

  it('keeps the attempts before it', async () => {
    const passed = {
      action: 'reload',
      outcome: 'skipped',
      durationMs: 0,
      blockedBy: 'unavailable',
      error: 'no',
    } as const;
    const { result } = await repaired({
      verifies: firstIsWorse,
      ladder,
      choice: { attempts: [passed], rung: 3 },
    });
    expect(result.attempts.map(({ action }) => action)).toEqual(['reload', 'restart_service', 'rung_4']);
  });

  it.each<[string, Scene]>([
    ['has no further rung', { ladder: () => ACTION }],
    [
      'has a next rung of another scope, which needs another slot',
      {
        ladder,
        plan: (action) => planOf({ ...action, scope: 'process' }),
      },
    ],
    [
      'has a next rung that cannot be planned',
      {
        ladder,
        plan: () => {
          throw new Error('no bus');
        },
      },
    ],
    ['is stopped', { ladder, verifies: (_run, abort) => (abort(), worse) }],
  ])('is the result when it %s', async (_which, scene) => {
    const { result, log } = await repaired({ verifies: () => worse, ...scene });
    expect(log.filter((line) => line.startsWith('execute'))).toHaveLength(1);
    expect(result).toMatchObject({ outcome: 'ineffective', error: 'The repair made it worse: db fails now' });
  });

  it('by its readings alone is one, too', async () => {
    let looks = 0;
    const { ends } = await repaired({
      verifies: () => ({ status: 'ineffective', reason: 'it is down' }),
      looks: () => [
        verdictOf({ component: 'nginx', severity: (looks += 1) === 1 ? Severity.MEDIUM : Severity.HIGH }),
      ],
    });
    expect(ends[0]).toMatchObject({ worse: true });
  });

  it('is none when it only did not help', async () => {
    const undone: string[] = [];
    const { ends } = await repaired({
      verifies: () => ({ status: 'ineffective', reason: 'it is down' }),
      undo: () => void undone.push('undone'),
    });
    expect(ends).toEqual([{ ending: expect.anything() as unknown, worse: false }]);
    expect(undone).toEqual([]);
  });
});
