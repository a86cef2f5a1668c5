import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BUILT_IN_ACTIONS } from '../../src/actions/built-in.js';
import { watchedUnits } from '../../src/detect/watched.js';
import type { HelperRequest } from '../../src/execute/helper-protocol.js';
import type { LocalExecutorOptions } from '../../src/execute/local-executor.js';
import { ServiceClient } from '../../src/execute/service-client.js';
import { digestOf } from '../../src/memory/approvals.js';
import type { Plan } from '../../src/model/plan.js';
import { fakeHost, unitReading } from '../../src/testing/index.js';
import { planOf, unitTargetOf } from '../make.js';
import { as, callStep, commandStep, executorWith, ownAction } from './local-executor.js';

const RESTART = { action: 'restart_service', parameters: { service: 'nginx' } };
const never = (): AbortSignal => new AbortController().signal;
/** The plan of the helper: no step of it can be run by this process. */
const PLAN: Plan = planOf({
  effect: 'The helper restarts it',
  steps: [
    { ...commandStep(['/nonexistent/systemctl', 'start', '--', 'nginx.service'], true), timeoutMs: 30_000 },
    { ...commandStep(['/nonexistent/true'], true), timeoutMs: 2_000 },
  ],
});
const DONE = { step: 'systemctl start', ok: true, durationMs: 7 };

let folder: string;
let helperSocket: string;
let server: Server;
/** Requests to the helper, in order. */
let requests: HelperRequest[];
/** Fields that replace those of a successful answer. */
let answer: object;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'executor-helper-'));
  helperSocket = join(folder, 'socket');
  [requests, answer] = [[], {}];
  vi.stubEnv('LUMINOUS_DEV_MODE', undefined);
  as(1_000);
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (line: Buffer) => {
      const request = JSON.parse(line.toString()) as HelperRequest;
      requests.push(request);
      const outcome = request.do === 'plan' ? 'planned' : 'executed';
      const steps = request.do === 'plan' ? [] : [DONE];
      const done = { version: 1, action: request.action, outcome, plan: PLAN, steps, durationMs: 86_400_000 };
      socket.end(`${JSON.stringify({ ...done, ...answer })}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(helperSocket, resolve));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});
const executor = (more: Partial<LocalExecutorOptions> = {}) => executorWith({}, { helperSocket, ...more });

describe('an action through the root helper', () => {
  it('is planned and carried out by the helper, which gets the digest of that plan', async () => {
    const { durationMs, ...execution } = await executor().execute(RESTART);
    expect(execution).toEqual({
      ...{ action: 'restart_service', outcome: 'executed', success: true, dryRun: false },
      ...{ plan: PLAN, steps: [DONE] },
    });
    // Not the duration in the answer.
    expect(durationMs).toBeLessThan(86_400_000);
    const request = { version: 1, ...RESTART };
    expect(requests).toEqual([
      { ...request, do: 'plan' },
      { ...request, do: 'execute', digest: digestOf(PLAN) },
    ]);
  });

  it('is carried out with the parameters that planning added', async () => {
    answer = { plan: { ...PLAN, parameters: { service: 'nginx', attempts: 2 } } };
    await executor().execute(RESTART);
    expect(requests[1]?.parameters).toEqual({ service: 'nginx', attempts: 2 });
  });

  it.each([true, false])('tells the helper of an approval: %s', async (approved) => {
    await executor().execute(RESTART, { approved });
    expect(requests.map((request) => request.approved)).toEqual([undefined, approved || undefined]);
  });

  it('has the time limits of all steps and of the action', async () => {
    const execute = vi.spyOn(ServiceClient.prototype, 'execute');
    await executor().execute(RESTART);
    const [[, limits] = []] = execute.mock.calls;
    // 30 s and 2 s of the steps.
    expect(limits?.timeoutMs).toBe(BUILT_IN_ACTIONS.restart_service.timeoutMs + 32_000);
  });

  it('is only planned in a dry run', async () => {
    expect(await executor().execute(RESTART, { dryRun: true })).toMatchObject({
      ...{ outcome: 'planned', plan: { effect: 'The helper restarts it' } },
    });
    expect(requests.map((request) => request.do)).toEqual(['plan']);
  });

  it('is skipped if the helper refuses it', async () => {
    answer = { outcome: 'skipped', blockedBy: 'budget', error: '6 of 6' };
    expect(await executor().execute(RESTART)).toMatchObject({ outcome: 'skipped', blockedBy: 'budget' });
    expect(requests.map((request) => request.do)).toEqual(['plan']);
  });

  it('by a plan that was made before is not planned again, nor are its units read', async () => {
    const host = fakeHost({ units: [unitReading({ activeState: 'failed', subState: 'failed' })] });
    const here = executor({ host });
    const plan = await here.plan(RESTART, never(), false);
    const reads = host.requests.length;
    expect(await here.execute(RESTART, { plan })).toMatchObject({ outcome: 'executed' });
    expect(requests.map((request) => request.do)).toEqual(['plan', 'execute']);
    expect(host.requests).toHaveLength(reads);
  });
});

describe('the root helper', () => {
  it('is not asked for the plan of an action that this process refuses', async () => {
    const policy = { services: undefined, protect: ['nginx.service'] };
    expect(await executor({ policy }).execute(RESTART)).toMatchObject({ blockedBy: 'protected' });
    expect(requests).toEqual([]);
  });

  it('is asked for the plan of an action that only lacks an approval', async () => {
    const units = [unitReading({ dragsAlong: ['app.service'] }), unitReading({ name: 'app.service' })];
    const policy = { services: watchedUnits(['nginx']), protect: [] };
    answer = { plan: { ...PLAN, targets: [unitTargetOf({ activeState: 'active', subState: 'running' })] } };
    const { effect } = await executor({ host: fakeHost({ units }), policy }).plan(RESTART, never(), false);
    expect(effect).toBe('The helper restarts it');
    expect(requests.map((request) => request.do)).toEqual(['plan']);
  });

  it('is asked whether it allows an action', async () => {
    const sentence = 'The policy does not list it';
    answer = { outcome: 'skipped', blockedBy: 'not-allowed', error: sentence, plan: undefined };
    const capabilities = await executor().capabilities(never());
    expect(capabilities.find(({ action }) => action === 'restart_service')).toEqual({
      ...{ action: 'restart_service', status: 'unavailable', reason: sentence },
    });
  });

  it('does not carry out a custom action that needs root', async () => {
    const own = ownAction(() => ({ steps: [commandStep(['true'], true)] }));
    expect(await executorWith({ own }, { helperSocket }).execute({ action: 'own', parameters: {} })).toEqual(
      expect.objectContaining({
        ...{ outcome: 'failed', steps: [] },
        error: 'Needs root: the root helper carries out the built-in actions only; run as root',
      }),
    );
    expect(requests).toEqual([]);
  });

  it('is not needed for a custom action without root', async () => {
    const own = ownAction(() => ({ steps: [callStep('one')] }));
    expect(
      await executorWith({ own }, { helperSocket }).execute({ action: 'own', parameters: {} }),
    ).toMatchObject({ outcome: 'executed', steps: [{ step: 'one' }] });
  });
});
