import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Plan } from '../../../src/model/plan.js';
import {
  actOf,
  actsThatCount,
  asOfNow,
  judgeLimits,
  type HelperAct,
} from '../../../src/service/helper/limits.js';
import { ageOf, bootTimeNow, type BootTime } from '../../../src/service/helper/boot-time.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LIMITS = { componentPerHour: 2, hostPerHour: 20, generationsPerDay: 1 };
const RESTART: Plan = {
  ...{ action: 'restart_service', parameters: {}, scope: 'host', risk: 'disruptive', steps: [] },
  ...{ targets: [{ kind: 'plain', id: 'nginx.service' }], effect: 'x', notes: [] },
};

/** Host whose wall clock can be set, with its helper. */
class ClockedHost {
  #upMs = HOUR;
  #boots = 0;
  #wallMs = 1_000 * DAY;
  #acts: readonly HelperAct[] = [];

  get moment(): BootTime {
    return { at: this.#wallMs, boot: `boot ${this.#boots}`, upMs: this.#upMs };
  }
  pass(ms: number): void {
    this.#upMs += ms;
    this.#wallMs += ms;
  }
  setClock(byMs: number): void {
    this.#wallMs += byMs;
  }
  reboot(upMs = 0): void {
    this.#boots += 1;
    this.#upMs = upMs;
  }
  /** Requests one restart from a new helper; returns whether it was allowed. */
  restart(): boolean {
    const now = this.moment;
    if (judgeLimits(RESTART, asOfNow(this.#acts, now), LIMITS, now.at)) return false;
    this.#acts = [...actsThatCount(this.#acts, now), actOf(RESTART, now)];
    return true;
  }
}

const full = (): ClockedHost => {
  const host = new ClockedHost();
  expect([host.restart(), host.restart(), host.restart()]).toEqual([true, true, false]);
  return host;
};

describe('the limits of the root helper', () => {
  it.each([
    ['61 min back', -61 * MINUTE],
    ['61 min forward', 61 * MINUTE],
    ['30 days back', -30 * DAY],
    ['30 days forward', 30 * DAY],
    ['to 1970', -1_000 * DAY],
  ])('hold within a boot when the clock is set %s', (_, byMs) => {
    const host = full();
    host.setClock(byMs);
    expect(host.restart()).toBe(false);
    host.setClock(-byMs);
    expect(host.restart()).toBe(false);
    host.setClock(byMs);
    host.pass(HOUR - 1);
    expect(host.restart()).toBe(false);
    host.pass(1);
    expect([host.restart(), host.restart(), host.restart()]).toEqual([true, true, false]);
  });

  it('hold over a restart of the host, by the wall clock', () => {
    const host = full();
    host.pass(20 * MINUTE);
    host.reboot();
    host.pass(39 * MINUTE);
    expect(host.restart()).toBe(false);
    host.pass(MINUTE);
    expect(host.restart()).toBe(true);
  });

  it('count an act from the future of a new boot as made when that boot began', () => {
    const host = full();
    host.reboot();
    host.setClock(-30 * DAY);
    host.pass(59 * MINUTE);
    expect(host.restart()).toBe(false);
    host.pass(MINUTE);
    expect([host.restart(), host.restart(), host.restart()]).toEqual([true, true, false]);
    host.setClock(30 * DAY);
    expect(host.restart()).toBe(false);
  });

  it('hold in a container that was restarted and has the boot id of its host', () => {
    const now: BootTime = { at: 10 * HOUR, boot: 'a', upMs: MINUTE };
    expect(ageOf({ at: 9 * HOUR, boot: 'a', upMs: 5 * HOUR }, now)).toBe(HOUR);
    expect(ageOf({ at: 11 * HOUR, boot: 'a', upMs: 5 * HOUR }, now)).toBe(MINUTE);
  });

  it('count an act that an earlier version recorded', () => {
    const now: BootTime = { at: 10 * HOUR, boot: 'a', upMs: MINUTE };
    expect(ageOf({ at: 10 * HOUR - 5 * MINUTE }, now)).toBe(5 * MINUTE);
    expect(ageOf({ at: 11 * HOUR }, now)).toBe(MINUTE);
  });

  it('are never exceeded in any hour of a boot, however the clock is set', () => {
    const ms = fc.oneof(fc.integer({ min: 0, max: 2 * HOUR }), fc.constantFrom(0, 1, HOUR - 1, HOUR));
    const event = fc.oneof(
      { weight: 4, arbitrary: fc.constant({ kind: 'ask' as const, byMs: 0 }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), byMs: ms }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('set' as const),
          byMs: fc.oneof(
            fc.integer({ min: -40 * DAY, max: 40 * DAY }),
            fc.integer({ min: -61 * MINUTE, max: 61 * MINUTE }),
          ),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('reboot' as const), byMs: ms }) },
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const host = new ClockedHost();
        const made = new Map<string, number[]>();
        for (const { kind, byMs } of events) {
          if (kind === 'pass') host.pass(byMs);
          else if (kind === 'set') host.setClock(byMs);
          else if (kind === 'reboot') host.reboot(byMs);
          else if (host.restart()) {
            const { boot, upMs } = host.moment;
            made.set(boot, [...(made.get(boot) ?? []), upMs]);
          }
        }
        for (const times of made.values()) {
          for (const [index, from] of times.entries()) {
            const within = times.slice(index).filter((at) => at - from < HOUR);
            expect(within.length).toBeLessThanOrEqual(LIMITS.componentPerHour);
          }
        }
      }),
      { numRuns: 2_000, seed: 20_261_128 },
    );
  });

  it('hold with the real clocks of this machine', () => {
    const first = bootTimeNow();
    expect(first.boot).toMatch(/^[0-9a-f-]{36}$/);
    expect(first.upMs).toBeGreaterThan(0);
    expect(ageOf(first, bootTimeNow())).toBeGreaterThanOrEqual(0);
  });
});

describe('the clocks of the root helper', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  });

  it('give the time since the boot in milliseconds', () => {
    vi.spyOn(os, 'uptime').mockReturnValue(12.5);
    vi.spyOn(fs, 'readFileSync').mockReturnValue('the-boot\n');
    syncBuiltinESMExports();
    expect(bootTimeNow()).toMatchObject({ boot: 'the-boot', upMs: 12_500 });
  });

  it('cannot be read without the identifier of the boot', () => {
    vi.spyOn(fs, 'readFileSync').mockImplementation(() => {
      throw new Error('ENOENT');
    });
    syncBuiltinESMExports();
    expect(bootTimeNow).toThrow('/proc/sys/kernel/random/boot_id cannot be read');
  });

  it('give an age of 0 to what has just happened, however the wall clock was set', () => {
    expect(ageOf({ at: 0, boot: 'a', upMs: HOUR }, { at: DAY, boot: 'a', upMs: HOUR })).toBe(0);
  });

  it('give an age by the wall clock to what has no time since the boot', () => {
    expect(ageOf({ at: 0, boot: 'a' }, { at: DAY, boot: 'a', upMs: HOUR })).toBe(DAY);
  });
});
