import { expect, it } from 'vitest';
import { SimpleDetector } from '../../src/detect/detector.js';
import type { Check } from '../../src/detect/check.js';
import { fakeClock, unitReading } from '../../src/testing/index.js';
import { GAUGE_CHECKS, liveHost, signallingHost } from '../make-live.js';

const UNITS = Object.freeze({ asked: [unitReading()], troubled: [] });
const checkOf = (status: 'ok' | 'bad'): Check => ({
  ...{ name: 'mine', component: 'mine', type: 'service', parts: [], every: 60 },
  run: () => ({ status, reason: 'It was seen' }),
});

it.each(['ok', 'bad'] as const)(
  'the fast path has the last verdicts of all checks, if that of a check that is not due is ok: %s',
  async (status) => {
    const checks = [checkOf(status)];
    const options = { host: signallingHost(UNITS), clock: fakeClock(), services: ['nginx'], checks };
    const detector = new SimpleDetector(options);
    await detector.look({ recent: true });
    const glance = detector.glance()!;
    expect(glance.look(true)).toBe(status === 'ok' ? true : undefined);
    if (status === 'bad') return;
    const verdicts = glance.verdicts();
    expect([...new Set(verdicts.map(({ check }) => check))]).toEqual([
      ...['cpu', 'memory', 'disk', 'load', 'services', 'system', 'mine'],
    ]);
    expect(verdicts.at(-1)).toMatchObject({ check: 'mine', status: 'ok', repeated: true });
    expect(glance.misses?.()).toBe(false);
    detector.enabledChecks = ['cpu'];
    expect(glance.look(true)).toBe(true);
    expect(glance.verdicts().map(({ check }) => check)).toEqual(['cpu']);
  },
);

it('the fast path has no verdicts and misses nothing before its first look, and then tells that one is unknown', () => {
  const { host } = liveHost({ cpu: { unknown: 'gone' } });
  const glance = new SimpleDetector({ host, enabledChecks: GAUGE_CHECKS }).glance()!;
  expect([glance.verdicts(), glance.misses?.()]).toEqual([[], false]);
  glance.look();
  expect(glance.misses?.()).toBe(true);
});
