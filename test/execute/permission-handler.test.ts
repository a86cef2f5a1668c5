import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defineAction, verifyByCheck, type ActionDefinition } from '../../src/actions/define.js';
import {
  executeHealingAction,
  NixOSPermissionHandler,
  type PermissionHandlerOptions,
} from '../../src/execute/permission-handler.js';
import type { UnitTarget } from '../../src/model/plan.js';
import {
  executorConformance,
  failedUnit,
  fakeHost,
  recordingLogger,
  unitReading,
  type FakeHost,
} from '../../src/testing/index.js';

const BIN = fileURLToPath(new URL('../fixtures/bin', import.meta.url));
let folder: string;
const calls = async (): Promise<string[]> =>
  (await readFile(join(folder, 'log'), 'utf8').catch(() => '')).split('\n').filter(Boolean);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'executor-'));
  vi.stubEnv('PATH', `${BIN}${delimiter}${process.env.PATH ?? ''}`);
  vi.stubEnv('FAKE_LOG', join(folder, 'log'));
  vi.stubEnv('LUMINOUS_DEV_MODE', undefined);
  as(0);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

/** Simulates running as root, or not. */
const as = (uid: number) => void vi.spyOn(process as { getuid: () => number }, 'getuid').mockReturnValue(uid);

const RESTART = { action: 'restart_service', parameters: { service: 'nginx' } };
const START = 'systemctl --no-ask-password start -- nginx.service';
const RESET = 'systemctl --no-ask-password reset-failed -- nginx.service';
/** Commands of the plan for a failed unit: the last two run only if the start limit refuses the first. */
const ALL = [START, RESET, START];
const handler = (host: FakeHost = fakeHost({ units: [failedUnit()] }), more: PermissionHandlerOptions = {}) =>
  new NixOSPermissionHandler({ host, readsThisMachine: true, ...more });

/** Custom action that calls a given function. */
const ownAction = (run: () => unknown, scope: 'host' | 'process' = 'process'): ActionDefinition =>
  defineAction({
    parse: (parameters) => parameters,
    plan: () => ({
      targets: ['pool'],
      effect: 'The pool is new',
      steps: [{ kind: 'call', name: 'renew the pool', run, timeoutMs: 60_000, interruptible: true }],
    }),
    verify: verifyByCheck,
    scope,
    risk: 'reversible',
    timeoutMs: 1_000,
  });
const RENEW = { action: 'renew_pool', parameters: {} };

