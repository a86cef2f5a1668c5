import { expect, it } from 'vitest';
import { allowing } from '../../../src/service/daemon/allowed-actions.js';
import { failedUnit, fakeExecutor } from '../../../src/testing/index.js';
import { benchOf } from '../../make-engine.js';

const RESTART = { action: 'restart_service', parameters: { service: 'nginx' } };

it('allowedActions changes nothing if everything is allowed', () => {
  const executor = fakeExecutor();
  expect(allowing(undefined, executor)).toBe(executor);
});

it('allowedActions plans an action that is not allowed, with that refusal, and does not execute it', async () => {
  const executor = fakeExecutor();
  const guarded = allowing(['reload_service'], executor);
  const plan = await guarded.plan(RESTART);
  expect(plan.refusal).toEqual({
    reason: 'not-allowed',
    sentence: '`restart_service` is not among the allowed actions: add it to `allowedActions` to allow it',
  });
  expect(await guarded.execute(RESTART)).toMatchObject({
    outcome: 'skipped',
    blockedBy: 'not-allowed',
    steps: [],
  });
});

it('allowedActions is a gate of the engine: the reason is reported, and nothing is repaired', async () => {
  const bench = benchOf({ units: [failedUnit({ name: 'nginx' })] }, { services: ['nginx'] });
  bench.engine.executor = allowing([], bench.engine.executor);
  const [result] = await bench.done(bench.engine.detectAndHeal());
  expect(result).toMatchObject({ outcome: 'skipped', blockedBy: 'not-allowed' });
  await bench.engine.close();
});
