import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import hooks from 'node:perf_hooks';
import v8 from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventLoop, heap, part, pressure, worker, type PartOptions } from '../../src/checks/index.js';
import { healthySnapshot } from '../../src/testing/index.js';
import { verdictOf } from './house.js';

const readings = {
  heap: { used_heap_size: 50, heap_size_limit: 100 },
  delay: { count: 0, ms: 0, asked: [] as number[], resets: 0, enabled: 0, resolution: 0 },
};
/** Replaces what Node measures by these readings; also for modules that are loaded already. */
function measured(): void {
  vi.spyOn(v8, 'getHeapStatistics').mockImplementation(() => readings.heap as never);
  vi.spyOn(hooks, 'monitorEventLoopDelay').mockImplementation(({ resolution = 0 } = {}) => {
    const { delay } = readings;
    delay.resolution = resolution;
    return {
      enable: () => (delay.enabled += 1),
      reset: () => (delay.resets += 1),
      get count() {
        return delay.count;
      },
      percentile: (of: number) => {
        delay.asked.push(of);
        return delay.ms * 1e6;
      },
    } as never;
  });
  syncBuiltinESMExports();
}
beforeEach(measured);
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

describe('the check heap', () => {
  it.each([
    [90, undefined, 'ok', 'heap is used by 90.0 %'],
    [91, undefined, 'bad', 'use of the heap is 91.0 %, over 90.0 %'],
    [50, 50, 'ok', 'heap is used by 50.0 %'],
    [51, 50, 'bad', 'use of the heap is 51.0 %, over 50.0 %'],
  ])('with %d of 100 used and at most %s is judged', async (used, maxPercent, status, reason) => {
    readings.heap = { used_heap_size: used * 10, heap_size_limit: 1_000 };
    const check = heap(maxPercent === undefined ? {} : { maxPercent });
    expect(await verdictOf(check)).toMatchObject({ status, reason, value: used });
    expect(check).toMatchObject({ name: 'heap', type: 'service' });
  });
});

describe('the check eventLoop', () => {
  const judge = async (ms: number, options: object = {}) => {
    Object.assign(readings.delay, { count: 0, ms, asked: [], resets: 0, enabled: 0 });
    const check = eventLoop(options);
    const first = await verdictOf(check);
    readings.delay.count = 5;
    return { first, second: await verdictOf(check), check };
  };

  it.each([
    [520, {}, 'ok', 'eventLoop is 500 ms late', 500],
    [521, {}, 'bad', 'delay of the event loop is 501 ms, over 500 ms', 501],
    [70, { maxDelayMs: 50 }, 'ok', 'eventLoop is 50 ms late', 50],
    [71, { maxDelayMs: 50 }, 'bad', 'delay of the event loop is 51 ms, over 50 ms', 51],
    [19, {}, 'ok', 'eventLoop is 0 ms late', 0],
  ])(
    'with timers %d ms apart and %o is judged without the 20 ms between them',
    async (ms, options, status, reason, value) => {
      const { first, second } = await judge(ms, options);
      expect(first).toEqual({ status: 'unknown', reason: 'eventLoop: it needs two readings' });
      expect(second).toMatchObject({ status, reason, value });
    },
  );

  it('looks at the 99th percentile since the run before, or at the one that was asked for', async () => {
    const { check } = await judge(30);
    await verdictOf(check);
    expect(readings.delay).toMatchObject({ asked: [99, 99], resets: 2, enabled: 1, resolution: 20 });
    await judge(30, { percentile: 50 });
    expect(readings.delay.asked).toEqual([50]);
    expect(check).toMatchObject({ name: 'eventLoop', type: 'service' });
  });
});