describe('PermissionHandler.plan()', () => {
  it('returns the exact steps and the facts about the unit, and changes nothing', async () => {
    const plan = await handler().plan(RESTART);
    expect(plan).toMatchObject({
      action: 'restart_service',
      parameters: { service: 'nginx' },
      scope: 'host',
      risk: 'disruptive',
      targets: [
        { kind: 'unit', id: 'nginx.service', activeState: 'failed', wantedBy: ['multi-user.target'] },
      ],
      steps: ALL.map((line, index) => ({
        kind: 'command',
        argv: line.split(' '),
        needsRoot: true,
        ...(index === 0 ? {} : { onlyIf: 'start-limit-hit' }),
      })),
      effects: { touches: [], touchesIfUp: [], starts: [], onFailure: [], onSuccess: [], emergency: [] },
    });
    expect(await calls()).toEqual([]);
  });

  it('has the unit as its only target', async () => {
    const { targets } = await handler().plan(RESTART);
    expect(targets.map(({ id }) => id)).toEqual(['nginx.service']);
  });

  it('returns frozen data', async () => {
    const plan = await handler().plan(RESTART);
    const parts = [
      plan,
      plan.parameters,
      plan.targets,
      plan.steps,
      plan.notes,
      ...plan.targets,
      ...plan.steps,
    ];
    for (const part of parts) expect(Object.isFrozen(part)).toBe(true);
  });

  it('has every name of the unit, including the requested one', async () => {
    const ssh = failedUnit({ name: 'ssh.service', names: ['ssh.service', 'sshd.service'] });
    const [target] = (
      await handler(fakeHost({ units: [ssh] })).plan({
        action: 'restart_service',
        parameters: { service: 'sshd' },
      })
    ).targets as UnitTarget[];
    expect(target?.id).toBe('ssh.service');
    expect(target?.names).toEqual(expect.arrayContaining(['ssh.service', 'sshd.service']));
  });

  it('adds the units that a step of a custom action passes to systemctl, whether or not it names them as targets', async () => {
    const sly = defineAction({
      parse: () => ({}),
      plan: () => ({
        targets: ['the cache'],
        effect: 'x',
        steps: [
          {
            kind: 'command',
            argv: ['/usr/bin/systemctl', '--now', 'stop', 'sshd', 'a.socket'],
            needsRoot: true,
            timeoutMs: 1,
            interruptible: true,
          } as const,
        ],
      }),
      verify: verifyByCheck,
      scope: 'process',
      risk: 'reversible',
      timeoutMs: 1_000,
    });
    const executor = handler(fakeHost(), { actions: { sly: sly } });
    const { targets } = await executor.plan({ action: 'sly', parameters: {} });
    expect(targets.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['the cache', 'sshd.service', 'a.socket']),
    );
    expect(await executor.execute({ action: 'sly', parameters: {} })).toMatchObject({
      blockedBy: 'protected',
    });
  });

  it('rejects an unregistered action, with what to do', async () => {
    await expect(handler().plan({ action: 'restart-service', parameters: {} })).rejects.toThrow(
      'No action is called `restart-service`: register it in the option `actions`; did you mean `restart_service`?',
    );
  });

  it.each([
    [{}, 'Expected `service` to be a systemd unit name, got `undefined`'],
    [{ service: '../etc' }, 'Expected `service` to be a systemd unit name'],
    [{ service: 'nginx; reboot' }, 'Expected `service` to be a systemd unit name'],
    [{ service: '--force' }, 'Expected `service` to be a systemd unit name'],
    [{ service: '*' }, 'Expected `service` to be a systemd unit name'],
    [{ service: 'a.slice' }, 'Expected `service` to be a unit that can be started'],
    [{ servise: 'nginx' }, 'did you mean `service`?'],
  ])('rejects the parameters %j', async (parameters, message) => {
    await expect(handler().plan({ action: 'restart_service', parameters })).rejects.toThrow(message);
  });

  it('rejects the plan of a custom action that lacks a part, by name', async () => {
    const half = { ...ownAction(() => 1), plan: () => ({ targets: ['pool'] }) } as never;
    await expect(
      handler(fakeHost(), { actions: { half } }).plan({ action: 'half', parameters: {} }),
    ).rejects.toThrow('The plan of `half` lacks `targets`, `steps` or `effect`');
  });

  it('limits every step to the time limit of its action', async () => {
    const plan = await handler(fakeHost(), { actions: { renew_pool: ownAction(() => 1) } }).plan(RENEW);
    expect(plan.steps[0]?.timeoutMs).toBe(1_000);
  });
});

