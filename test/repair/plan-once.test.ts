import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { restartService } from '../../src/actions/restart-service.js';
import { NixOSPermissionHandler } from '../../src/execute/permission-handler.js';
import { digestOf } from '../../src/memory/approvals.js';
import type { Plan } from '../../src/model/plan.js';
import { failedUnit, fakeHost, unitReading } from '../../src/testing/index.js';
import { benchOf } from '../make-engine.js';
import { planOf, unitTargetOf } from '../make.js';

const BIN = fileURLToPath(new URL('../fixtures/bin', import.meta.url));
const RESTART = { action: 'restart_service', parameters: { service: 'nginx' } };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plan-once-'));
  vi.stubEnv('PATH', `${BIN}${delimiter}${process.env.PATH ?? ''}`);
  vi.stubEnv('FAKE_LOG', join(folder, 'log'));
  vi.stubEnv('LUMINOUS_DEV_MODE', undefined);
  vi.spyOn(process as { getuid: () => number }, 'getuid').mockReturnValue(0);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const commands = async (): Promise<string[]> =>
  (await readFile(join(folder, 'log'), 'utf8').catch(() => '')).split('\n').filter(Boolean);

describe('the repair of one issue', () => {
  it('has one plan and at most 8 reads of the host', async () => {
    const plan = vi.spyOn(restartService, 'plan');
    const bench = benchOf({ units: [failedUnit()] }, { services: ['nginx'], executor: undefined });
    const readsBefore = bench.host.requests.length;
    const healing = bench.engine.detectAndHeal();
    const [result] = await bench.done(healing);
    expect(result?.actionTaken).toBe('restart_service');
    expect(plan).toHaveBeenCalledTimes(1);
    expect(bench.host.requests.length - readsBefore).toBeLessThanOrEqual(8);
    expect(await commands()).toEqual(['systemctl --no-ask-password start -- nginx.service']);
  });
});

describe('a plan that changes between two calls', () => {
  const planFor = (service: string): Partial<Plan> => ({
    ...planOf({ targets: [unitTargetOf({ id: `${service}.service` })] }),
    steps: [
      {
        ...{ kind: 'command', argv: ['systemctl', 'start', service], needsRoot: true },
        ...{ timeoutMs: 1_000, interruptible: true },
      },
    ],
  });

  it('runs as announced: the executor gets the plan that was checked', async () => {
    let next = 'a';
    const given: (Plan | undefined)[] = [];
    const bench = benchOf(
      { units: [failedUnit()] },
      {
        services: ['nginx', 'a', 'b'],
        fake: { plan: () => planFor(next), act: (_action, { plan }) => void given.push(plan) },
      },
    );
    bench.engine.on('heal:planned', () => (next = 'b'));
    const [result] = await bench.done(bench.engine.detectAndHeal());
    const [announced] = bench.events('heal:planned');
    expect(given).toEqual([announced?.plan]);
    expect(result?.plan).toBe(announced?.plan);
    expect(digestOf(given[0]!)).toBe(digestOf(planFor('a') as Plan));
  });

  it('that the executor executes nevertheless is reported as a failure, and read again', async () => {
    const bench = benchOf({ units: [failedUnit()] }, { services: ['nginx'] });
    bench.executor.next({ plan: planFor('other') as Plan });
    const [result] = await bench.done(bench.engine.detectAndHeal());
    expect(result).toMatchObject({ outcome: 'failed', success: false });
    expect(result?.error).toContain('another plan than the one that was announced');
  });
});

describe('execute() with a plan', () => {
  const handlerOn = (host = fakeHost({ units: [failedUnit()] })) => ({
    host,
    executor: new NixOSPermissionHandler({ host, readsThisMachine: true, services: ['nginx'] }),
  });

  it('runs that plan without planning again, and reads its units once more', async () => {
    const { host, executor } = handlerOn();
    const plan = await executor.plan(RESTART);
    const spy = vi.spyOn(restartService, 'plan');
    const reads = host.requests.length;
    const execution = await executor.execute(RESTART, { plan });
    expect(execution).toMatchObject({ outcome: 'executed', plan });
    expect(spy).not.toHaveBeenCalled();
    expect(host.requests.length - reads).toBe(1);
  });

  it('accepts an equal plan from elsewhere, and verifies it by planning again', async () => {
    const { executor } = handlerOn();
    const plan = await handlerOn().executor.plan(RESTART);
    expect(await executor.execute(RESTART, { plan })).toMatchObject({ outcome: 'executed' });
  });

  it('refuses an outdated plan, and runs nothing', async () => {
    const { host, executor } = handlerOn();
    const plan = await handlerOn().executor.plan(RESTART);
    host.setUnit('nginx', unitReading());
    const execution = await executor.execute(RESTART, { plan });
    expect(execution).toMatchObject({ outcome: 'skipped', blockedBy: 'unavailable' });
    expect(execution.error).toContain('plan it again');
    expect(await commands()).toEqual([]);
  });

  it('refuses a manually changed plan, and runs nothing', async () => {
    const { executor } = handlerOn();
    const plan = await executor.plan(RESTART);
    const [step] = plan.steps;
    const forged = { ...plan, steps: [{ ...step, argv: ['systemctl', 'poweroff'] }] } as Plan;
    expect(await executor.execute(RESTART, { plan: forged })).toMatchObject({ blockedBy: 'unavailable' });
    expect(await commands()).toEqual([]);
  });

  it('refuses the plan if systemd has a job for the unit', async () => {
    const { host, executor } = handlerOn();
    const plan = await executor.plan(RESTART);
    host.setUnit('nginx', unitReading({ activeState: 'activating', subState: 'start', job: 'start' }));
    expect(await executor.execute(RESTART, { plan })).toMatchObject({ blockedBy: 'in-transition' });
    expect(await commands()).toEqual([]);
  });

  it.each([{ plan: 'x' }, { plan: {} }, { plan: null }, { onPlan: 1 }])(
    'refuses %j in one sentence',
    async (bad) => {
      const execution = await handlerOn().executor.execute(RESTART, bad as never);
      expect(execution).toMatchObject({ outcome: 'failed', success: false });
      expect(execution.error).toMatch(/^Expected `(plan|onPlan)` to be /);
    },
  );
});
