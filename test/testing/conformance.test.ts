import { describe, expect, it } from 'vitest';
import { defineAction, verifyByCheck } from '../../src/actions/define.js';
import type { Check } from '../../src/detect/check.js';
import type { Detector } from '../../src/detect/detector.js';
import type { Executor } from '../../src/execute/executor.js';
import { localHost } from '../../src/host/local-host.js';
import type { Host } from '../../src/host/host.js';
import type { Resolver } from '../../src/resolve/resolver.js';
import {
  actionConformance,
  checkConformance,
  clockConformance,
  detectorConformance,
  executorConformance,
  failedUnit,
  fakeClock,
  fakeExecutor,
  fakeHost,
  hostConformance,
  loggerConformance,
  nixosReading,
  recordingLogger,
  resolverConformance,
  systemReading,
  type ConformanceCase,
  type FakeClock,
} from '../../src/testing/index.js';
import { issueOf } from '../make.js';

/** Returns every sentence with which an adapter fails. */
async function broken(cases: readonly ConformanceCase[]): Promise<string> {
  const sentences: string[] = [];
  for (const { run } of cases) {
    await run().catch((error: unknown) => {
      expect(error).toBeInstanceOf(Error);
      sentences.push((error as Error).message);
    });
  }
  return sentences.join('\n');
}

const ACTION = { action: 'x', parameters: {} };

describe('the fakes pass the conformance suite of', () => {
  describe('fakeClock', () => {
    const elapse = (clock: ReturnType<typeof fakeClock>, ms: number) => clock.advance(ms);
    it.each(clockConformance(() => fakeClock(), { elapse }))('$name', ({ run }) => run());
  });
  describe('fakeHost', () => {
    const units = [failedUnit(), failedUnit({ name: 'a.socket' })];
    it.each(hostConformance(() => fakeHost({ units })))('$name', ({ run }) => run());
    const system = systemReading({ nixos: nixosReading() });
    const onNixos = () =>
      fakeHost({ system, unitChanges: (from, to) => (from === to ? [] : ['nginx.service']) });
    it.each(hostConformance(onNixos))('on NixOS: $name', ({ run }) => run());
  });
  describe('fakeExecutor', () => {
    it.each(executorConformance(fakeExecutorThatKnows, { action: ACTION, harmless: ACTION }))(
      '$name',
      ({ run }) => run(),
    );
  });
  describe('recordingLogger', () => {
    it.each(loggerConformance(() => recordingLogger()))('$name', ({ run }) => run());
  });
});

function fakeExecutorThatKnows(): Executor {
  const known = ({ action }: { action: string }) =>
    action === 'x' ? {} : Promise.reject(new Error(`Nobody registered \`${action}\``));
  return fakeExecutor({ plan: known });
}

describe('the host of this machine passes the conformance suite', () => {
  it.each(hostConformance(() => localHost()))('$name', ({ run }) => run());
});

describe('a host that violates a requirement is reported', () => {
  const hostOf = (
    read: (host: ReturnType<typeof fakeHost>, request: Parameters<Host['read']>[0]) => unknown,
  ): Host => {
    const host = fakeHost({ units: [failedUnit()] });
    return { read: (request) => read(host, request) as never };
  };

  it.each([
    [
      'throws',
      () => {
        throw new Error('no /proc');
      },
      'must not fail, and failed with: no /proc',
    ],
    ['rejects', () => Promise.reject(new Error('no /proc')), 'must not fail'],
    [
      'returns NaN for an unknown value',
      (host: ReturnType<typeof fakeHost>) => ({
        ...host.read(),
        load: { one: NaN, five: 0, fifteen: 0, cpus: 4 },
      }),
      'NaN: what could not be read is unknown',
    ],
    [
      'returns 140 %',
      (host: ReturnType<typeof fakeHost>) => ({ ...host.read(), cpu: { percent: 140, cpus: 4 } }),
      'a CPU use of 140 %',
    ],
    [
      'has no reason for an unknown value',
      (host: ReturnType<typeof fakeHost>) => ({ ...host.read(), cpu: { unknown: '' } }),
      'unknown without a reason',
    ],
    [
      'lacks a part',
      (host: ReturnType<typeof fakeHost>) => ({ ...host.read(), system: undefined }),
      'returned no system',
    ],
    [
      'returns readings that were not requested',
      (host: ReturnType<typeof fakeHost>) => host.read(),
      'Asked for nothing, it returned cpu',
    ],
    [
      'drops units',
      (host: ReturnType<typeof fakeHost>, request: Parameters<Host['read']>[0]) =>
        host.read({ ...request, units: [] }),
      'it returned none',
    ],
    [
      'discovers units without a request',
      (host: ReturnType<typeof fakeHost>, request: Parameters<Host['read']>[0]) =>
        host.read({ ...request, discover: true }),
      'units that were not requested',
    ],
  ])('when it %s', async (_how, read, sentence) => {
    expect(await broken(hostConformance(() => hostOf(read)))).toContain(sentence);
  });
});

