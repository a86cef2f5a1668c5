import { describe, expect, it } from 'vitest';
import { DEFAULT_GUARDS, guardsFrom } from '../../src/model/guards.js';

describe('the guards', () => {
  it('have the documented defaults by default', () => {
    expect(guardsFrom()).toEqual({
      lasting: { cpu: 3, load: 3, memory: 2, others: 1 },
      wake: { apartMs: 250 },
      settleMs: {
        ...{ service: 3_000, memory: 15_000, cpu: 1_000, system: 60_000 },
        ...{ lateDisk: 60_000, others: 0 },
      },
      backoff: { firstMs: 60_000, factor: 2, maxMs: 600_000, jitter: 0.1, resetAfterMs: 600_000 },
      breaker: { attempts: 3, openMs: 3_600_000, openingsPerDay: 5, humanResetMs: 86_400_000 },
      useless: { gainPercent: 3, recurrences: 5, withinMs: 14_400_000 },
      budget: { componentPerHour: 6, hostPerHour: 20, generationsPerDay: 1 },
      storm: { services: 6, share: 0.5, discovered: 10, withinMs: 60_000, calmMs: 600_000 },
      evidence: { healthyMs: 600_000, withinMs: 3_600_000, lastGoodMs: 3_600_000 },
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

  it.each([
    ...['lasting.cpu', 'lasting.load', 'lasting.memory', 'lasting.others'].map((name) => [name, 1, 1_000]),
    ...['breaker.attempts', 'breaker.openingsPerDay', 'useless.recurrences'].map((name) => [name, 1, 1_000]),
    ...['storm.services', 'storm.discovered'].map((name) => [name, 1, 100_000]),
    ...['componentPerHour', 'hostPerHour', 'generationsPerDay'].map((name) => [
      ...[`budget.${name}`, 0, 2_147_483_647],
    ]),
  ] as [string, number, number][])('take %s as a whole number from %i to %i', (name, least, most) => {
    const [group = '', key = ''] = name.split('.');
    const given = (value: number) => () => guardsFrom({ [group]: { [key]: value } });
    expect(given(least)()).toMatchObject({ [group]: { [key]: least } });
    expect(given(most)()).toMatchObject({ [group]: { [key]: most } });
    for (const value of [least - 1, most + 1, least + 0.5, NaN])
      expect(given(value)).toThrow(`Expected \`guards.${name}\` to be`);
  });

  it.each([
    ['backoff.factor', 1, 100],
    ['backoff.jitter', 0, 1],
    ['storm.share', 0, 1],
    ['useless.gainPercent', 0, 100],
    ['settleMs.cpu', 0, 2_147_483_647],
    ['backoff.firstMs', 0, 2_147_483_647],
    ['approval.lapseMs', 0, 2_147_483_647],
  ])('take %s as a number from %d to %d, also a fraction', (name, least, most) => {
    const [group = '', key = ''] = name.split('.');
    const given = (value: number) => () => guardsFrom({ [group]: { [key]: value } });
    for (const value of [least, least + 0.5, most])
      expect(given(value)()).toMatchObject({ [group]: { [key]: value } });
    for (const value of [least - 0.01, most + 0.01, NaN])
      expect(given(value)).toThrow(`Expected \`guards.${name}\` to be`);
  });

  it('cannot be changed once they are in use', () => {
    const guards = guardsFrom();
    expect(Object.isFrozen(guards)).toBe(true);
    for (const group of Object.values(guards)) expect(Object.isFrozen(group)).toBe(true);
  });

  it("never modify the caller's object, and do not follow its changes", () => {
    const mine = { lasting: { cpu: 2 } };
    const guards = guardsFrom(mine);
    mine.lasting.cpu = 9;
    expect(guards.lasting.cpu).toBe(2);
    expect(DEFAULT_GUARDS.lasting.cpu).toBe(3);
  });
});
