import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { sinceEpoch } from '../../../src/host/systemd/systemd-clock.js';

const BOOT = Date.UTC(2025, 0, 1);
/** Sets the monotonic clock to an hour after the boot, and the wall clock. */
const at = (wallMs: number): void => void vi.spyOn(Date, 'now').mockReturnValue(wallMs);
beforeEach(() => void vi.spyOn(process.hrtime, 'bigint').mockReturnValue(3_600_000_000_000n));
afterEach(() => {
  vi.restoreAllMocks();
  // The next caller finds the present clocks again.
  sinceEpoch(1);
});

it('a monotonic time keeps its wall time while the clock is slewed, and follows a clock that is set', () => {
  at(BOOT + 3_600_000);
  expect(sinceEpoch(1_000_000)).toBe(BOOT + 1_000);
  at(BOOT + 3_600_900);
  expect(sinceEpoch(1_000_000)).toBe(BOOT + 1_000);
  at(BOOT + 3_600_000 + 60_000);
  expect(sinceEpoch(1_000_000)).toBe(BOOT + 61_000);
  at(BOOT);
  expect(sinceEpoch(1_000_000)).toBe(BOOT - 3_600_000 + 1_000);
  expect(sinceEpoch(0)).toBe(0);
});