describe('PermissionHandler.execute()', () => {
  it('runs the steps of the plan, and returns their results', async () => {
    const execution = await handler().execute(RESTART);
    expect(execution).toMatchObject({
      action: 'restart_service',
      outcome: 'executed',
      success: true,
      dryRun: false,
      steps: [
        { step: START, ok: true },
        { step: RESET, ok: true, notNeeded: true },
        { step: START, ok: true, notNeeded: true },
      ],
    });
    expect(await calls()).toEqual([START]);
  });

  it('resets and starts again only if the start limit refused the start', async () => {
    vi.stubEnv('FAKE_START_ONCE', 'Job for nginx.service failed.');
    vi.stubEnv('FAKE_SHOW', 'Result=exit-code\nInvocationID=1');
    expect(await handler().execute(RESTART)).toMatchObject({
      outcome: 'executed',
      steps: [
        { step: START, ok: false, retried: true },
        { step: RESET, ok: true },
        { step: START, ok: true },
      ],
    });
    expect(await calls()).toEqual(ALL);
  });

  it('resets the start limit first if it was hit', async () => {
    const limited = fakeHost({ units: [failedUnit({ result: 'start-limit-hit' })] });
    await handler(limited).execute(RESTART);
    expect(await calls()).toEqual([RESET, START]);
  });

  it('fails with the step that failed', async () => {
    vi.stubEnv('FAKE_SYSTEMCTL', '1');
    expect(await handler().execute(RESTART)).toMatchObject({
      outcome: 'failed',
      success: false,
      error: `\`${START}\` exited with 1`,
    });
    expect(await calls()).toEqual([START]);
  });

  it('shows the same plan in a dry run, and does nothing', async () => {
    const dry = await handler().execute(RESTART, { dryRun: true });
    expect(dry).toMatchObject({ outcome: 'planned', success: true, dryRun: true, steps: [] });
    expect(dry.plan).toEqual(await handler().plan(RESTART));
    expect(await calls()).toEqual([]);
  });

  it.each([
    ['the action is not registered', { action: 'restart', parameters: {} }, 'No action is called `restart`'],
    ['its parameters are invalid', { action: 'restart_service', parameters: {} }, 'Expected `service`'],
  ])('never rejects: it fails when %s', async (_why, action, words) => {
    const execution = await handler().execute(action);
    expect(execution).toMatchObject({ outcome: 'failed', success: false, steps: [] });
    expect(execution.error).toContain(words);
  });

  it.each([
    ['protected', 'sshd', failedUnit({ name: 'sshd' })],
    ['not-allowed', 'web', failedUnit({ name: 'web', wantedBy: [] })],
    ['not-allowed', 'web', unitReading({ name: 'web' })],
    ['in-transition', 'web', failedUnit({ name: 'web', job: 'start' })],
    ['unavailable', 'nope', failedUnit()],
  ])('is checked by the safety gates also when called directly: %s %s', async (blockedBy, service, unit) => {
    for (const dryRun of [true, false]) {
      const executor = handler(fakeHost({ units: [unit] }));
      const execution = await executor.execute(
        { action: 'restart_service', parameters: { service } },
        { dryRun },
      );
      expect(execution).toMatchObject({ outcome: 'skipped', success: false, blockedBy, dryRun });
      expect(execution.error).toBeTypeOf('string');
    }
    expect(await calls()).toEqual([]);
  });

  it('acts only on the listed services if there is a list', async () => {
    const host = fakeHost({ units: [failedUnit(), failedUnit({ name: 'redis' })] });
    expect(await handler(host, { services: ['redis'] }).execute(RESTART)).toMatchObject({
      blockedBy: 'not-allowed',
    });
    expect(await handler(host, { services: ['nginx'] }).execute(RESTART)).toMatchObject({
      outcome: 'executed',
    });
    expect(await handler(host, { services: ['nginx'], protect: ['nginx'] }).execute(RESTART)).toMatchObject({
      blockedBy: 'protected',
    });
  });

  it('is skipped if the units cannot be read', async () => {
    const blind = fakeHost({ units: { unknown: 'no bus' } });
    const execution = await handler(blind).execute(RESTART);
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable' });
    expect(execution.error).toContain('no bus');
  });

  it('does not run an action twice at once, but runs services and process actions at the same time', async () => {
    let release = (): void => undefined;
    const slow = ownAction(() => new Promise<void>((resolve) => (release = resolve)), 'host');
    const actions = { slow: slow as never, renew_pool: ownAction(() => 1) as never };
    const executor = handler(fakeHost({ units: [failedUnit()] }), { actions });
    const SLOW = { action: 'slow', parameters: {} };
    const first = executor.execute(SLOW);
    await vi.waitFor(async () => {
      expect(await executor.execute(SLOW, { dryRun: true })).toMatchObject({ blockedBy: 'in-flight' });
    });
    expect(await executor.execute(SLOW)).toMatchObject({ outcome: 'skipped', blockedBy: 'in-flight' });
    expect(await executor.execute(RESTART)).toMatchObject({ outcome: 'executed' });
    expect(await executor.execute(RENEW)).toMatchObject({ outcome: 'executed' });
    release();
    expect(await first).toMatchObject({ outcome: 'executed' });
    expect(await executor.execute(RESTART)).toMatchObject({ outcome: 'executed' });
  });

  it('runs only one of two host actions that are requested at once', async () => {
    const host = fakeHost({ units: [failedUnit()] });
    const executor = handler(host);
    const outcomes = (await Promise.all([executor.execute(RESTART), executor.execute(RESTART)])).map(
      ({ outcome }) => outcome,
    );
    expect(outcomes.sort()).toEqual(['executed', 'skipped']);
    expect(await calls()).toEqual([START]);
  });

  it('starts nothing if it was stopped before, and reports that', async () => {
    const execution = await handler().execute(RESTART, { signal: AbortSignal.abort() });
    expect(execution).toMatchObject({ success: false });
    expect(execution.error).toBeTypeOf('string');
    expect(execution.outcome).not.toBe('executed');
    expect(await calls()).toEqual([]);
  });
});