describe('the check pressure', () => {
  const snapshot = healthySnapshot({
    pressure: { cpu: { some: 60 }, memory: { some: 10, full: 5 }, io: { unknown: 'no PSI' } },
  });

  it.each([
    [{ resource: 'cpu', maxPercent: 60 }, 'ok', 'some of pressure:cpu is 60.0 %'],
    [{ resource: 'cpu', maxPercent: 59 }, 'bad', 'some of pressure:cpu is 60.0 %, over 59.0 %'],
    [{ resource: 'memory', maxPercent: 10 }, 'ok', 'some of pressure:memory is 10.0 %'],
    [
      { resource: 'memory', of: 'some', maxPercent: 9 },
      'bad',
      'some of pressure:memory is 10.0 %, over 9.0 %',
    ],
    [{ resource: 'memory', of: 'full', maxPercent: 5 }, 'ok', 'full of pressure:memory is 5.0 %'],
    [
      { resource: 'memory', of: 'full', maxPercent: 4 },
      'bad',
      'full of pressure:memory is 5.0 %, over 4.0 %',
    ],
    [{ resource: 'io', maxPercent: 1 }, 'unknown', 'pressure:io: no PSI'],
  ] as const)('%o is %s: %s', async (options, status, reason) => {
    const check = pressure(options);
    const verdict = await verdictOf(check, snapshot);
    expect(verdict).toMatchObject({ status, reason });
    expect(verdict.valueUnit).toBe(status === 'unknown' ? undefined : '%');
    expect(check).toMatchObject({
      name: `pressure:${options.resource}`,
      type: 'resource',
      parts: ['pressure'],
    });
  });

  it('is unknown when no pressure can be read', async () => {
    const blind = healthySnapshot({ pressure: { unknown: 'not here' } });
    expect(await verdictOf(pressure({ resource: 'cpu', maxPercent: 1 }), blind)).toEqual({
      ...{ status: 'unknown', reason: 'pressure:cpu: not here' },
    });
  });
});

describe('the check worker', () => {
  class FakeWorker extends EventEmitter {
    threadId = 1;
    asked: unknown[] = [];
    answers: unknown[] = [];
    postMessage(message: unknown): void {
      this.asked.push(message);
      for (const answer of this.answers) this.emit(answer === 'exit' ? 'exit' : 'message', answer);
    }
  }
  const judge = async (fake: unknown, options: object = {}) =>
    verdictOf(worker({ worker: () => fake as Worker, ...options }));

  it('is bad without a worker, or with one that has ended', async () => {
    const ended = new FakeWorker();
    ended.threadId = -1;
    expect(await judge(undefined)).toEqual({ status: 'bad', reason: 'worker is not there' });
    expect(await judge(ended, { name: 'queue' })).toEqual({ status: 'bad', reason: 'queue has ended' });
    const first = new FakeWorker();
    first.threadId = 0;
    expect(await judge(first)).toEqual({ status: 'ok', reason: 'worker runs' });
    expect(first.asked).toEqual([]);
    expect(worker({ worker: () => undefined })).toMatchObject({ name: 'worker', type: 'service' });
  });

  it.each<[string, unknown[], object, object]>([
    [
      'any answer',
      ['pong'],
      {},
      { status: 'ok', reason: 'worker answers', value: expect.any(Number) as number },
    ],
    ['its end', ['exit'], {}, { status: 'bad', reason: 'worker has ended' }],
    [
      'the right answer after others',
      [1, 2],
      { isPong: (message: unknown) => message === 2 },
      { status: 'ok', reason: 'worker answers' },
    ],
    [
      'the wrong answer, and its end',
      [1, 'exit'],
      { isPong: (message: unknown) => message === 2 },
      { status: 'bad', reason: 'worker has ended' },
    ],
  ])('waits for %s', async (_what, answers, options, verdict) => {
    const fake = new FakeWorker();
    fake.answers = answers;
    expect(await judge(fake, { ping: 'ping', ...options })).toMatchObject(verdict);
    expect(fake.asked).toEqual(['ping']);
    expect([fake.listenerCount('message'), fake.listenerCount('exit')]).toEqual([0, 0]);
  });

  it('tells how long the answer took, in milliseconds', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    vi.advanceTimersByTime(1_000);
    const fake = new FakeWorker();
    fake.answers = ['pong'];
    fake.on('message', () => vi.advanceTimersByTime(7));
    expect(await judge(fake, { ping: 'ping' })).toMatchObject({ status: 'ok', value: 7, valueUnit: 'ms' });
  });

  it('is bad when it does not answer, and no listener is left behind', async () => {
    vi.useFakeTimers();
    const fake = new FakeWorker();
    const judged = judge(fake, { ping: 0, timeoutMs: 100 });
    await vi.advanceTimersByTimeAsync(200);
    expect(await judged).toEqual({ status: 'bad', reason: 'worker did not answer within 100 ms' });
    expect([fake.listenerCount('message'), fake.listenerCount('exit')]).toEqual([0, 0]);
  });

  it.each([
    [{ ping: 1, isPong: 1 }, '`worker.isPong` to be a function'],
    [{ worker: undefined }, '`worker.worker` to be given'],
    [{ name: '' }, '`worker.name` to be a non-empty string'],
  ])('refuses %o', (options, sentence) => {
    expect(() => worker({ worker: () => undefined, ...options } as never)).toThrow(sentence);
  });

  it('refuses what is no worker', async () => {
    await expect(judge({ postMessage: () => undefined })).rejects.toThrow(
      'Expected `worker` to be an object with a method `on`',
    );
    await expect(judge({ on: () => undefined })).rejects.toThrow('a method `postMessage`');
  });
});

