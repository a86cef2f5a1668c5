import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/detect/check.js';
import { createSelfHealingEngine, quickHeal } from '../../src/engine/create.js';
import { executeHealingAction } from '../../src/execute/permission-handler.js';
import { expectStep } from '../../src/execute/expect-step.js';
import { SimplifiedHealingEngine } from '../../src/engine/engine.js';
import { SimpleDetector } from '../../src/detect/detector.js';
import { SimpleResolver } from '../../src/resolve/resolver.js';
import { acceptListen } from '../../src/observe/http/address.js';
import { defineAction } from '../../src/actions/define.js';
import type { HealingOptions } from '../../src/engine/options.js';
import { failedUnit, fakeHost, recordingLogger } from '../../src/testing/index.js';
import { benchOf, type Bench } from '../make-engine.js';
import { issueOf } from '../make.js';

const FAILED = { units: [failedUnit()] };
const RESTART = { action: 'restart_service', parameters: { service: 'nginx' } };

describe('a dry run of one call', () => {
  it.each<[string, (bench: Bench) => Promise<unknown>]>([
    ['detectAndHeal', ({ engine }) => engine.detectAndHeal({ dryRun: true })],
    ['healIssue', async ({ engine }) => [await engine.healIssue(issueOf(), { dryRun: true })]],
    ['healIssuesBatch', ({ engine }) => engine.healIssuesBatch([issueOf()], { dryRun: true })],
    ['execute', async ({ engine }) => [await engine.executor.execute(RESTART, { dryRun: true })]],
  ])('plans and changes nothing: %s', async (_name, call) => {
    const bench = benchOf(FAILED);
    expect(await bench.done(call(bench))).toMatchObject([{ outcome: 'planned', dryRun: true }]);
    expect(bench.executor.executed).toEqual([]);
    expect(bench.events('heal:started')).toEqual([]);
  });

  it('cannot override a dry run of the engine', async () => {
    const bench = benchOf(FAILED, { dryRun: true });
    expect(await bench.done(bench.engine.detectAndHeal({ dryRun: false }))).toMatchObject([
      { outcome: 'planned' },
    ]);
  });

  it.each([{ dry_run: true }, { dryrun: true }, { dryRun: 1 }, true, null, { signal: {} }])(
    'is refused as %o',
    async (how) => {
      const bench = benchOf(FAILED);
      const { engine } = bench;
      await expect(engine.detectAndHeal(how as never)).rejects.toMatchObject({ code: 'invalid-argument' });
      await expect(engine.healIssue(issueOf(), how as never)).rejects.toMatchObject({
        code: 'invalid-argument',
      });
      await expect(engine.healIssuesBatch([issueOf()], how as never)).rejects.toMatchObject({
        code: 'invalid-argument',
      });
      expect(await engine.executor.execute(RESTART, how as never)).toMatchObject({
        outcome: 'failed',
        steps: [],
      });
      const real = benchOf(FAILED, { executor: undefined });
      expect(await real.engine.executor.execute(RESTART, how as never)).toMatchObject({
        outcome: 'failed',
        steps: [],
      });
      await expect(
        executeHealingAction('restart_service', { service: 'x' }, how as never).then(({ outcome }) => {
          if (outcome === 'failed') throw new Error('refused');
        }),
      ).rejects.toThrow();
      expect(bench.executor.executed).toEqual([]);
    },
  );

  it('is refused by a method that does not support it', async () => {
    const bench = benchOf(FAILED, { executor: undefined });
    const inAction = { ...RESTART, dry_run: true };
    expect(await bench.engine.executor.execute(inAction)).toMatchObject({ outcome: 'failed' });
    bench.engine.resolver = { getAction: () => inAction };
    expect(await bench.done(bench.engine.detectAndHeal())).toMatchObject([{ outcome: 'failed' }]);
    await expect(executeHealingAction('restart_service', { dryRun: true })).rejects.toThrow(
      '`dryRun` belongs in the options',
    );
  });

  it.each([0, null, false, true, 'x', []])('quickHeal(%o) is refused', async (options) => {
    await expect(quickHeal(options as never)).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});

describe('a name of the Python API', () => {
  it('is refused on engine, detector and resolver, and is not enumerable', () => {
    const { engine } = benchOf();
    const set = (part: object, name: string) => () => Object.assign(part, { [name]: true });
    for (const name of ['dry_run', 'healing_enabled', 'detect_and_heal', 'start_monitoring', 'get_metrics'])
      expect(set(engine, name)).toThrow('it is called `');
    expect(set(engine.detector, 'enabled_checks')).toThrow('`enabledChecks`');
    expect(set(new SimpleResolver(), 'get_action')).toThrow('`getAction`');
    expect((engine as unknown as Record<string, unknown>).dry_run).toBeUndefined();
    for (const one of [engine, engine.detector]) for (const key in one) expect(key).not.toContain('_');
  });

  it('of a method is refused when the part is assigned, unless the part also has the current name', () => {
    class Python extends SimpleResolver {
      get_action = () => 1;
    }
    class Method extends SimpleResolver {}
    Object.defineProperty(Method.prototype, 'get_action', { value: () => 1 });
    class Both extends Method {
      override getAction() {
        return RESTART;
      }
    }
    const { engine } = benchOf();
    for (const resolver of [new Python(), new Method()]) {
      expect(() => (engine.resolver = resolver)).toThrow('to be called `getAction`');
      expect(() => createSelfHealingEngine({ host: fakeHost(), resolver })).toThrow(
        'to be called `getAction`',
      );
    }
    expect(() => (engine.resolver = { get_action: () => 1 } as never)).toThrow('to be called `getAction`');
    engine.resolver = new Both();
    expect(() => (engine.detector = { detect_issues: () => [] } as never)).toThrow('`detectIssues`');
    expect(new SimpleDetector({ host: fakeHost() }).enabledChecks).toContain('cpu');
  });

  it('works as a field of a subclass, and a dry run in it applies', async () => {
    for (const field of ['dry_run', 'dryRun']) {
      const { engine, executor, done } = benchOf(FAILED);
      Object.defineProperty(engine, field, { value: true, writable: true, enumerable: true });
      await done(engine.detectAndHeal());
      expect(executor.executed).toEqual([]);
    }
    class Own extends SimplifiedHealingEngine {
      mine = 1;
    }
    expect(new Own({ host: fakeHost() }).mine).toBe(1);
  });
});

describe('a mistake in the configuration', () => {
  it.each([
    ['reset: (x)', (bench: Bench) => bench.engine.reset('cpuu'), 'did you mean `cpu`?'],
    [
      'explain',
      (bench: Bench) => Promise.resolve().then(() => bench.engine.explain(5 as never)),
      '`component`',
    ],
    [
      'inspect',
      (bench: Bench) => bench.engine.detector.inspect({ componnet: 'x' } as never),
      'did you mean `component`?',
    ],
    [
      'detectIssues',
      (bench: Bench) => bench.engine.detector.detectIssues({ componnet: 'x' } as never),
      'did you mean',
    ],
  ])('is refused in one sentence: %s', async (_name, call, sentence) => {
    await expect(call(benchOf())).rejects.toThrow(sentence);
  });

  it('in an option is refused, and a number passed to `start` is a port', () => {
    expect(() => createSelfHealingEngine({ host: fakeHost(), checks: {} as never })).toThrow(
      'Expected `checks` to be an array',
    );
    expect(acceptListen(8123)).toEqual({ port: 8123 });
    for (const given of ['0.0.0.0', null, { prot: 1 }])
      expect(() => acceptListen(given)).toThrow(/Expected|Unknown option/);
  });

  it.each([
    ['restart', 'Expected `step` to be an object, got `"restart"`'],
    [{ kind: 'command', argv: 'x', timeoutMs: 1, interruptible: true, needsRoot: false }, '`step.argv`'],
    [{ kind: 'command', argv: [], timeoutMs: 1, interruptible: true, needsRoot: false }, '`step.argv`'],
    [{ kind: 'call', name: 'x', run: () => 1, interruptible: true }, '`step.timeoutMs`'],
    [{ kind: 'call', name: 'x', run: 1, timeoutMs: 1, interruptible: true }, '`step.run`'],
    [{ kind: 'comand' }, 'did you mean `command`?'],
  ])('in a step is refused: %o', (step, sentence) => {
    expect(() => expectStep('step', step)).toThrow(sentence);
  });

  it('that may be intended is one warning', async () => {
    const logger = recordingLogger();
    const check: Check = {
      name: 'api',
      component: 'api',
      type: 'service',
      run: () => ({ status: 'ok', reason: 'x' }),
    };
    await using engine = createSelfHealingEngine({
      ...{ logger, host: fakeHost(), services: ['sshd', 'nginx'], checks: [check], enabledChecks: ['cpu'] },
    });
    await engine.startMonitoring({ interval: 60_000, signal: AbortSignal.abort() });
    expect(logger.of('warn')).toEqual([
      '`services` lists sshd.service, which is protected (sshd): it is watched and never acted on',
      '`services` is not watched, because the check is not in `enabledChecks`: add `services` there',
      'The check `api` is not in `enabledChecks`, so it does not run: add it there',
      'The monitoring interval is in seconds: 60000 s is 16.7 h',
    ]);
  });

  const ok = () => ({ status: 'ok' as const, reason: 'x' });
  const api: Check = { name: 'api', component: 'api', type: 'service', run: ok };
  const mine = defineAction({
    parse: () => ({}),
    plan: () => ({ targets: [], steps: [], effect: 'nothing' }),
    verify: () => ({ status: 'fixed', reason: 'x' }),
    ...({ scope: 'process', risk: 'reversible', timeoutMs: 1 } as const),
  });

  it.each<[string, HealingOptions, string[]]>([
    ['nothing', { services: ['nginx'], checks: [{ ...api, heals: 'nginx' }] }, []],
    [
      'a protected unit that is listed',
      { services: ['sshd'] },
      ['`services` lists sshd.service, which is protected (sshd): it is watched and never acted on'],
    ],
    [
      'a unit that is listed and protected by an option',
      { services: ['nginx'], protect: ['ngi*'] },
      ['`services` lists nginx.service, which is protected (ngi*): it is watched and never acted on'],
    ],
    [
      'services without a check that reads them',
      { services: ['nginx'], enabledChecks: ['cpu'] },
      ['`services` is not watched, because the check is not in `enabledChecks`: add `services` there'],
    ],
    ['no enabled check', { enabledChecks: [] }, ['`enabledChecks` is empty, so nothing is watched']],
    [
      'a threshold of a check that does not run',
      { thresholds: { cpuPercent: 50, diskPercent: 50 }, enabledChecks: ['disk'] },
      [
        'The threshold `cpuPercent` is not used, because its check is not in `enabledChecks`: add `cpu` there',
      ],
    ],
    [
      'a check that does not run',
      { checks: [api], enabledChecks: ['cpu'] },
      ['The check `api` is not in `enabledChecks`, so it does not run: add it there'],
    ],
    [
      'a check that heals a protected unit',
      { checks: [{ ...api, heals: 'dbus' }] },
      ['The check `api` heals dbus.service, which is protected (dbus): its issues are only reported'],
    ],
    [
      'a check that heals a unit that is not listed',
      { services: ['redis'], checks: [{ ...api, heals: 'nginx' }] },
      ['The check `api` heals nginx.service, which is not in `services`: its issues are only reported'],
    ],
    [
      'a check that heals with a misspelt action',
      { checks: [{ ...api, heals: { action: 'restart_servce' } }] },
      [
        'The check `api` heals with `restart_servce`, which is not an action: did you mean `restart_service`?',
      ],
    ],
    [
      'a check that heals with an unregistered action',
      { checks: [{ ...api, heals: { action: 'frobnicate' } }] },
      ['The check `api` heals with `frobnicate`, which is not an action: register it in `actions`'],
    ],
    [
      'an action that nothing selects',
      { actions: { mine } },
      ['Nothing picks `mine` of `actions`: name it in the `heals` of a check, or pick it in a `resolver`'],
    ],
    [
      'an action that a check selects',
      { actions: { mine }, checks: [{ ...api, heals: { action: 'mine' } }] },
      [],
    ],
    [
      'an action that a resolver may select',
      { actions: { mine }, resolver: { getAction: () => RESTART } },
      [],
    ],
  ])('that may be intended is one warning, not one in each cycle: %s', async (_name, options, warnings) => {
    const { engine, logger, done } = benchOf({}, options);
    for (let cycle = 0; cycle < 3; cycle += 1) await done(engine.detectAndHeal());
    expect(logger.of('warn').filter((line) => !line.startsWith('Cannot read'))).toEqual(warnings);
  });

  it('is no warning if a resolver or check that selects the action is added later', async () => {
    for (const change of [
      ({ engine }: Bench) => void (engine.resolver = new (class extends SimpleResolver {})()),
      ({ engine }: Bench) => void engine.detector.addCheck({ ...api, heals: { action: 'mine' } }),
    ]) {
      const bench = benchOf({}, { actions: { mine } });
      change(bench);
      await bench.done(bench.engine.detectAndHeal());
      expect(bench.logger.of('warn')).toEqual([]);
    }
  });
});