describe('the privilege tier of the executor', () => {
  it('is service unless the environment says otherwise at the time of planning, not of the import', async () => {
    const executor = handler();
    expect(await executor.getStatus()).toMatchObject({ tier: 'service' });
    vi.stubEnv('LUMINOUS_DEV_MODE', 'true');
    expect(await executor.getStatus()).toMatchObject({ tier: 'development' });
  });

  it('service, not root and without a helper, gives a failed result that says what to do, announced in the plan', async () => {
    as(1000);
    const executor = handler();
    const { notes } = await executor.plan(RESTART);
    expect(notes.at(-1)).toMatch(/^Needs root: service tier: this process \(uid 1000\) is not root/);
    const execution = await executor.execute(RESTART);
    expect(execution).toMatchObject({ outcome: 'failed', success: false, steps: [] });
    expect(execution.error).toContain('LUMINOUS_DEV_MODE=1');
    expect(await calls()).toEqual([]);
  });

  it('development, not root, uses sudo -n in the plan and in the execution, and logs a warning', async () => {
    as(1000);
    vi.stubEnv('LUMINOUS_DEV_MODE', '1');
    const logger = recordingLogger();
    const executor = handler(undefined, { logger });
    const { steps } = await executor.plan(RESTART);
    for (const step of steps)
      expect(step).toMatchObject({
        kind: 'command',
        argv: expect.arrayContaining(['sudo', '-n']) as string[],
      });
    expect(await executor.execute(RESTART)).toMatchObject({ outcome: 'executed' });
    expect((await calls()).slice(-2)).toEqual([
      expect.stringMatching(/^sudo -n -- timeout --kill-after=2 \d+ systemctl /) as string,
      START,
    ]);
    expect(logger.of('warn').join()).toContain('LUMINOUS_DEV_MODE');
  });

  it('development, not root, fails with what to do if sudo needs a password', async () => {
    as(1000);
    vi.stubEnv('LUMINOUS_DEV_MODE', '1');
    vi.stubEnv('FAKE_SUDO', 'no');
    const execution = await handler().execute(RESTART);
    expect(execution).toMatchObject({ outcome: 'failed' });
    expect(execution.error).toContain('sudo without a password');
    expect((await calls()).some((line) => line.startsWith('systemctl'))).toBe(false);
  });

  it('does not matter for an action of process scope, which runs in this process', async () => {
    as(1000);
    const run = vi.fn();
    const executor = handler(fakeHost(), { actions: { renew_pool: ownAction(run) } });
    expect(await executor.execute(RENEW)).toMatchObject({
      outcome: 'executed',
      steps: [{ step: 'renew the pool' }],
    });
    expect(run).toHaveBeenCalledOnce();
  });
});

describe('executeHealingAction', () => {
  it('works as a function', async () => {
    const host = fakeHost({ units: [failedUnit()] });
    expect(
      await executeHealingAction('restart_service', { service: 'nginx' }, { host, readsThisMachine: true }),
    ).toMatchObject({
      outcome: 'executed',
    });
    expect(await calls()).toEqual([START]);
    expect(host.closed).toBe(0);
  });

  it('supports a dry run', async () => {
    const host = fakeHost({ units: [failedUnit()] });
    expect(
      await executeHealingAction(
        'restart_service',
        { service: 'nginx' },
        { host, readsThisMachine: true, dryRun: true },
      ),
    ).toMatchObject({
      outcome: 'planned',
    });
    expect(await calls()).toEqual([]);
  });
});

describe('an invalid option of the executor', () => {
  it.each([
    [{ service: ['nginx'] }, 'did you mean `services`?'],
    [{ services: 'nginx' }, 'Expected `services` to be an array'],
    [{ protect: 'nginx' }, 'Expected `protect` to be an array of strings'],
    [{ actions: { restart_service: ownAction(() => 1) } }, 'Expected `actions` to be named unlike'],
    [{ actions: { none: ownAction(() => 1) } }, 'Expected `actions` to be named unlike'],
    [{ actions: { mine: { ...ownAction(() => 1), verify: undefined } } }, 'a method `verify`'],
  ])('%o is refused', (options, message) => {
    expect(() => new NixOSPermissionHandler({ host: fakeHost(), ...(options as object) })).toThrow(message);
  });
});

describe('the conformance suite of executors', () => {
  const make = () =>
    handler(fakeHost({ units: [failedUnit()] }), { actions: { renew_pool: ownAction(() => 1) } });
  it.each(
    executorConformance(make, {
      action: RESTART,
      harmless: RENEW,
      observe: async () => (await calls()).join(),
    }),
  )('$name', ({ run }) => run());
});