describe('an executor that violates a requirement is reported', () => {
  const executorOf = (more: Partial<Executor>) => (): Executor => ({ ...fakeExecutorThatKnows(), ...more });
  const sentences = (more: Partial<Executor>, observe?: () => string) =>
    broken(
      executorConformance(executorOf(more), {
        action: ACTION,
        harmless: ACTION,
        ...(observe ? { observe } : {}),
      }),
    );
  const execution = {
    action: 'x',
    outcome: 'executed',
    success: true,
    dryRun: false,
    steps: [],
    durationMs: 1,
  } as const;

  it('when it rejects', async () => {
    expect(await sentences({ execute: () => Promise.reject(new Error('no')) })).toContain(
      '`execute` must not fail',
    );
  });
  it('when it carries out a dry run', async () => {
    const told = await sentences({ execute: () => Promise.resolve({ ...execution, dryRun: true }) });
    expect(told).toContain('A dry run was carried out');
    expect(told).toContain('An unknown action');
    expect(told).toContain('although it was stopped before');
  });
  it('when it reports success with the outcome failed', async () => {
    const told = await sentences({
      execute: () => Promise.resolve({ ...execution, outcome: 'failed' as const }),
    });
    expect(told).toContain('with `success` true');
  });
  it('when it fails without a reason', async () => {
    const failed = { ...execution, outcome: 'failed', success: false } as const;
    expect(await sentences({ execute: () => Promise.resolve(failed) })).toContain(
      'without an error that says why',
    );
  });
  it('when planning changes something', async () => {
    let changed = 0;
    const { plan } = fakeExecutor();
    const told = await sentences({ plan: (action) => ((changed += 1), plan(action)) }, () => String(changed));
    expect(told).toContain('`plan` changed something');
  });
});

describe('a clock that violates a requirement is reported', () => {
  it.each([
    ['returns seconds', { now: () => 1_735_689_600 }, 'that is seconds'],
    ['goes back', { monotonic: () => -performance.now() }, 'went back'],
    ['returns 1 as a random number', { random: () => 1 }, '`random` returned 1'],
    ['does not sleep', { sleep: () => Promise.resolve() }, 'must reject, and did not'],
  ])('when it %s', async (_how, more, sentence) => {
    const make = (): FakeClock => ({ ...fakeClock(), ...more });
    const elapse = (clock: FakeClock, ms: number) => clock.advance(ms);
    expect(await broken(clockConformance(make, { elapse }))).toContain(sentence);
  });
});

