import { describe, expect, it, vi } from 'vitest';
import { defineAction, verifyByCheck } from '../../src/actions/define.js';
import { createSelfHealingEngine, quickHeal } from '../../src/engine/create.js';
import { defaults } from '../../src/engine/defaults.js';
import { SimpleDetector } from '../../src/detect/detector.js';
import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import { executeHealingAction, NixOSPermissionHandler } from '../../src/execute/permission-handler.js';
import { localHost } from '../../src/host/local-host.js';
import type { HealingOptions } from '../../src/engine/options.js';
import { failedUnit, fakeHost } from '../../src/testing/index.js';
import { issueOf } from '../make.js';

// Nothing here may change this machine: an executed action would call `touch`.
const touch = vi.fn();
const own = (scope: 'host' | 'process') =>
  defineAction({
    parse: () => ({}),
    plan: () => ({
      targets: ['thing'],
      effect: 'The thing is new',
      steps: [
        { kind: 'call', name: 'touch', run: () => void touch(), timeoutMs: 1_000, interruptible: true },
      ],
    }),
    verify: verifyByCheck,
    scope,
    risk: 'reversible',
    timeoutMs: 1_000,
  });
const OPTIONS = (): HealingOptions => ({
  host: fakeHost({ units: [failedUnit()] }),
  actions: { touch_host: own('host'), touch_self: own('process') },
  resolver: { getAction: () => ({ action: 'touch_host', parameters: {} }) },
  enabledChecks: ['services'],
});
const REFUSED = { outcome: 'skipped', blockedBy: 'unavailable', plan: { action: 'touch_host' } };
const SENTENCE = 'The engine reads a `host` that is not known to be this machine';

describe('an engine that reads another machine, without an executor,', () => {
  it.each([
    ['the class', () => new SimplifiedHealingEngine(OPTIONS())],
    ['the factory', () => createSelfHealingEngine(OPTIONS())],
    [
      'a copy of the host of this machine with another `read`',
      () =>
        createSelfHealingEngine({
          ...OPTIONS(),
          host: { ...localHost(), ...fakeHost({ units: [failedUnit()] }) },
        }),
    ],
    [
      'a detector with its own host, and no `host`',
      () => {
        const { host, enabledChecks, ...rest } = OPTIONS();
        return createSelfHealingEngine({ ...rest, detector: new SimpleDetector({ host, enabledChecks }) });
      },
    ],
    [
      'a detector that is assigned later',
      () => {
        const { host, enabledChecks, ...rest } = OPTIONS();
        const engine = createSelfHealingEngine(rest);
        engine.detector = new SimpleDetector({ host, enabledChecks });
        return engine;
      },
    ],
  ])('never acts on this machine: %s', async (_how, make) => {
    await using engine = make();
    const [result] = await engine.detectAndHeal();
    expect(result).toMatchObject(REFUSED);
    expect(result?.error).toContain(SENTENCE);
    expect(
      await engine.executor.execute({ action: 'touch_host', parameters: {} }, { approved: true }),
    ).toMatchObject({
      outcome: 'skipped',
      blockedBy: 'unavailable',
    });
    expect(await engine.healIssue(issueOf())).toMatchObject({ blockedBy: 'unavailable' });
    expect(touch).not.toHaveBeenCalled();
  });

  it('shows in a dry run the plan for that machine, with a note', async () => {
    const [result] = await quickHeal(OPTIONS());
    expect(result).toMatchObject({ outcome: 'planned' });
    expect(result?.plan?.notes.join()).toContain(SENTENCE);
    expect(await quickHeal({ ...OPTIONS(), dryRun: false })).toMatchObject([REFUSED]);
  });

  it('executes actions that affect only this process', async () => {
    await using engine = createSelfHealingEngine(OPTIONS());
    expect(await engine.executor.execute({ action: 'touch_self', parameters: {} })).toMatchObject({
      outcome: 'executed',
    });
    expect(touch).toHaveBeenCalledOnce();
    touch.mockClear();
  });

  it('cannot be bypassed by `executeHealingAction` or an executor with that host', async () => {
    const { host, actions } = OPTIONS();
    expect(await executeHealingAction('touch_host', {}, { host, actions })).toMatchObject({
      blockedBy: 'unavailable',
    });
    const executor = new NixOSPermissionHandler({ host, actions });
    expect(await executor.execute({ action: 'touch_host', parameters: {} })).toMatchObject({
      blockedBy: 'unavailable',
    });
    expect(touch).not.toHaveBeenCalled();
  });
});

describe('the host of this machine', () => {
  it('is only the object that the library created', () => {
    const host = localHost();
    expect(defaults.isThisMachine(host)).toBe(true);
    expect(defaults.isThisMachine({ ...host })).toBe(false);
    expect(defaults.isThisMachine(Object.create(host) as typeof host)).toBe(false);
  });
});