describe('part()', () => {
  const made = (options: Partial<PartOptions>) => part({ name: 'cache', check: () => true, ...options });
  const repaired = async (check: ReturnType<typeof part>): Promise<void> => {
    await (check.heals as (context: never) => unknown)({} as never);
  };

  it.each([
    [true, { status: 'ok', reason: 'cache is well' }],
    [false, { status: 'bad', reason: 'cache is not well' }],
    [
      { status: 'unknown', reason: 'no bus' },
      { status: 'unknown', reason: 'no bus' },
    ],
  ] as const)('with the answer %o is judged', async (answer, verdict) => {
    expect(await verdictOf(made({ check: () => answer }))).toEqual(verdict);
    expect(await verdictOf(made({ check: () => Promise.resolve(answer) }))).toEqual(verdict);
  });

  it('shows its check the signal and the readings', async () => {
    const check = vi.fn(() => true);
    const snapshot = healthySnapshot();
    const { signal } = new AbortController();
    await made({ check }).run(snapshot, { signal });
    expect(check).toHaveBeenCalledWith({ signal, snapshot });
  });

  it('is proved after a repair, until the proof has passed once', async () => {
    const answers: unknown[] = [false, Promise.reject(new Error('no answer')), undefined];
    const proof = vi.fn(() => answers.shift());
    const check = made({ repair: () => undefined, proof });
    expect((await verdictOf(check)).status).toBe('ok');
    expect(proof).not.toHaveBeenCalled();
    await repaired(check);
    expect(await verdictOf(check)).toEqual({ status: 'bad', reason: 'cache is well, but its proof says no' });
    expect(await verdictOf(check)).toEqual({
      ...{ status: 'bad', reason: 'cache is well, but its proof failed: no answer' },
    });
    expect((await verdictOf(check)).status).toBe('ok');
    expect((await verdictOf(check)).status).toBe('ok');
    expect(proof).toHaveBeenCalledTimes(3);
  });

  it('is not proved while it is not well', async () => {
    const proof = vi.fn();
    const check = made({ check: () => false, repair: () => undefined, proof });
    await repaired(check);
    expect((await verdictOf(check)).status).toBe('bad');
    expect(proof).not.toHaveBeenCalled();
  });

  it('is repaired by its function, whose name a plan shows', async () => {
    const reconnect = vi.fn(() => 'done');
    const named = function reconnectCache(): void {
      reconnect();
    };
    expect(made({ repair: named }).heals).toBe(named);
    const check = made({ repair: named, proof: () => true });
    expect((check.heals as { name: string }).name).toBe('reconnectCache');
    await repaired(check);
    expect(reconnect).toHaveBeenCalledTimes(1);
    expect(made({})).not.toHaveProperty('heals');
    expect(made({})).toMatchObject({ name: 'cache', type: 'service' });
  });

  it.each([
    [{ check: 1 }, '`part.check` to be a function'],
    [{ repair: 'nginx' }, '`part.repair` to be a function'],
    [{ repair: () => 1, proof: 1 }, '`part.proof` to be a function'],
    [{ name: undefined }, '`part.name` to be given'],
    [{ heals: 'nginx' }, '`part.heals` to be left out: `repair` repairs a part'],
    [{ proof: () => true }, '`part.repair` to be given with `proof`'],
  ])('refuses %o', (options, sentence) => {
    expect(() => made(options as never)).toThrow(sentence);
  });
});
