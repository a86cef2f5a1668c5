import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import { eventLoop, heap, part, worker, type Check } from '../../src/checks/index.js';
import type { Verdict } from '../../src/model/issue.js';
import { checkConformance } from '../../src/testing/index.js';
import { benchOf } from '../make-engine.js';
import { certain, verdictOf } from './house.js';

describe('the check eventLoop', () => {
  it('needs two readings, and is bad after this program was busy', async () => {
    const check = eventLoop({ maxDelayMs: 50, percentile: 100 });
    expect(await verdictOf(check)).toMatchObject({ status: 'unknown' });
    await new Promise((resolve) => setTimeout(resolve, 60));
    const until = performance.now() + 200;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await verdictOf(check)).toMatchObject({ status: 'bad', threshold: 50 });
  });
});

describe('the check heap', () => {
  it('compares the heap with its limit', async () => {
    expect(await verdictOf(heap({ maxPercent: 100 }))).toMatchObject({ status: 'ok' });
    expect(await verdictOf(heap({ maxPercent: 0 }))).toMatchObject({ status: 'bad' });
  });
});

describe('the check worker', () => {
  it('is ok while the worker answers, and bad when it is stuck, has ended or is missing', async () => {
    const code = `const { parentPort } = require('node:worker_threads');
      parentPort.on('message', (message) => { if (message === 'stuck') for (;;); parentPort.postMessage('pong'); });`;
    let current: Worker | undefined = new Worker(code, { eval: true });
    await once(current, 'online');
    const asks = worker({
      worker: () => current,
      ping: 'ping',
      isPong: (message) => message === 'pong',
      timeoutMs: 200,
    });
    const looks = worker({ worker: () => current });
    expect(await verdictOf(worker({ worker: () => current, ping: 'ping' }))).toMatchObject({ status: 'ok' });
    expect(await verdictOf(looks)).toMatchObject({ status: 'ok' });
    current.postMessage('stuck');
    expect(await certain(asks)).toMatchObject({ status: 'bad' });
    await current.terminate();
    expect(await verdictOf(looks)).toMatchObject({ status: 'bad', reason: 'worker has ended' });
    current = undefined;
    expect(await verdictOf(looks)).toMatchObject({ status: 'bad', reason: 'worker is not there' });
  });
});

describe('part()', () => {
  const healed = async (check: Check) => {
    const options = { checks: [check], enabledChecks: [check.name], executor: undefined };
    const bench = benchOf({}, options);
    const [result] = await bench.done(bench.engine.detectAndHeal());
    return result;
  };

  it('returns one object with check, repair and proof', async () => {
    let open = false;
    const repair = vi.fn(() => void (open = true));
    const proof = vi.fn(() => Promise.resolve(true));
    const result = await healed(part({ name: 'cache', check: () => open, repair, proof }));
    expect(result).toMatchObject({
      outcome: 'fixed',
      actionTaken: 'heal:cache',
      issue: { component: 'cache' },
    });
    expect([repair.mock.calls.length, proof.mock.calls.length]).toEqual([1, 1]);
  });

  it('is not fixed when its proof is negative, though the check is ok again', async () => {
    let open = false;
    const repair = (): void => void (open = true);
    const result = await healed(
      part({ name: 'cache', check: () => open, repair, proof: () => false, settleMs: 2_000 }),
    );
    expect(result).toMatchObject({ success: false, outcome: 'ineffective' });
    expect(result?.error).toContain('its proof says no');
  });

  it('is not fixed when its check stays bad, whatever the proof says', async () => {
    const result = await healed(
      part({ name: 'cache', check: () => false, repair: () => 1, proof: () => true, settleMs: 2_000 }),
    );
    expect(result).toMatchObject({ outcome: 'ineffective' });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no disk');
      },
      'no disk',
    ],
    ['rejects', () => Promise.reject(new Error('no disk')), 'no disk'],
  ])('is failed when its repair %s', async (_, repair, sentence) => {
    const result = await healed(part({ name: 'cache', check: () => false, repair, settleMs: 2_000 }));
    expect(result).toMatchObject({ outcome: 'failed', success: false });
    expect(result?.error).toContain(sentence);
  });

  it('is fixed when its check is ok, although its repair failed', async () => {
    let open = false;
    const repair = () => {
      open = true;
      throw new Error('half done');
    };
    const result = await healed(part({ name: 'cache', check: () => open, repair, settleMs: 2_000 }));
    expect(result).toMatchObject({ outcome: 'fixed' });
  });

  it.each(['repair', 'proof'])(
    'is not fixed when its %s never answers, and the engine continues',
    async (hangs) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      try {
        let open = false;
        let ended = false;
        const never = () => new Promise<never>(() => undefined);
        const check = part({
          ...{ name: 'cache', settleMs: 2_000, timeoutMs: 1_000, check: () => open },
          repair: hangs === 'repair' ? never : () => void (open = true),
          proof: hangs === 'proof' ? never : () => true,
        });
        const healing = healed(check).finally(() => (ended = true));
        while (!ended) {
          await vi.advanceTimersByTimeAsync(1_000);
          await new Promise((resolve) => setImmediate(resolve));
        }
        const result = await healing;
        expect(result?.success).toBe(false);
        expect(result?.outcome).not.toBe('fixed');
        expect(result?.error).toMatch(hangs === 'repair' ? /not done within 1 min/ : /could not be verified/);
      } finally {
        vi.useRealTimers();
      }
    },
  );

  it.each([
    ['rejects', () => Promise.reject(new Error('no answer'))],
    ['is no', () => false],
  ])('is not fixed when its proof %s', async (_, proof) => {
    let open = false;
    const repair = (): void => void (open = true);
    const result = await healed(part({ name: 'cache', check: () => open, repair, proof, settleMs: 2_000 }));
    expect(result?.success).toBe(false);
    expect(result?.outcome).not.toBe('fixed');
  });

  it('may return a verdict, and is only reported without a repair', async () => {
    const bad: Verdict = { status: 'bad', reason: '12 jobs wait', value: 12, threshold: 10 };
    expect(await healed(part({ name: 'queue', check: () => bad }))).toMatchObject({
      blockedBy: 'no-action',
      issue: { description: '12 jobs wait', metricValue: 12 },
    });
  });
});

describe.each([
  ['eventLoop', () => eventLoop()],
  ['heap', () => heap()],
  ['part', () => part({ name: 'x', check: () => true })],
  ['worker', () => worker({ worker: () => undefined })],
])('%s passes the conformance suite of checks', (_name, make) => {
  for (const { name, run } of checkConformance(make)) it(name, run);
});