describe('a resolver that violates a requirement is reported', () => {
  it.each([
    ['returns a promise', () => Promise.resolve(ACTION), 'it must answer at once'],
    [
      'throws',
      () => {
        throw new Error('no table');
      },
      'failed with: no table',
    ],
    ['returns nothing', () => undefined, 'which is not { action, parameters }'],
    ['modifies the issue', (issue: { attempt?: number }) => ((issue.attempt = 5), ACTION), 'must not fail'],
    [
      'is random',
      (() => {
        let i = 0;
        return () => ({ action: `a${(i += 1)}`, parameters: {} });
      })(),
      'and then',
    ],
  ])('when it %s', async (_how, getAction, sentence) => {
    expect(await broken(resolverConformance(() => ({ getAction }) as unknown as Resolver))).toContain(
      sentence,
    );
  });

  it('and a custom kind of issue is covered, too', async () => {
    const resolver = {
      getAction: ({ component }: { component: string }) => (component === 'odd' ? null : ACTION),
    };
    const issues = [issueOf({ component: 'odd' })];
    expect(await broken(resolverConformance(() => resolver as Resolver, { issues }))).toContain(
      '`getAction` for odd',
    );
  });
});

describe('a detector that violates a requirement is reported', () => {
  it.each([
    ['rejects', () => Promise.reject(new Error('no'))],
    ['returns an incomplete issue', () => Promise.resolve([{ component: 'x' }])],
    ['returns an issue without a date', () => Promise.resolve([{ ...issueOf(), timestamp: 'today' }])],
    ['returns a verdict on another component', () => Promise.resolve([issueOf({ component: 'other' })])],
  ])('when it %s', async (_how, detectIssues) => {
    expect(await broken(detectorConformance(() => ({ detectIssues }) as unknown as Detector))).not.toBe('');
  });
});

describe('a check that violates a requirement is reported', () => {
  const checkOf = (run: unknown): Check => ({
    name: 'mine',
    component: 'mine',
    type: 'resource',
    run: run as Check['run'],
  });
  it.each([
    [
      'throws if nothing can be read',
      (snapshot: { cpu: { percent: number } }) => ({ status: 'ok', reason: snapshot.cpu.percent.toFixed() }),
      'must not fail',
    ],
    ['gives no reason', () => ({ status: 'bad' }), 'without a reason'],
    ['gives NaN', () => ({ status: 'bad', reason: 'x', value: NaN }), 'the value NaN'],
    [
      'modifies the snapshot',
      (snapshot: { timestamp: number }) => ((snapshot.timestamp = 0), { status: 'ok', reason: 'x' }),
      'must not fail',
    ],
  ])('when it %s', async (_how, run, sentence) => {
    expect(await broken(checkConformance(() => checkOf(run)))).toContain(sentence);
  });
});

describe('an action that violates a requirement is reported', () => {
  const whole = defineAction({
    parse: (parameters) => parameters,
    plan: () => ({
      targets: ['x'],
      effect: 'x is new',
      steps: [{ kind: 'call' as const, name: 'x', run: () => 1, timeoutMs: 1, interruptible: true }],
    }),
    verify: verifyByCheck,
    scope: 'process' as const,
    risk: 'reversible' as const,
    timeoutMs: 1_000,
  });
  const sentences = (
    more: Partial<typeof whole>,
    refused: readonly Readonly<Record<string, unknown>>[] = [],
  ) => broken(actionConformance(() => ({ ...whole, ...more }), { parameters: {}, refused }));

  it('but a complete action is not', async () => {
    expect(await sentences({})).toBe('');
  });
  it.each([
    ['has no target', { plan: () => ({ targets: [], steps: [], effect: 'x' }) }, 'empty list of targets'],
    [
      'has neither steps nor a refusal',
      { plan: () => ({ targets: ['x'], steps: [], effect: 'x' }) },
      'neither steps nor a refusal',
    ],
    ['throws in `plan`', { plan: () => Promise.reject(new Error('no')) }, '`plan` must not fail'],
    [
      'verifies without a reason',
      { verify: () => ({ status: 'fixed' as const, reason: '' }) },
      'without a reason',
    ],
  ])('when it %s', async (_how, more, sentence) => {
    expect(await sentences(more)).toContain(sentence);
  });
  it('when it accepts invalid parameters', async () => {
    expect(await sentences({}, [{ wrong: 1 }])).toContain('which it must reject');
  });
});
