import { describe, expect, it } from 'vitest';
import { DEFAULT_GUARDS, guardsFrom } from '../../src/model/guards.js';

describe('the guards', () => {
  it('have the documented defaults by default', () => {
    expect(guardsFrom()).toMatchObject({
      lasting: { cpu: 3, load: 3, memory: 2, others: 1 },
      settleMs: { service: 3_000, memory: 15_000, system: 60_000, others: 0 },
      backoff: { firstMs: 60_000, factor: 2, maxMs: 600_000, resetAfterMs: 600_000 },
      breaker: { attempts: 3, openMs: 3_600_000, openingsPerDay: 5, humanResetMs: 86_400_000 },
      useless: { gainPercent: 3, recurrences: 5, withinMs: 4 * 3_600_000 },
      budget: { componentPerHour: 6, hostPerHour: 20, generationsPerDay: 1 },
      storm: { services: 6, share: 0.5, withinMs: 60_000, calmMs: 600_000 },
      approval: { lapseMs: 900_000 },
    });
  });

  it('keep the defaults for omitted values', () => {
    expect(guardsFrom({ lasting: { cpu: 1 }, settleMs: {} })).toEqual({
      ...DEFAULT_GUARDS,
      lasting: { cpu: 1, load: 3, memory: 2, others: 1 },
    });
  });

  it.each([
    [{ lasting: { cpu: 0 } }, 'Expected `guards.lasting.cpu` to be'],
    [{ lasting: { cpu: NaN } }, 'Expected `guards.lasting.cpu` to be'],
    [{ lasting: { cpu: 1.5 } }, 'Expected `guards.lasting.cpu` to be'],
    [{ settleMs: { service: -1 } }, 'Expected `guards.settleMs.service` to be'],
    [{ settleMs: { service: Infinity } }, 'Expected `guards.settleMs.service` to be'],
    [{ settleMs: { service: '3 s' } }, 'Expected `guards.settleMs.service` to be'],
    [{ lasting: 3 }, 'Expected `guards.lasting` to be an object'],
    [{ settle: {} }, 'Unknown option `settle` in `guards`: did you mean `settleMs`?'],
    [{ lasting: { disk: 2 } }, 'Unknown option `disk` in `guards.lasting`'],
    [null, 'Expected `guards` to be an object'],
  ])('refuse %o', (given, message) => {
    expect(() => guardsFrom(given)).toThrow(message);
  });

  it("never modify the caller's object, and do not follow its changes", () => {
    const mine = { lasting: { cpu: 2 } };
    const guards = guardsFrom(mine);
    mine.lasting.cpu = 9;
    expect(guards.lasting.cpu).toBe(2);
    expect(DEFAULT_GUARDS.lasting.cpu).toBe(3);
  });
});
