import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SimplifiedHealingEngine } from '../../src/engine.js';
import { memoryStore } from '../../src/guard/store.js';
import { fakeClock, fakeExecutor, fakeHost, recordingLogger } from '../../src/testing/index.js';

type Work = (...given: never[]) => unknown;

const HANG = 'never answers';

/** Ways in which a callback of the host program misbehaves. */
const WAYS: Readonly<Record<string, () => unknown>> = {
  'throws an Error': () => {
    throw new Error('boom');
  },
  'throws an object without a prototype': () => {
    throw Object.create(null);
  },
  'throws undefined': () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    throw undefined;
  },
  rejects: () => Promise.reject(new Error('boom')),
  'rejects with an object without a prototype': () => Promise.reject(Object.create(null) as Error),
  'rejects later': () => Promise.resolve().then(() => Promise.reject(new Error('boom'))),
  'answers nonsense': () => 42,
  'resolves nonsense': () => Promise.resolve(42),
  [HANG]: () => new Promise(() => undefined),
  'answers with a thenable that never settles': () => ({ then: () => undefined }),
};

/** Wraps a method so that it misbehaves at one call, and from then on if it is to stay so. */
function faulty<T extends object>(port: T, method: keyof T & string, at: number, way: () => unknown): T {
  let calls = 0;
  const real = port[method] as Work | undefined;
  const wrapped = (...given: never[]): unknown => ((calls += 1) === at ? way() : real?.apply(port, given));
  return Object.assign(Object.create(port) as T, { [method]: wrapped });
}

const PORTS: Readonly<Record<string, readonly string[]>> = {
  host: ['read', 'unitLog', 'nixActivity', 'activeServices'],
  detector: ['detectIssues', 'inspect'],
  resolver: ['getAction'],
  executor: ['plan', 'execute'],
  state: ['load', 'save', 'close'],
  clock: ['now', 'monotonic', 'random'],
  logger: ['info', 'warn', 'error'],
  check: ['run'],
  heals: ['heals'],
  listener: ['cycle:done', 'issue:opened', 'heal:done'],
  metrics: ['attach', 'detach'],
  approve: ['approve'],
};

const OPTIONS = ['host', 'detector', 'resolver', 'executor', 'state', 'clock', 'logger'] as const;

const issue = { type: 'service', component: 'nginx', severity: 3, description: 'down' } as const;

function partsOf(clock: ReturnType<typeof fakeClock>): Record<string, object> {
  return {
    host: { ...fakeHost({}, { clock }), unitLog: async () => [], nixActivity: async () => 0 },
    detector: {
      detectIssues: async () => [issue],
      inspect: async () => [{ ...issue, check: 'own', status: 'bad', reason: 'it is down' }],
    },
    resolver: { getAction: () => ({ action: 'restart_service', parameters: { service: 'nginx' } }) },
    executor: fakeExecutor(),
    state: { ...memoryStore(), close: () => undefined },
    clock,
    logger: recordingLogger(),
    check: { run: () => ({ status: 'bad', reason: 'down' }) },
    heals: { heals: () => undefined },
    listener: {
      'cycle:done': () => undefined,
      'issue:opened': () => undefined,
      'heal:done': () => undefined,
    },
    metrics: { attach: () => () => undefined, detach: () => undefined },
    approve: { approve: () => true },
  };
}

function engineOf(parts: Record<string, object>): SimplifiedHealingEngine {
  const own = (name: string, method: string) => (parts[name] as Record<string, Work>)[method] as never;
  const usesCheck = parts['usesCheck'] !== undefined;
  const attach = own('metrics', 'attach');
  const detach = own('metrics', 'detach');
  const engine = new SimplifiedHealingEngine({
    ...Object.fromEntries(OPTIONS.map((name) => [name, parts[name]])),
    approve: own('approve', 'approve'),
    ...(usesCheck
      ? {
          detector: undefined,
          checks: [
            {
              name: 'own',
              component: 'own',
              type: 'service',
              run: own('check', 'run'),
              heals: own('heals', 'heals'),
            },
          ],
        }
      : {}),
    metrics: [{ attach: (on: never) => withDetach((attach as Work)(on), detach) as never }],
  } as never);
  for (const name of PORTS['listener']!) engine.on(name as 'cycle:done', own('listener', name));
  return engine;
}

const withDetach = (answer: unknown, detach: unknown): unknown =>
  typeof answer === 'function' ? detach : answer;

describe('a host program', () => {
  const unowned: unknown[] = [];
  const keep = (error: unknown): void => void unowned.push(error);
  beforeEach(() => {
    unowned.length = 0;
    process.on('unhandledRejection', keep);
  });
  afterEach(() => void process.off('unhandledRejection', keep));

  it('lives, heals on and can close its engine whatever a port does, and whenever', async () => {
    let count = 0;
    const bad = new Set<string>();
    for (const [port, methods] of Object.entries(PORTS)) {
      for (const method of methods) {
        for (const [word, way] of Object.entries(WAYS)) {
          for (const at of [1, 2, 4]) {
            count += 1;
            await live(port, method, at, way, word);
            if (unowned.length > 0) bad.add(`${port}.${method} ${word} at ${at}`);
            unowned.length = 0;
          }
        }
      }
    }
    expect([...bad]).toEqual([]);
    console.info(`${count} ways of misbehaving`);
  }, 60_000);
});

/** Five cycles with a fault in one of them, then `close()`; time passes only on the fake clock. */
async function live(
  port: string,
  method: string,
  at: number,
  way: () => unknown,
  word: string,
): Promise<void> {
  const about = `${port}.${method} ${word} at call ${at}`;
  const clock = fakeClock();
  const parts = partsOf(clock);
  parts[port] = faulty(parts[port] as Record<string, unknown>, method, at, way);
  if (port === 'check' || port === 'heals') parts['usesCheck'] = {};
  let engine: SimplifiedHealingEngine;
  try {
    engine = engineOf(parts);
  } catch (error) {
    expect(port, `${about}: ${(error as Error).message}`).toBe('metrics');
    return;
  }
  const end = async (work: Promise<unknown>): Promise<boolean> => {
    let ended = false;
    const over = (): void => void (ended = true);
    work.then(over, over);
    for (let step = 0; step < 30 && !ended; step += 1) await clock.advance(step < 3 ? 1_000 : 120_000);
    return ended;
  };
  if (port !== 'check' && port !== 'heals')
    for (let cycle = 0; cycle < 5; cycle += 1)
      expect(await end(engine.detectAndHeal()), `${about}: cycle ${cycle} ended`).toBe(true);
  expect(await end(engine.close()), `${about}: close() resolved`).toBe(true);
}
