import { expect, it } from 'vitest';
import { Watchdog } from '../../../src/service/daemon/watchdog.js';
import { watchdogMs } from '../../../src/service/daemon/notify.js';
import { fakeClock } from '../../../src/testing/index.js';

/** Watchdog of systemd with a limit of 120 s, for a loop with an interval of 60 s. */
function watched() {
  const clock = fakeClock();
  const told: number[] = [];
  let lastCycle = -Infinity;
  const cycle = (): void => void (lastCycle = clock.monotonic());
  const watchdog = new Watchdog({
    clock,
    limitMs: 120_000,
    lastCycle: () => lastCycle,
    intervalMs: () => 60_000,
    alive: async () => void told.push(clock.monotonic()),
  });
  return { clock, told, watchdog, cycle };
}

it('the watchdog is notified at half of its limit, while cycles end in time', async () => {
  const { clock, told, watchdog, cycle } = watched();
  const stop = new AbortController();
  const kept = watchdog.keep(stop.signal);
  for (let round = 0; round < 10; round += 1) {
    await clock.advance(60_000);
    cycle();
  }
  expect(told).toHaveLength(11);
  stop.abort();
  await kept;
});

it('the watchdog is not notified if no cycle has ended for an interval and half of its limit', async () => {
  const { clock, told, watchdog } = watched();
  const stop = new AbortController();
  const kept = watchdog.keep(stop.signal);
  await clock.advance(120_000);
  expect(watchdog.lives).toBe(true);
  const before = told.length;
  await clock.advance(1_000);
  expect(watchdog.lives).toBe(false);
  await clock.advance(600_000);
  expect(told).toHaveLength(before);
  stop.abort();
  await kept;
});

it('the watchdog is notified before its limit if a cycle ends late', async () => {
  const { clock, told, watchdog, cycle } = watched();
  const stop = new AbortController();
  const kept = watchdog.keep(stop.signal);
  await clock.advance(185_000);
  expect(watchdog.lives).toBe(false);
  const before = told.length;
  cycle();
  await clock.advance(15_000);
  expect(told).toHaveLength(before + 1);
  stop.abort();
  await kept;
});

it('the watchdog is notified during work that blocks the cycles, and counts from its end afterwards', async () => {
  const { clock, watchdog } = watched();
  await watchdog.excused(async () => {
    await clock.advance(3_600_000);
    expect(watchdog.lives).toBe(true);
  });
  expect(watchdog.lives).toBe(true);
  await clock.advance(121_000);
  expect(watchdog.lives).toBe(false);
});

it.each([
  [{}, undefined],
  [{ WATCHDOG_USEC: '120000000' }, 120_000],
  [{ WATCHDOG_USEC: '120000000', WATCHDOG_PID: String(process.pid) }, 120_000],
  [{ WATCHDOG_USEC: '120000000', WATCHDOG_PID: '1' }, undefined],
  [{ WATCHDOG_USEC: '0' }, undefined],
  [{ WATCHDOG_USEC: 'often' }, undefined],
])('the watchdog has the limit of the environment: %j', (environment, ms) => {
  expect(watchdogMs(environment)).toBe(ms);
});
